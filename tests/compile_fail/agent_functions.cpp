// expect: agent::get calls f\(const State&\)
// expect: agent::update and cast call f\(State&\), which changes the value, or f\(State\), which returns a new one
// expect: f\(State&\) of agent::update and cast returns nothing
// expect: agent::get_and_update calls f\(State&\), which changes the value
// expect: agent::get_and_update gives what f\(State&\) returns
#include <joist/otp/agent.hpp>

void wrong(joist::agent<int> a) {
  a.get([](int& n) { return ++n; });
  a.update([](const int&) {});
  a.cast([](int& n) { return n++; });
  (void)a.get_and_update([](int n) { return n; });
  a.get_and_update([](int& n) { ++n; });
}
