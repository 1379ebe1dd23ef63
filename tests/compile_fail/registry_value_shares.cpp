// expect: joist: cannot send
#include <joist/otp/registry.hpp>

void wrong() { const joist::unique_registry<int, int*> r; }
