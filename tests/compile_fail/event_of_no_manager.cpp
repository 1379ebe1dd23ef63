// expect: joist: this is no event of the manager
#include <joist/otp/gen_event.hpp>

void wrong(joist::gen_event<int>::ref events) { events.notify(1.5); }
