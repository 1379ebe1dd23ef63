// Messages later: once, with a reference, at an interval; and taking it back.
#include <joist/joist.hpp>

using namespace std::chrono_literals;

struct reminder {
  std::string text;
};
struct tick {};

int main() {
  return joist::run([] {
    // [snippet: once]
    joist::send_after(300ms, joist::self(), reminder{"tea"});
    joist::send_after(10ms, joist::self(), reminder{"water"});
    const joist::ref coffee = joist::send_after(1h, joist::self(), reminder{"coffee"});
    for (int i = 0; i < 2; ++i) fmt::print("{}\n", joist::receive<reminder>().text);
    fmt::print("coffee cancelled: {}\n", joist::cancel_timer(coffee).has_value());
    // [end]

    // [snippet: interval]
    const joist::ref clock = joist::send_interval(5ms, joist::self(), tick{});
    for (int i = 1; i <= 3; ++i) {
      joist::receive<tick>();
      fmt::print("tick {}\n", i);
    }
    joist::cancel_timer(clock);
    // [end]
  });
}

// Output:
// water
// tea
// coffee cancelled: true
// tick 1
// tick 2
// tick 3
