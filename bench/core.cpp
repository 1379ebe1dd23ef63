// The benchmarks of the core: docs/benchmarks.md says what each does. The same work in other languages: bench/peers.
#include <array>

#include "measure.hpp"

namespace bench {
namespace {

using joist::pid;

struct token {};

measurement spawn_idle(std::uint64_t n) {
  countdown ready{n};
  countdown ended{n};
  std::vector<pid> all(n);  // touched before the first reading of memory
  const std::uint64_t before = resident_bytes();
  const stopwatch watch;
  for (pid& p : all) {
    p = joist::spawn([ready, ended] {
      ready.arrive();
      joist::receive<token>();
      ended.arrive();
    });
  }
  ready.await();
  measurement m = watch.measured();
  m.rss_bytes_per_process = static_cast<double>(resident_bytes() - before) / static_cast<double>(n);
  const stopwatch stopping;
  for (const pid p : all) joist::send(p, token{});
  ended.await();
  m.stop_seconds = stopping.seconds();
  return m;
}

measurement spawn_exit(std::uint64_t n) {
  constexpr std::uint64_t waves = 10;
  const pid parent = joist::self();
  const stopwatch watch;
  for (std::uint64_t wave = 0; wave < waves; ++wave) {
    for (std::uint64_t i = 0; i < n / waves; ++i) joist::spawn([parent] { joist::send(parent, token{}); });
    for (std::uint64_t i = 0; i < n / waves; ++i) joist::receive<token>();
  }
  return watch.measured();
}

struct ball {
  pid from;
};

measurement pingpong(std::uint64_t n) {
  const pid other = joist::spawn([n] {
    for (std::uint64_t i = 0; i < n; ++i) joist::send(joist::receive<ball>().from, ball{joist::self()});
  });
  const pid me = joist::self();
  const stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    joist::send(other, ball{me});
    joist::receive<ball>();
  }
  return watch.measured();
}

struct next_node {
  pid next;
};
struct hops {
  std::uint64_t left;
};

void ring_node(pid next, pid starter) {
  for (;;) {
    const hops h = joist::receive<hops>();
    if (h.left == 0) {
      joist::send(starter, token{});
    } else {
      joist::send(next, hops{h.left - 1});
    }
  }
}

measurement ring(std::uint64_t n, std::uint64_t tokens) {
  constexpr std::uint64_t size = 1000;
  const pid me = joist::self();
  std::vector<pid> nodes{joist::spawn([me] { ring_node(joist::receive<next_node>().next, me); })};
  while (nodes.size() < size) nodes.push_back(joist::spawn([next = nodes.back(), me] { ring_node(next, me); }));
  joist::send(nodes.front(), next_node{nodes.back()});
  const stopwatch watch;
  for (std::uint64_t t = 0; t < tokens; ++t) joist::send(nodes[t * size / tokens], hops{n / tokens - 1});
  for (std::uint64_t t = 0; t < tokens; ++t) joist::receive<token>();
  return watch.measured();
}

measurement ring_1(std::uint64_t n) { return ring(n, 1); }
measurement ring_100(std::uint64_t n) { return ring(n, 100); }

struct sum {
  std::uint64_t value;
};

void skynet_node(pid parent, std::uint64_t number, std::uint64_t leaves) {
  if (leaves == 1) {
    joist::send(parent, sum{number});
    return;
  }
  const pid me = joist::self();
  const std::uint64_t share = leaves / 10;
  for (std::uint64_t i = 0; i < 10; ++i) {
    joist::spawn([me, child = number + i * share, share] { skynet_node(me, child, share); });
  }
  std::uint64_t total = 0;
  for (int i = 0; i < 10; ++i) total += joist::receive<sum>().value;
  joist::send(parent, sum{total});
}

measurement skynet(std::uint64_t n) {
  const pid me = joist::self();
  const stopwatch watch;
  joist::spawn([me, n] { skynet_node(me, 0, n); });
  const std::uint64_t total = joist::receive<sum>().value;
  const measurement m = watch.measured();
  if (total != n * (n - 1) / 2) joist::exit(joist::exit_reason::of("skynet: wrong sum"));
  return m;
}

measurement fan_in(std::uint64_t n) {
  constexpr std::uint64_t producers = 4;
  const pid me = joist::self();
  const stopwatch watch;
  for (std::uint64_t p = 0; p < producers; ++p) {
    joist::spawn([me, each = n / producers] {
      for (std::uint64_t i = 0; i < each; ++i) joist::send(me, sum{i});
    });
  }
  for (std::uint64_t i = 0; i < n; ++i) joist::receive<sum>();
  return watch.measured();
}

measurement fan_out(std::uint64_t n) {
  constexpr std::uint64_t consumers = 100;
  const std::uint64_t each = n / consumers;
  countdown ended{consumers};
  const stopwatch watch;
  std::vector<pid> all;
  for (std::uint64_t c = 0; c < consumers; ++c) {
    all.push_back(joist::spawn([ended, each] {
      for (std::uint64_t i = 0; i < each; ++i) joist::receive<sum>();
      ended.arrive();
    }));
  }
  for (std::uint64_t i = 0; i < each; ++i) {
    for (const pid c : all) joist::send(c, sum{i});
  }
  ended.await();
  return watch.measured();
}

measurement timers(std::uint64_t n) {
  const pid me = joist::self();
  const stopwatch watch;
  std::uint64_t x = 1;
  for (std::uint64_t i = 0; i < n; ++i) {
    x = x * 48271 % 2147483647;  // minimal standard generator: the same delays in every peer
    joist::send_after(std::chrono::milliseconds{x % 1001}, me, token{});
  }
  for (std::uint64_t i = 0; i < n; ++i) joist::receive<token>();
  return watch.measured();
}

}  // namespace

const std::vector<benchmark>& core_benchmarks() {
  static const std::vector<benchmark> all{
      {"spawn_idle_100k", 100'000, spawn_idle},
      {"spawn_idle_1m", 1'000'000, spawn_idle},
      {"spawn_exit", 1'000'000, spawn_exit},
      {"pingpong", 1'000'000, pingpong},
      {"ring_1", 1'000'000, ring_1},
      {"ring_100", 1'000'000, ring_100},
      {"skynet", 1'000'000, skynet},
      {"fan_in", 4'000'000, fan_in},
      {"fan_out", 1'000'000, fan_out},
      {"timers", 1'000'000, timers},
  };
  return all;
}

}  // namespace bench
