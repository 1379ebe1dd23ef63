// joist_bench_pubsub: what it costs to reach another node: broadcasts a second, how long one takes, and the processor time
// of this program for each, of both nodes together. Both run in this program; what joins them is given.
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>
#include <joist/joist.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>

#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "histogram.hpp"

namespace {

using namespace std::chrono_literals;

constexpr const char* usage =
    "usage: joist_bench_pubsub redis://127.0.0.1 | unix:///run/redis.sock | nats://127.0.0.1 | memory\n"
    "Options: --bytes B (64)  --seconds S (5)  --direct (to the other node alone)  --workers W\n";

struct settings {
  std::string url;
  std::size_t bytes = 64;
  int seconds = 5;
  bool direct = false;
  std::size_t workers = 0;
};

using adapters = std::function<std::shared_ptr<joist::pubsub_adapter>()>;
adapters adapters_of(const std::string& url) {
  if (url == "memory") return [network = joist::memory_exchange{}] { return network.adapter(); };
  if (url.starts_with("nats:")) return [url] { return joist::dist::nats({.url = url, .system = "bench"}); };
  return [url] { return joist::dist::redis({.url = url, .system = "bench"}); };
}

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) { return 1e6 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec); };
  return us(used.ru_utime) + us(used.ru_stime);
}

struct acknowledged {};

/// Two nodes: the calling process publishes on one, and another has subscribed on the other.
class bench {
 public:
  explicit bench(const settings& s) : settings_{s}, make_{adapters_of(s.url)} {
    joist::start_pubsub(from_);
    joist::start_pubsub(to_);
    const auto begun = joist::clock::now();
    to_.subscribe("probe");
    for (;;) {  // until they are connected
      (void)from_.broadcast("probe", std::string{"?"});
      if (joist::receive([](const std::string&) { return true; }, joist::after(50ms, [] { return false; }))) break;
      if (joist::clock::now() - begun > 10s) throw std::runtime_error{"nobody is reached by " + s.url};
    }
    (void)to_.unsubscribe("probe");
  }

  /// Never more than `window` under way: servers cut off who does not keep up.
  void throughput() {
    constexpr std::uint64_t window = 20'000, acknowledge_each = 1000;
    joist::spawn_link([to = to_, parent = joist::self()] {
      to.subscribe("load");
      joist::send(parent, acknowledged{});
      for (std::uint64_t n = 1;; ++n) {
        (void)joist::receive<std::string>();
        if (n % acknowledge_each == 0) joist::send(parent, acknowledged{});
      }
    });
    (void)joist::receive<acknowledged>();
    const std::string text(settings_.bytes, 'x');
    std::uint64_t sent = 0, come = 0, refused = 0;
    const double cpu = cpu_us();
    const auto begun = joist::clock::now();
    while (joist::clock::now() - begun < std::chrono::seconds{settings_.seconds}) {
      while (sent - come >= window) {
        (void)joist::receive<acknowledged>();
        come += acknowledge_each;
      }
      if (publish("load", text)) {
        ++sent;
      } else {
        ++refused;
        joist::yield();
      }
    }
    const double took = std::chrono::duration<double>(joist::clock::now() - begun).count();
    fmt::print("{} {} B: {:.0f} broadcasts/s, {:.2f} us of CPU each (both nodes), {} refused\n", settings_.url,
               settings_.bytes, static_cast<double>(come) / took, (cpu_us() - cpu) / static_cast<double>(sent), refused);
    while (come + acknowledge_each <= sent) {
      (void)joist::receive<acknowledged>();
      come += acknowledge_each;
    }
  }

  /// One at a time: from the call to the message, on the same clock.
  void latency() {
    to_.subscribe("one");
    load::histogram times;
    const auto begun = joist::clock::now();
    while (joist::clock::now() - begun < std::chrono::seconds{settings_.seconds}) {
      const std::string text(settings_.bytes, 'x');
      const auto sent = joist::clock::now();
      if (!publish("one", text)) continue;
      (void)joist::receive<std::string>();
      times.add(static_cast<std::uint64_t>((joist::clock::now() - sent).count()));
    }
    fmt::print("{} {} B, one at a time: p50 {:.1f} us, p99 {:.1f} us, {} of them\n", settings_.url, settings_.bytes,
               static_cast<double>(times.at(0.5)) / 1e3, static_cast<double>(times.at(0.99)) / 1e3, times.count());
  }

 private:
  bool publish(std::string_view topic, const std::string& text) {
    if (settings_.direct) return from_.direct_broadcast(to_.node(), topic, text).has_value();
    return from_.broadcast(topic, text).has_value();
  }

  settings settings_;
  adapters make_;
  joist::pubsub from_{{.adapter = make_(), .node = "from"}};
  joist::pubsub to_{{.adapter = make_(), .node = "to"}};
};

std::optional<settings> parse(int argc, char** argv) {
  settings s;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (word == "--bytes") {
      s.bytes = number();
    } else if (word == "--seconds") {
      s.seconds = static_cast<int>(number());
    } else if (word == "--workers") {
      s.workers = number();
    } else if (word == "--direct") {
      s.direct = true;
    } else if (s.url.empty() && !word.starts_with("--")) {
      s.url = word;
    } else {
      return std::nullopt;
    }
  }
  if (s.url.empty() || s.seconds <= 0) return std::nullopt;
  return s;
}

}  // namespace

int main(int argc, char** argv) {
  const auto s = parse(argc, argv);
  if (!s) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  joist::runtime_options options;
  if (s->workers > 0) options.workers = s->workers;
  options.log = joist::silent_sink();
  const auto body = [s] {
    bench both{*s};
    both.throughput();
    both.latency();
  };
  return joist::run(body, options);
}
