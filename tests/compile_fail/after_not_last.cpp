// expect: after\(...\) is the last argument of receive
#include <joist/joist.hpp>

void wrong() {
  joist::receive(joist::after(std::chrono::seconds{1}, [] {}), [](int) {});
}
