// A race that shows up once in a while, found in a moment: every seed is another interleaving, and repeats exactly.
#include <joist/joist.hpp>

struct get {
  joist::pid from;
};
struct put {
  int value;
};
struct value {
  int now;
};

// A counter with a mistake: whoever reads, adds one and writes back, may lose what another wrote in between.
void lost_update() {
  const joist::pid cell = joist::spawn([] {
    for (int now = 0;;) {
      joist::receive([&](get r) { joist::send(r.from, value{now}); }, [&](put w) { now = w.value; });
    }
  });
  auto increment = [cell] {
    joist::send(cell, get{joist::self()});
    joist::send(cell, put{joist::receive<value>().now + 1});
  };
  joist::spawn_monitor(increment);
  joist::spawn_monitor(increment);
  joist::receive<joist::down>();
  joist::receive<joist::down>();
  joist::send(cell, get{joist::self()});
  if (joist::receive<value>().now != 2) joist::exit(joist::exit_reason::of("an update was lost"));
}

int main() {
  // [snippet: explore]
  try {
    joist::for_each_schedule(1000, lost_update);
    fmt::print("no interleaving of 1000 went wrong\n");
  } catch (const joist::schedule_failed& failure) {
    const auto again = joist::simulate(failure.seed(), lost_update);
    fmt::print("found, and found again: {}\n", again.reason);
  }
  // [end]
}

// Output:
// found, and found again: an update was lost
