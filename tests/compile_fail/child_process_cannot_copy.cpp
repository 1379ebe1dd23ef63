// expect: the body of a child is copied for each start
#include <joist/otp/supervisor.hpp>

#include <memory>

void wrong() {
  (void)joist::child_process("one", [p = std::make_unique<int>(1)] { (void)*p; });
}
