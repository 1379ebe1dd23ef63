// The benchmarks of servers and supervisors: docs/benchmarks.md says what each does. The same work in other languages:
// bench/peers.
#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>

#include <algorithm>
#include <limits>

#include "measure.hpp"

namespace bench {
namespace {

class adder : public joist::gen_server<adder> {
 public:
  struct add {
    using reply = std::uint64_t;
    std::uint64_t n;
  };
  std::uint64_t handle_call(add a) { return sum_ += a.n; }

 private:
  std::uint64_t sum_ = 0;
};

void ask(joist::server_ref<adder> server, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) (void)server.call(adder::add{1});
}

measurement call_by(std::uint64_t n, std::uint64_t clients) {
  const auto server = joist::start_link<adder>();
  const countdown asked{clients};
  const stopwatch watch;
  for (std::uint64_t c = 0; c < clients; ++c) {
    joist::spawn([server, asked, times = n / clients] {
      ask(server, times);
      asked.arrive();
    });
  }
  asked.await();
  return watch.measured();
}

measurement call_1(std::uint64_t n) { return call_by(n, 1); }
measurement call_8(std::uint64_t n) { return call_by(n, 8); }

struct other {
  std::uint64_t n;
};

// The caller's mailbox holds half a million other messages.
measurement call_queued(std::uint64_t n) {
  const auto server = joist::start_link<adder>();
  for (std::uint64_t i = 0; i < 500'000; ++i) joist::send(joist::self(), other{i});
  const stopwatch watch;
  ask(server, n);
  return watch.measured();
}

// Says that it is ready, and throws when it is told to.
class fragile : public joist::gen_server<fragile> {
 public:
  struct ready {
    joist::pid process;
  };
  struct crash {};
  explicit fragile(joist::pid to) { joist::send(to, ready{joist::self()}); }
  void handle_cast(crash) { throw std::runtime_error{"as told"}; }
};

// Crashes so often, under a supervisor of its own.
void crash(std::uint64_t times) {
  joist::supervisor_options options;
  options.intensity = std::numeric_limits<std::uint32_t>::max();
  const auto supervisor = joist::start_supervisor(options, {joist::child<fragile>("fragile", joist::self())});
  joist::pid worker = joist::receive<fragile::ready>().process;
  for (std::uint64_t i = 0; i < times; ++i) {
    joist::server_ref<fragile>{worker}.cast(fragile::crash{});
    worker = joist::receive<fragile::ready>().process;
  }
  supervisor.stop();
}

measurement supervise(std::uint64_t n) {
  // OTP's supervisor walks over all restarts of its period at each: a new one after a thousand, for the comparison.
  constexpr std::uint64_t each = 1000;
  const stopwatch watch;
  for (std::uint64_t left = n; left > 0; left -= std::min(left, each)) crash(std::min(left, each));
  return watch.measured();
}

}  // namespace

const std::vector<benchmark>& otp_benchmarks() {
  static const std::vector<benchmark> all{
      {"call_1", 500'000, call_1},
      {"call_8", 500'000, call_8},
      {"call_queued", 500'000, call_queued},
      {"supervise", 100'000, supervise},
  };
  return all;
}

}  // namespace bench
