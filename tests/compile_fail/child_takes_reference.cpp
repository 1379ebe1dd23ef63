// expect: an argument of a start points at what somebody else has
#include <joist/otp/supervisor.hpp>

#include <functional>

struct counter : joist::gen_server<counter> {
  explicit counter(int& where);
};

void wrong(int& where) { (void)joist::child<counter>("counter", std::ref(where)); }
