// expect: joist: one after\(...\) is enough for a receive
#include <joist/joist.hpp>

void wrong() {
  using namespace std::chrono_literals;
  joist::receive([](int) {}, joist::after(1s, [] {}), joist::after(2s, [] {}));
}
