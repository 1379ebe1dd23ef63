// expect: cannot send a raw pointer
// expect: the function of a task is called without arguments: capture them
// expect: joist::enable_sendable refuses it
#include <joist/otp/task.hpp>

void wrong(int* shared, joist::pid other, joist::task<int> mine) {
  (void)joist::async([shared] { return shared; });
  (void)joist::async([](int n) { return n; });
  joist::send(other, std::move(mine));
}
