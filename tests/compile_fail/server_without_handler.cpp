// expect: the server has no handler for this cast: add a public `void handle_cast\(Message\)`
// expect: the server has no handler for this call: add a public `reply handle_call\(Message\)`
// expect: a message for call\(\) says what it is answered with
// expect: the server has no handler for this: add a public `void handle_continue\(Message\)`
#include <joist/otp/gen_server.hpp>

struct silent : joist::gen_server<silent> {
  struct told {};
  struct asked {
    using reply = int;
  };
  void handle_call(told);
  void later() { continue_with(told{}); }
};

void wrong(joist::server_ref<silent> s) {
  s.cast(silent::told{});
  s.call(silent::asked{});
  s.try_call(silent::told{});
}
