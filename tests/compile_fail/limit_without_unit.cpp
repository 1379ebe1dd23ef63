// expect: joist: a limit has a unit: write 1000ms, or 1s, not 1000
// expect: joist: a limit is a whole number of a unit: 500ms, not 0.5s
// expect: joist: a limit is a point of time of joist::clock
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>

#include <chrono>

struct counter : joist::gen_server<counter> {
  struct value {
    using reply = int;
  };
  int handle_call(value) { return 0; }
};

void wrong(joist::server_ref<counter> s) {
  using namespace std::chrono_literals;
  s.call(counter::value{}, 1000);
  (void)s.try_call(counter::value{}, 1000);
  joist::receive([](int) {}, joist::after(1000, [] {}));
  joist::sleep_for(1000);
  joist::sleep_for(0.5s);
  joist::sleep_for(std::chrono::system_clock::now() + 1s);
}
