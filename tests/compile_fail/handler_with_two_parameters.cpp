// expect: a receive handler takes exactly one parameter of a named type
#include <joist/joist.hpp>

void wrong() {
  joist::receive([](int, std::string) {});
}
