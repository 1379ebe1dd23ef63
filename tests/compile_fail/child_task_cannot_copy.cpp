// expect: the function of a child is kept in its spec, which can be copied
#include <joist/otp/task.hpp>

#include <memory>

void wrong() {
  (void)joist::child_task("one", [p = std::make_unique<int>(1)] { (void)*p; });
}
