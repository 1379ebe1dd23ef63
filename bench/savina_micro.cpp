// Savina (Imam, Sarkar: "Savina - an actor benchmark suite", AGERE 2014), its micro-benchmarks, with the parameters of the
// suite's repository.
#include <cmath>

#include "measure.hpp"

namespace bench {
namespace {

using joist::pid;

struct increment {};
struct retrieve {
  pid from;
};
struct count {
  std::uint64_t value;
};

measurement counting(std::uint64_t n) {
  const pid me = joist::self();
  const stopwatch watch;
  const pid counter = joist::spawn([] {
    std::uint64_t total = 0;
    for (bool more = true; more;) {
      joist::receive([&](increment) { ++total; },
                     [&](retrieve r) {
                       joist::send(r.from, count{total});
                       more = false;
                     });
    }
  });
  joist::spawn([counter, me, n] {
    for (std::uint64_t i = 0; i < n; ++i) joist::send(counter, increment{});
    joist::send(counter, retrieve{me});
  });
  if (joist::receive<count>().value != n) joist::exit(joist::exit_reason::of("counting: wrong count"));
  return watch.measured();
}

struct ping_left {
  std::uint64_t value;
};
struct neighbour {
  pid next;
};

measurement thread_ring(std::uint64_t n) {
  constexpr std::uint64_t size = 100;
  countdown ended{1};
  const stopwatch watch;
  auto node = [ended](pid next) {
    for (;;) {
      const ping_left p = joist::receive<ping_left>();
      if (p.value == 0) return ended.arrive();
      joist::send(next, ping_left{p.value - 1});
    }
  };
  std::vector<pid> nodes{joist::spawn([node] { node(joist::receive<neighbour>().next); })};
  while (nodes.size() < size) nodes.push_back(joist::spawn([node, next = nodes.back()] { node(next); }));
  joist::send(nodes.front(), neighbour{nodes.back()});
  joist::send(nodes.front(), ping_left{n});
  ended.await();
  return watch.measured();
}

struct work {};

bool compute(double theta) {
  const double sine = std::sin(theta);
  return sine * sine > 0;
}

measurement fork_join_create(std::uint64_t n) {
  countdown ended{n};
  const stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i) {
    const pid actor = joist::spawn([ended] {
      joist::receive<work>();
      if (compute(37.2)) ended.arrive();
    });
    joist::send(actor, work{});
  }
  ended.await();
  return watch.measured();
}

measurement fork_join_throughput(std::uint64_t n) {
  constexpr std::uint64_t actors = 60;
  const std::uint64_t each = n / actors;
  countdown ended{actors};
  const stopwatch watch;
  std::vector<pid> all;
  for (std::uint64_t a = 0; a < actors; ++a) {
    all.push_back(joist::spawn([ended, each] {
      std::uint64_t done = 0;
      for (std::uint64_t i = 0; i < each; ++i) {
        joist::receive<work>();
        done += compute(37.2) ? 1 : 0;
      }
      if (done == each) ended.arrive();
    }));
  }
  for (std::uint64_t i = 0; i < each; ++i) {
    for (const pid a : all) joist::send(a, work{});
  }
  ended.await();
  return watch.measured();
}

struct neighbours {
  std::shared_ptr<const std::vector<pid>> all;
};
struct big_ping {
  std::uint32_t from;
};
struct big_pong {
  std::uint32_t from;
};
struct finished {};
struct leave {};

constexpr std::uint32_t nobody = ~0U;

void big_actor(std::uint32_t id, std::uint64_t left, pid sink, const countdown& ended) {
  const auto all = joist::receive<neighbours>().all;
  std::uint32_t random = id;
  std::uint32_t expected = nobody;
  for (bool stay = true; stay;) {
    joist::receive([&](big_ping p) { joist::send((*all)[p.from], big_pong{id}); },
                   [&](big_pong p) {
                     if (p.from != expected) joist::exit(joist::exit_reason::of("big: unexpected pong"));
                     if (left == 0) {
                       joist::send(sink, finished{});
                       return;
                     }
                     --left;
                     random = (random * 1309 + 13849) & 65535;
                     expected = random % static_cast<std::uint32_t>(all->size());
                     joist::send((*all)[expected], big_ping{id});
                   },
                   [&](leave) { stay = false; });
  }
  ended.arrive();
}

measurement big(std::uint64_t n) {
  constexpr std::uint32_t actors = 120;
  countdown ended{actors};
  const stopwatch watch;
  const pid sink = joist::spawn([] {
    const auto all = joist::receive<neighbours>().all;
    for (std::size_t i = 0; i < all->size(); ++i) joist::receive<finished>();
    for (const pid a : *all) joist::send(a, leave{});
  });
  std::vector<pid> all;
  for (std::uint32_t id = 0; id < actors; ++id) {
    all.push_back(joist::spawn([id, left = n / actors, sink, ended] { big_actor(id, left, sink, ended); }));
  }
  const neighbours message{std::make_shared<const std::vector<pid>>(all)};
  joist::send(sink, message);
  for (const pid a : all) joist::send(a, message);
  for (const pid a : all) joist::send(a, big_pong{nobody});
  ended.await();
  return watch.measured();
}

struct meet {
  int colour;
  pid from;
};
struct change {
  int colour;
};
struct go_home {};
struct met {
  std::uint64_t times;
};

int complement(int a, int b) { return a == b ? a : 3 - a - b; }

void creature(pid mall, int colour) {
  std::uint64_t meetings = 0;
  joist::send(mall, meet{colour, joist::self()});
  for (bool stay = true; stay;) {
    joist::receive(
        [&](meet m) {
          colour = complement(colour, m.colour);
          joist::send(m.from, change{colour});
          joist::send(mall, meet{colour, joist::self()});
          ++meetings;
        },
        [&](change c) {
          colour = c.colour;
          joist::send(mall, meet{colour, joist::self()});
          ++meetings;
        },
        [&](go_home) { stay = false; });
  }
  joist::send(mall, met{meetings});
}

measurement chameneos(std::uint64_t n) {
  constexpr std::uint64_t creatures = 100;
  const pid mall = joist::self();
  const stopwatch watch;
  for (std::uint64_t id = 0; id < creatures; ++id) {
    joist::spawn([mall, colour = static_cast<int>(id % 3)] { creature(mall, colour); });
  }
  std::uint64_t left = n;
  std::uint64_t meetings = 0;
  pid waiting;
  for (std::uint64_t here = creatures; here > 0;) {
    joist::receive(
        [&](meet m) {
          if (left == 0) {
            joist::send(m.from, go_home{});
          } else if (!waiting) {
            waiting = m.from;
          } else {
            joist::send(std::exchange(waiting, pid{}), m);
            --left;
          }
        },
        [&](met m) {
          meetings += m.times;
          --here;
        });
  }
  if (meetings != 2 * n) joist::exit(joist::exit_reason::of("chameneos: wrong number of meetings"));
  return watch.measured();
}

}  // namespace

const std::vector<benchmark>& savina_micro_benchmarks() {
  static const std::vector<benchmark> all{
      {"sv_counting", 1'000'000, counting},
      {"sv_thread_ring", 100'000, thread_ring},
      {"sv_fork_join_create", 40'000, fork_join_create},
      {"sv_fork_join_throughput", 600'000, fork_join_throughput},
      {"sv_big", 2'400'000, big},
      {"sv_chameneos", 200'000, chameneos},
  };
  return all;
}

}  // namespace bench
