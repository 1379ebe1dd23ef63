// fairness: four endless loops on all workers, and a ping process. docs/benchmarks.md says what is reported.
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "fairness_loop.hpp"
#include "measure.hpp"

namespace bench {
namespace {

using joist::pid;
using seconds = std::chrono::duration<double>;

constexpr int loops = 4;
constexpr double stall_seconds = 1e-3;

struct ping {
  pid from;
};
struct pong {};

/// Ends the loops from outside: a process might starve.
class bell {
 public:
  explicit bell(std::chrono::milliseconds after)
      : thread_{[this, after] {
          std::this_thread::sleep_for(after);
          rung_ = true;
        }} {}
  ~bell() { thread_.join(); }
  bell(const bell&) = delete;
  bell& operator=(const bell&) = delete;
  [[nodiscard]] const std::atomic<bool>& rung() const noexcept { return rung_; }

 private:
  std::atomic<bool> rung_{false};
  std::thread thread_;
};

/// Starts the loops, which tell `to` how far they got.
void start_loops(endless_loop loop, const std::shared_ptr<bell>& end, pid to) {
  for (int i = 0; i < loops; ++i) joist::spawn([loop, end, to] { joist::send(to, loop(end->rung())); });
}

std::uint64_t steps_of_loops() {
  std::uint64_t steps = 0;
  for (int i = 0; i < loops; ++i) steps += joist::receive<std::uint64_t>();
  return steps;
}

std::vector<double> play(const std::atomic<bool>& over) {
  const pid me = joist::self();
  const pid other = joist::spawn([] {
    for (;;) joist::send(joist::receive<ping>().from, pong{});
  });
  std::vector<double> trips;
  trips.reserve(std::size_t{1} << 25);
  while (!over.load(std::memory_order_relaxed)) {
    const auto begin = std::chrono::steady_clock::now();
    joist::send(other, ping{me});
    joist::receive<pong>();
    trips.push_back(seconds{std::chrono::steady_clock::now() - begin}.count());
  }
  joist::exit(other, joist::exit_reason::shutdown);
  return trips;
}

fairness_figures figures_of(std::vector<double> trips) {
  fairness_figures f;
  f.trips = trips.size();
  if (trips.empty()) return f;
  std::sort(trips.begin(), trips.end());
  double all = 0;
  double stalled = 0;
  for (const double t : trips) {
    all += t;
    if (t > stall_seconds) stalled += t;
  }
  f.p50_us = 1e6 * trips[trips.size() / 2];
  f.p99_us = 1e6 * trips[trips.size() * 99 / 100];
  f.max_us = 1e6 * trips.back();
  f.stalled_share = stalled / all;
  return f;
}

fairness_figures beside_loops(endless_loop loop) {
  using namespace std::chrono_literals;
  start_loops(loop, std::make_shared<bell>(1000ms), joist::self());
  const auto alone = static_cast<double>(steps_of_loops());
  const auto end = std::make_shared<bell>(2000ms);
  start_loops(loop, end, joist::self());
  fairness_figures f = figures_of(play(end->rung()));
  f.loops_share = static_cast<double>(steps_of_loops()) / 2 / alone;
  return f;
}

fairness_figures beside_system_calls() {
  int ends[2];
  if (::pipe(ends) != 0) joist::exit(joist::exit_reason::of("fairness: no pipe"));
  for (int i = 0; i < loops; ++i) {
    joist::spawn([from = ends[0]] {
      char c = 0;
      (void)!::read(from, &c, 1);  // no joist::blocking: a call that nobody knows to block
    });
  }
  const bell end{std::chrono::milliseconds{2000}};
  const fairness_figures f = figures_of(play(end.rung()));
  (void)!::write(ends[1], "four", loops);
  return f;
}

}  // namespace

fairness_figures fairness(std::string_view variant) {
  if (variant == "fairness") return beside_loops(&counted_loop);
  if (variant == "fairness_plain") return beside_loops(&plain_loop);
  return beside_system_calls();
}

}  // namespace bench
