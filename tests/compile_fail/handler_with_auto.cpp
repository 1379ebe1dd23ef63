// expect: a receive handler takes exactly one parameter of a named type
#include <joist/joist.hpp>

void wrong() {
  joist::receive([](auto message) { (void)message; });
}
