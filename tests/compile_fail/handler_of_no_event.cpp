// expect: joist: the handler takes none of the manager's events
#include <joist/otp/gen_event.hpp>

struct deaf {};

void wrong(joist::gen_event<int>::ref events) { (void)events.add_handler<deaf>(); }
