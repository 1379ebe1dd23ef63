// expect: joist: a server is found under a key that has one process: use a joist::unique_registry
#include <joist/otp/registry.hpp>

joist::via_name wrong(const joist::duplicate_registry<int>& r) { return joist::via(r, 7); }
