// expect: cannot send a reference
// expect: member<1U?L?, job>
#include <joist/joist.hpp>

struct job {
  int number;
  std::string& output;
};

void wrong(joist::pid to, std::string& text) { joist::send(to, job{1, text}); }
