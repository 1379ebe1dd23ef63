// expect: joist: a handler stands behind another that takes all messages of its type
#include <joist/joist.hpp>

void run() {
  joist::receive([](joist::any_message) {}, joist::when([](const int& n) { return n > 0; }, [](int) {}));
}
