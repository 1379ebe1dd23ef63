// expect: joist: some of these handlers return a value and some do not
#include <joist/joist.hpp>

void run() {
  joist::receive([](int n) { return n; }, [](char) {});
}
