// A program for gdb to stop in: processes that wait, in their stacks and parked, each in a function of its own.
#include <joist/joist.hpp>

#include <atomic>
#include <cstdio>

using namespace joist;

struct go {};

[[gnu::noinline]] void alpha_waits_here(int number) {
  receive<go>();
  std::printf("%d\n", number);
}

[[gnu::noinline]] void beta_waits_here(int number) {
  receive<go>();
  std::printf("%d\n", number);
}

std::atomic<int> reached{0};

[[gnu::noinline]] void gdb_stops_here() { reached = 1; }

int main() {
  runtime_options options;
  options.workers = 1;
  options.slots = 1;  // so that one of them is parked
  return run(
      [] {
        auto labelled = [](const char* label, auto body) {
          spawn_options o;
          o.label = label;
          return spawn_monitor(o, body);
        };
        const monitored alpha = labelled("alpha", [] { alpha_waits_here(1); });
        const monitored beta = labelled("beta", [] { beta_waits_here(2); });
        send(beta.process, 7);  // stays in its mailbox
        while (process_info(alpha.process)->status != process_status::waiting) yield();
        while (process_info(beta.process)->status != process_status::waiting) yield();
        gdb_stops_here();
        for (const monitored& m : {alpha, beta}) {
          send(m.process, go{});
          receive<down>();
        }
      },
      options);
}
