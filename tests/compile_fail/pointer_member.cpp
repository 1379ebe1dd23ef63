// expect: cannot send a raw pointer
// expect: refusal::raw_pointer, const char ?\*
// expect: member<.*buffer.*session>
// expect: Send the value, a std::string or a std::unique_ptr
#include <joist/joist.hpp>

struct session {
  int id;
  const char* buffer;
};

void wrong(joist::pid to) { joist::send(to, session{}); }
