// expect: start_child keeps the function in a child_spec
#include <joist/otp/task_supervisor.hpp>

#include <memory>

void wrong(joist::task_supervisor_ref s) {
  (void)s.start_child([p = std::make_unique<int>(1)] { (void)*p; });
}
