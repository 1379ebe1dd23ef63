// expect: joist: the answer to a call is a floating point number
#include <joist/otp/gen_server.hpp>

struct exact : joist::gen_server<exact> {
  struct half {
    using reply = int;
  };
  double handle_call(half) { return 0.5; }
};

void wrong(joist::server_ref<exact> server) { (void)server.call(exact::half{}); }
