// expect: a process body is called without arguments
#include <joist/joist.hpp>

void wrong() {
  joist::spawn([](int) {});
}
