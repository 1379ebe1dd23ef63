// expect: joist: the handler does not answer this
#include <joist/otp/gen_event.hpp>

struct mute {
  struct ask {
    using reply = int;
  };
  void handle_event(const int&) {}
};

void wrong(joist::gen_event<int>::ref events) { (void)events.call<mute>(mute::ask{}); }
