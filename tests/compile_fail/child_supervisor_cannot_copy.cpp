// expect: the arguments of a child are copied for each start
#include <joist/otp/dynamic_supervisor.hpp>

#include <memory>

struct desk {
  static joist::supervisor_init init(std::unique_ptr<int>);
};

void wrong() { (void)joist::child_supervisor<desk>("desk", std::make_unique<int>(1)); }
