// expect: an argument of a start points at what somebody else has
#include <joist/otp/gen_server.hpp>

struct counter : joist::gen_server<counter> {
  explicit counter(int* where);
};

void wrong(int* where) { (void)joist::try_start_link<counter>({}, where); }
