// Joist inside a program that has threads and a life of its own.
#include <joist/joist.hpp>

#include <chrono>
#include <thread>

struct add {
  int amount;
};
struct total {
  joist::pid from;
};
struct answer {
  int value;
};

int main() {
  using namespace std::chrono_literals;
  // [snippet: embed]
  joist::runtime_options options;
  options.workers = 2;
  joist::runtime rt{options};

  const joist::pid counter = rt.spawn([] {
    for (int sum = 0;;) {
      joist::receive([&](add a) { sum += a.amount; }, [&](total t) { joist::send(t.from, answer{sum}); });
    }
  });

  std::thread other{[counter] {
    for (int i = 0; i < 100; ++i) joist::send(counter, add{1});  // from any thread
  }};
  other.join();

  // Asks in a process of its own, and blocks this thread until the answer is there, at most a second.
  const int sum = rt.ask(
      [counter] {
        joist::send(counter, total{joist::self()});
        return joist::receive<answer>().value;
      },
      1s);
  fmt::print("sum: {}\n", sum);

  const joist::stop_report report = rt.stop(2s);
  fmt::print("still running: {}\n", report.still_running.size());
  // [end]
}

// Output:
// sum: 100
// still running: 0
