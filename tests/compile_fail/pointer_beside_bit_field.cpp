// expect: cannot send a raw pointer
// expect: member<2U?L?, flags>
#include <joist/joist.hpp>

struct flags {
  unsigned urgent : 1;
  unsigned kind : 5;
  int* wrong;
};

void wrong(joist::pid to) { joist::send(to, flags{}); }
