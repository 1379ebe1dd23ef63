// expect: an argument of a start points at what somebody else has
#include <joist/otp/supervisor.hpp>

struct desk {
  static joist::supervisor_init init(int* where);
};

void wrong(int* where) { (void)joist::start_supervisor<desk>(where); }
