// expect: take a message by value, by && or by const reference
#include <joist/joist.hpp>

void wrong() {
  joist::receive([](int& message) { ++message; });
}
