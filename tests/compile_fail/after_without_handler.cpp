// expect: joist: after\(limit\) among handlers needs a handler of its own
#include <joist/joist.hpp>

void run() {
  joist::receive([](int) {}, joist::after(std::chrono::seconds{1}));
}
