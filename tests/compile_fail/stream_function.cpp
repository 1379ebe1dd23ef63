// expect: the function of async_stream is called with an element of the range, as a value of its own
// expect: the function of async_stream is copied for each task
#include <joist/otp/async_stream.hpp>

#include <memory>
#include <vector>

void wrong(const std::vector<int>& inputs) {
  (void)joist::async_stream(inputs, [](int& n) { return n; });
  (void)joist::async_stream(inputs, [p = std::make_unique<int>(1)](int n) { return n + *p; });
}
