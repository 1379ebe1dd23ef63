// expect: joist: dispatch calls f\(joist::pid\) or f\(joist::pid, const Value&\): take one of these
#include <joist/otp/registry.hpp>

void wrong(const joist::duplicate_registry<int, int>& r) {
  r.dispatch(7, [](const char*) {});
}
