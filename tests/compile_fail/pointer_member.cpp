// expect: session::buffer|the_member<1
// expect: is_a_raw_pointer
// expect: this member cannot be sent
#include <joist/joist.hpp>

struct session {
  int id;
  const char* buffer;
};

void wrong(joist::pid to) { joist::send(to, session{}); }
