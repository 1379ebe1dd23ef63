#include <joist/joist.hpp>

struct fine {
  int number;
  std::string text;
};

void right(joist::pid to) { joist::send(to, fine{}); }
