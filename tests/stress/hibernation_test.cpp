// Processes that wait without stacks, under messages from many sides, suspensions, calls of sys and kills: no message is
// lost or handled twice, nobody sleeps over one, and what a killed one had is destroyed, once.
#include <joist/otp/gen_server.hpp>
#include <joist/otp/sys.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;

namespace {

constexpr std::size_t sleepers = 300;
constexpr int senders = 8;
constexpr int messages = support::checked_build ? 500 : 60'000;  // of each sender

/// What all have together.
struct tally {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::int64_t> alive{0};
};

struct add {
  std::uint32_t n;
};
struct how_much {
  using reply = std::uint64_t;
};

class living {
 public:
  explicit living(std::shared_ptr<tally> all) : all_{std::move(all)} { ++all_->alive; }
  living(living&& other) noexcept : all_{std::move(other.all_)} {}
  living& operator=(living&&) = delete;
  ~living() {
    if (all_ != nullptr) --all_->alive;
  }
  void handled(std::uint32_t n) { all_->handled += n; }

 private:
  std::shared_ptr<tally> all_;
};

/// One message for each time that it is called, or all that there are.
struct sleeper {
  living life;
  bool one_by_one;
  void operator()() {
    while (receive([this](add a) { return life.handled(a.n), true; }, after(0s, [] { return false; }))) {
      if (one_by_one) break;
    }
    hibernate_on_return();
  }
};

class sleeping_server : public gen_server<sleeping_server> {
 public:
  explicit sleeping_server(const std::shared_ptr<tally>& all) : life_{all} { hibernate(); }
  void handle_info(add a) {
    sum_ += a.n;
    life_.handled(a.n);
    hibernate();
  }
  std::uint64_t handle_call(how_much) {
    hibernate();
    return sum_;
  }
  using info_types = type_list<add>;

 private:
  living life_;
  std::uint64_t sum_ = 0;
};

// Returns what it has sent.
std::uint64_t send_to_all(const std::vector<pid>& all, std::uint64_t seed) {
  base::random dice{seed};
  std::uint64_t sum = 0;
  for (int i = 0; i < messages; ++i) {
    const std::uint32_t n = 1 + dice.below(100);
    send(all[dice.below(static_cast<std::uint32_t>(all.size()))], add{n});
    sum += n;
    if (dice.below(50) == 0) {
      const pid whom = all[dice.below(static_cast<std::uint32_t>(all.size()))];
      suspend(whom);
      yield();
      resume(whom);
    }
  }
  return sum;
}

std::uint64_t send_from_many_sides(const std::vector<pid>& all) {
  for (int s = 0; s < senders; ++s)
    (void)spawn_link([all, parent = self(), s] { send(parent, send_to_all(all, static_cast<std::uint64_t>(s) + 1)); });
  std::uint64_t sent = 0;
  for (int s = 0; s < senders; ++s) sent += receive<std::uint64_t>();
  return sent;
}

void kill_all(const std::vector<monitored>& all, const tally& t) {
  for (const auto& m : all) exit(m.process, exit_reason::kill);
  for (const auto& m : all) EXPECT(support::reason_of(m) == exit_reason::killed);
  while (t.alive > 0) yield();  // who is killed is announced first, and destroyed then
  EXPECT(t.alive == 0);
}

std::vector<pid> processes_of(const std::vector<monitored>& all) {
  std::vector<pid> found;
  for (const auto& m : all) found.push_back(m.process);
  return found;
}

}  // namespace

TEST_CASE(
    "hibernation: of all that is sent to processes without stacks everything is handled, once, also while they are "
    "suspended") {
  support::on_workers(
      [] {
        const auto t = std::make_shared<tally>();
        std::vector<monitored> all;
        for (std::size_t i = 0; i < sleepers; ++i) all.push_back(spawn_monitor(sleeper{living{t}, i % 2 == 0}));
        const std::uint64_t sent = send_from_many_sides(processes_of(all));
        while (t->handled < sent) yield();
        EXPECT(t->handled == sent);
        kill_all(all, *t);
      },
      3);
}

TEST_CASE("hibernation: servers without stacks keep their state under messages, calls and looks of sys", "[G26]") {
  support::on_workers(
      [] {
        const auto t = std::make_shared<tally>();
        std::vector<monitored> all;
        for (std::size_t i = 0; i < sleepers; ++i) {
          const auto started = start_monitor<sleeping_server>(t);
          all.push_back({started.server, started.monitor});
        }
        const auto looks = spawn_monitor([all = processes_of(all)] {
          base::random dice{7};
          while (!receive<go>(after(0s))) {
            const pid one = all[dice.below(static_cast<std::uint32_t>(all.size()))];
            EXPECT(sys::get_status(one).process == one);
          }
        });
        const std::uint64_t sent = send_from_many_sides(processes_of(all));
        std::uint64_t sum = 0;
        for (const auto& m : all) sum += server_ref<sleeping_server>{m.process}.call(how_much{});
        EXPECT(sum == sent && t->handled == sent);
        send(looks.process, go{});
        EXPECT(support::reason_of(looks) == exit_reason::normal);
        kill_all(all, *t);
      },
      3);
}

TEST_CASE("hibernation: whoever is killed while it sleeps, wakes or works is destroyed once; the others miss nothing") {
  support::on_workers(
      [] {
        const auto mortal = std::make_shared<tally>(), others = std::make_shared<tally>();
        std::vector<monitored> doomed, safe;
        for (std::size_t i = 0; i < sleepers; ++i) {
          doomed.push_back(spawn_monitor(sleeper{living{mortal}, i % 2 == 0}));
          safe.push_back(spawn_monitor(sleeper{living{others}, i % 2 == 1}));
        }
        const auto noise = spawn_monitor([all = processes_of(doomed)] {
          base::random dice{3};
          while (!receive<go>(after(0s))) send(all[dice.below(static_cast<std::uint32_t>(all.size()))], add{1});
        });
        const auto reaper = spawn_link([doomed = processes_of(doomed)] {
          for (const pid p : doomed) {
            exit(p, exit_reason::kill);
            yield();
          }
        });
        (void)reaper;
        const std::uint64_t sent = send_from_many_sides(processes_of(safe));
        kill_all(doomed, *mortal);
        while (others->handled < sent) yield();
        EXPECT(others->handled == sent);
        send(noise.process, go{});
        EXPECT(support::reason_of(noise) == exit_reason::normal);
        kill_all(safe, *others);
      },
      3);
}
