// expect: the server has no handler for this cast: add a public `void handle_cast\(Message\)`
// expect: the server has no handler for this call: add a public `reply handle_call\(Message\)`
// expect: the server has no handler for this message: add a public `void handle_info\(Message\)`
// expect: no state has a handler for this: add a public `void handle_internal\(Message\)`
// expect: no state has a handler for this timeout: add a public handle_timeout, handle_state_timeout or
// expect: this handle_call returns nothing, its message asks for an answer
#include <joist/otp/gen_statem.hpp>

enum class door { open, closed };
struct silent : joist::gen_statem<silent, door> {
  struct told {};
  struct asked {
    using reply = int;
  };
  struct asked_in_vain {
    using reply = int;
  };
  silent() : gen_statem(door::open) {}
  void handle_call(in<door::open>, told);
  void handle_call(in<door::open>, asked_in_vain);
  void handle_state_timeout(in<door::open>, asked);
  void later() {
    next_event(told{});
    state_timeout_after(std::chrono::seconds{1}, told{});
  }
};

void wrong(joist::server_ref<silent> s) {
  s.cast(silent::told{});
  s.call(silent::asked{});
  s.call(silent::asked_in_vain{});
  s.info(silent::told{});
}
