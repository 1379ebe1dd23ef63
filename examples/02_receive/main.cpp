// Receiving selectively: by type, by guard, with a timeout. What no handler takes stays in the mailbox.
#include <joist/joist.hpp>

using namespace std::chrono_literals;

struct order {
  int number;
  bool urgent;
};
struct stop {};

// [snippet: worker]
void clerk() {
  for (bool open = true; open;) {
    // Urgent orders first, whatever came before them.
    const bool had_urgent = joist::receive(joist::when([](const order& o) { return o.urgent; },
                                                       [](order o) {
                                                         fmt::print("urgent order {}\n", o.number);
                                                         return true;
                                                       }),
                                           joist::after(0s, [] { return false; }));
    if (had_urgent) continue;
    joist::receive([](order o) { fmt::print("order {}\n", o.number); }, [&](stop) { open = false; },
                   joist::after(10s, [] { fmt::print("nothing to do\n"); }));
  }
}
// [end]

int main() {
  return joist::run([] {
    const joist::pid boss = joist::self();
    const auto [worker, watch] = joist::spawn_monitor([boss] {
      joist::receive<stop>();  // begin when all orders are there
      clerk();
      joist::send(boss, stop{});
    });
    for (int number = 1; number <= 4; ++number) joist::send(worker, order{number, number % 2 == 0});
    joist::send(worker, stop{});
    joist::send(worker, stop{});
    joist::receive<stop>();
    fmt::print("ended: {}\n", joist::receive<joist::down>().reason);
  });
}

// Output:
// urgent order 2
// urgent order 4
// order 1
// order 3
// ended: normal
