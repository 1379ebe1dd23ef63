// peer_bench — the core benchmarks in plain CAF (0.17), as a measure to hold Joist against.
//
//   peer_bench NAME [--n N] [--workers W]
//
// prints one JSON line. N counts operations (actors, round trips, hops, leaves, messages, timers,
// meetings), and ns_per_op is seconds / N.
//
// Every actor is a function-based event actor. The work is started from inside an actor, as in the
// other peers, so that spawns and sends take the scheduler's short way.

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <caf/all.hpp>

namespace {

using caf::actor;
using caf::behavior;
using caf::event_based_actor;

using stop_atom = caf::atom_constant<caf::atom("stop")>;
using done_atom = caf::atom_constant<caf::atom("done")>;
using ping_atom = caf::atom_constant<caf::atom("ping")>;
using pong_atom = caf::atom_constant<caf::atom("pong")>;
using work_atom = caf::atom_constant<caf::atom("work")>;
using fire_atom = caf::atom_constant<caf::atom("fire")>;
using get_atom = caf::atom_constant<caf::atom("get")>;
using meet_atom = caf::atom_constant<caf::atom("meet")>;
using change_atom = caf::atom_constant<caf::atom("change")>;

using actors = std::vector<actor>;

// -- tools -----------------------------------------------------------------------------------------

[[noreturn]] void fail(int code, const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::_Exit(code);
}

void check(bool condition, const char* sentence) {
  if (!condition) fail(1, sentence);
}

// The last of n arrivals opens the gate: one atomic operation per arrival, as in the other peers.
class countdown {
 public:
  explicit countdown(long n) : left_(n) {}

  void arrive() {
    // acq_rel: who passes the gate sees what was done before every arrival.
    if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    // Notified under the lock, because await() may destroy the countdown as soon as it is free.
    const std::lock_guard<std::mutex> guard(mutex_);
    open_ = true;
    gate_.notify_one();
  }

  void await() {
    std::unique_lock<std::mutex> guard(mutex_);
    gate_.wait(guard, [this] { return open_; });
  }

 private:
  std::atomic<long> left_;
  std::mutex mutex_;
  std::condition_variable gate_;
  bool open_ = false;  // under mutex_
};

// User and system time of the whole OS process.
double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) { return t.tv_sec + t.tv_usec / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long rss_bytes() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

struct result {
  double seconds;
  double cpu_seconds;
  double rss_bytes_per_proc = 0;
  double stop_ns_per_op = -1;  // spawn_idle only, else negative
};

result measured(const std::function<void()>& work) {
  using clock = std::chrono::steady_clock;
  const double cpu = cpu_seconds();
  const auto start = clock::now();
  work();
  const std::chrono::duration<double> elapsed = clock::now() - start;
  return {elapsed.count(), cpu_seconds() - cpu};
}

// An actor that does `work` and ends.
template <class Work>
void in_actor(caf::actor_system& sys, Work work) {
  sys.spawn([work](event_based_actor* self) { work(self); });
}

// An actor that arrives after `expected` messages of type Atom and ends.
template <class Atom>
actor spawn_collector(caf::actor_system& sys, long expected, countdown& ended) {
  return sys.spawn([expected, &ended](event_based_actor* self) -> behavior {
    return {[self, &ended, left = expected](Atom) mutable {
      if (--left == 0) {
        ended.arrive();
        self->quit();
      }
    }};
  });
}

// -- spawn -----------------------------------------------------------------------------------------

result spawn_idle(caf::actor_system& sys, long n) {
  // One arrival more: `idle` is complete only when the spawning actor is done with it.
  countdown ready(n + 1), ended(n);
  actors idle;
  const long before = rss_bytes();
  auto r = measured([&] {
    in_actor(sys, [&](event_based_actor* self) {
      idle.reserve(n);
      for (long i = 0; i < n; ++i)
        idle.push_back(self->spawn([&](event_based_actor* me) -> behavior {
          ready.arrive();
          return {[&ended, me](stop_atom) {
            ended.arrive();
            me->quit();
          }};
        }));
      ready.arrive();
    });
    ready.await();
  });
  r.rss_bytes_per_proc = static_cast<double>(rss_bytes() - before) / n;
  const auto stop = measured([&] {
    in_actor(sys, [&](event_based_actor* self) {
      for (auto& a : idle) self->send(a, stop_atom::value);
    });
    ended.await();
  });
  r.stop_ns_per_op = stop.seconds * 1e9 / n;
  return r;
}

result spawn_exit(caf::actor_system& sys, long n) {
  static constexpr int waves = 10;
  const long per_wave = n / waves;
  countdown ended(1);
  return measured([&] {
    sys.spawn([&](event_based_actor* self) -> behavior {
      auto spawn_wave = [self, per_wave] {
        for (long i = 0; i < per_wave; ++i)
          self->spawn([parent = actor{self}](event_based_actor* child) { child->send(parent, done_atom::value); });
      };
      spawn_wave();
      return {[=, &ended, left = per_wave, wave = 1](done_atom) mutable {
        if (--left > 0) return;
        if (wave++ == waves) {
          ended.arrive();
          self->quit();
          return;
        }
        left = per_wave;
        spawn_wave();
      }};
    });
    ended.await();
  });
}

behavior skynet_node(event_based_actor* self, actor parent, long number, long size) {
  if (size == 1) {
    self->send(parent, number);
    return {};
  }
  const long part = size / 10;
  for (long i = 0; i < 10; ++i) self->spawn(skynet_node, actor{self}, number + i * part, part);
  return {[self, parent, left = 10, sum = 0L](long n) mutable {
    sum += n;
    if (--left == 0) {
      self->send(parent, sum);
      self->quit();
    }
  }};
}

result skynet(caf::actor_system& sys, long n) {
  countdown ended(1);
  return measured([&] {
    sys.spawn([&](event_based_actor* self) -> behavior {
      self->spawn(skynet_node, actor{self}, 0L, n);
      return {[self, &ended, n](long sum) {
        check(sum == n * (n - 1) / 2, "skynet: wrong sum (is n a power of ten?)");
        ended.arrive();
        self->quit();
      }};
    });
    ended.await();
  });
}

// -- messages --------------------------------------------------------------------------------------

result pingpong(caf::actor_system& sys, long n) {
  countdown ended(1);
  return measured([&] {
    auto pong = sys.spawn([](event_based_actor*) -> behavior { return {[](ping_atom) { return pong_atom::value; }}; });
    sys.spawn([&ended, n, pong](event_based_actor* self) -> behavior {
      self->send(pong, ping_atom::value);
      return {[self, &ended, pong, left = n](pong_atom) mutable {
        if (--left == 0)
          ended.arrive();
        else
          self->send(pong, ping_atom::value);
      }};
    });
    ended.await();
  });
}

// The tokens start at even distances; each carries the hops it has left.
result ring(caf::actor_system& sys, long n, long tokens) {
  static constexpr long size = 1000;
  countdown ended(tokens);
  actors nodes(size);  // complete before the first token goes
  for (long i = 0; i < size; ++i)
    nodes[i] = sys.spawn([&ended, &next = nodes[(i + 1) % size]](event_based_actor* self) -> behavior {
      return {[self, &ended, &next](long hops) {
        if (hops == 0)
          ended.arrive();
        else
          self->send(next, hops - 1);
      }};
    });
  return measured([&] {
    in_actor(sys, [&](event_based_actor* self) {
      for (long i = 0; i < tokens; ++i) self->send(nodes[i * size / tokens], n / tokens - 1);
    });
    ended.await();
  });
}

result ring_1(caf::actor_system& sys, long n) { return ring(sys, n, 1); }
result ring_100(caf::actor_system& sys, long n) { return ring(sys, n, 100); }

result fan_in(caf::actor_system& sys, long n) {
  static constexpr int producers = 4;
  countdown ended(1);
  return measured([&] {
    auto consumer = spawn_collector<work_atom>(sys, n / producers * producers, ended);
    for (int i = 0; i < producers; ++i)
      in_actor(sys, [consumer, n](event_based_actor* self) {
        for (long m = 0; m < n / producers; ++m) self->send(consumer, work_atom::value);
      });
    ended.await();
  });
}

result fan_out(caf::actor_system& sys, long n) {
  static constexpr int consumers = 100;
  countdown ended(consumers);
  return measured([&] {
    actors all;
    for (int i = 0; i < consumers; ++i) all.push_back(spawn_collector<work_atom>(sys, n / consumers, ended));
    in_actor(sys, [all, n](event_based_actor* self) {
      for (long m = 0; m < n / consumers; ++m)
        for (auto& a : all) self->send(a, work_atom::value);
    });
    ended.await();
  });
}

// A generator so cheap that the figure is about timers (minimal standard, delays of 0 to 1000 ms).
result timers(caf::actor_system& sys, long n) {
  countdown ended(1);
  return measured([&] {
    sys.spawn([&ended, n](event_based_actor* self) -> behavior {
      long random = 1;
      for (long i = 0; i < n; ++i) {
        random = random * 48271 % 2147483647;
        self->delayed_send(self, std::chrono::milliseconds(random % 1001), fire_atom::value);
      }
      return {[self, &ended, left = n](fire_atom) mutable {
        if (--left == 0) {
          ended.arrive();
          self->quit();
        }
      }};
    });
    ended.await();
  });
}

// -- Savina (parameters of shamsimam/savina) -------------------------------------------------------

result counting(caf::actor_system& sys, long n) {
  countdown ended(1);
  return measured([&] {
    auto counter = sys.spawn([](event_based_actor* self) -> behavior {
      auto count = std::make_shared<long>(0);
      return {
          [count](work_atom) { ++*count; },
          [self, count](get_atom) {
            self->quit();
            return *count;
          },
      };
    });
    sys.spawn([&ended, n, counter](event_based_actor* self) -> behavior {
      for (long i = 0; i < n; ++i) self->send(counter, work_atom::value);
      self->send(counter, get_atom::value);
      return {[self, &ended, n](long count) {
        check(count == n, "sv_counting: wrong count");
        ended.arrive();
        self->quit();
      }};
    });
    ended.await();
  });
}

// 100 actors; after the pings an exit message goes round once.
result thread_ring(caf::actor_system& sys, long n) {
  static constexpr long size = 100;
  countdown ended(1);
  actors nodes(size);  // complete before the ping goes
  return measured([&] {
    for (long i = 0; i < size; ++i)
      nodes[i] = sys.spawn([&ended, &next = nodes[(i + 1) % size]](event_based_actor* self) -> behavior {
        return {
            [self, &next](ping_atom, long left) {
              if (left > 0)
                self->send(next, ping_atom::value, left - 1);
              else
                self->send(next, stop_atom::value, size - 1);
            },
            [self, &ended, &next](stop_atom, long left) {
              if (left > 0)
                self->send(next, stop_atom::value, left - 1);
              else
                ended.arrive();
              self->quit();
            },
        };
      });
    caf::anon_send(nodes[0], ping_atom::value, n);
    ended.await();
  });
}

void compute(double theta) {
  const double sine = std::sin(theta);
  check(sine * sine > 0, "sin: unrealistic result");
}

result fork_join_create(caf::actor_system& sys, long n) {
  countdown ended(n);
  return measured([&] {
    in_actor(sys, [&ended, n](event_based_actor* self) {
      for (long i = 0; i < n; ++i) {
        auto child = self->spawn([&ended](event_based_actor* me) -> behavior {
          return {[&ended, me](work_atom) {
            compute(37.2);
            ended.arrive();
            me->quit();
          }};
        });
        self->send(child, work_atom::value);
      }
    });
    ended.await();
  });
}

result fork_join_throughput(caf::actor_system& sys, long n) {
  static constexpr int count = 60;
  const long each = n / count;
  countdown ended(count);
  return measured([&] {
    in_actor(sys, [&ended, each](event_based_actor* self) {
      actors all;
      for (int i = 0; i < count; ++i)
        all.push_back(self->spawn([&ended, each](event_based_actor* me) -> behavior {
          return {[&ended, me, left = each](work_atom) mutable {
            compute(37.2);
            if (--left == 0) {
              ended.arrive();
              me->quit();
            }
          }};
        }));
      for (long m = 0; m < each; ++m)
        for (auto& a : all) self->send(a, work_atom::value);
    });
    ended.await();
  });
}

// 120 actors; each pings a random one and waits for its pong before the next ping.
struct big_state {
  long left;
  long random;  // Savina's PseudoRandom
  long expected = -1;
};

behavior big_actor(event_based_actor* self, long id, long pings, actor sink, const actors& all, countdown& ended) {
  auto state = std::make_shared<big_state>(big_state{pings, id});
  return {
      [self, id, &all](ping_atom, long from) { self->send(all[from], pong_atom::value, id); },
      [=, &all](pong_atom, long from) {
        check(from == state->expected, "sv_big: pong of the wrong actor");
        if (state->left == 0) {
          self->send(sink, done_atom::value);
          return;
        }
        state->random = (state->random * 1309 + 13849) & 65535;
        state->expected = state->random % static_cast<long>(all.size());
        --state->left;
        self->send(all[state->expected], ping_atom::value, id);
      },
      [self, &ended](stop_atom) {
        ended.arrive();
        self->quit();
      },
  };
}

result big(caf::actor_system& sys, long n) {
  static constexpr long count = 120;
  countdown ended(count);
  actors all(count);  // complete before the first pong goes
  return measured([&] {
    auto sink = sys.spawn([&all](event_based_actor* self) -> behavior {
      return {[self, &all, left = count](done_atom) mutable {
        if (--left > 0) return;
        for (auto& a : all) self->send(a, stop_atom::value);
        self->quit();
      }};
    });
    for (long id = 0; id < count; ++id)
      all[id] = sys.spawn(
          [id, n, sink, &all, &ended](event_based_actor* self) { return big_actor(self, id, n / count, sink, all, ended); });
    for (auto& a : all) caf::anon_send(a, pong_atom::value, -1L);
    ended.await();
  });
}

// 100 creatures meet in pairs at a mall. Colours are 0, 1 and 2.
int complement(int a, int b) { return a == b ? a : 3 - a - b; }

behavior creature(event_based_actor* self, actor mall, int first_colour) {
  struct creature_state {
    int colour;
    long meetings = 0;
  };
  auto state = std::make_shared<creature_state>(creature_state{first_colour});
  auto meet_again = [=](int colour) {
    state->colour = colour;
    ++state->meetings;
    self->send(mall, meet_atom::value, colour, actor{self});
  };
  self->send(mall, meet_atom::value, first_colour, actor{self});
  return {
      [=](meet_atom, int other, const actor& from) {
        const int colour = complement(state->colour, other);
        self->send(from, change_atom::value, colour);
        meet_again(colour);
      },
      [=](change_atom, int colour) { meet_again(colour); },
      [=](stop_atom) {
        self->send(mall, done_atom::value, state->meetings);
        self->quit();
      },
  };
}

result chameneos(caf::actor_system& sys, long n) {
  static constexpr int creatures = 100;
  struct mall_state {
    long left;
    long meetings = 0;
    int faded = 0;
    actor waiting = nullptr;
  };
  countdown ended(1);
  return measured([&] {
    sys.spawn([&ended, n](event_based_actor* self) -> behavior {
      for (int id = 0; id < creatures; ++id) self->spawn(creature, actor{self}, id % 3);
      auto state = std::make_shared<mall_state>(mall_state{n});
      return {
          [self, state](meet_atom, int colour, const actor& from) {
            if (state->left == 0) {
              self->send(from, stop_atom::value);
            } else if (!state->waiting) {
              state->waiting = from;
            } else {
              --state->left;
              self->send(state->waiting, meet_atom::value, colour, from);
              state->waiting = nullptr;
            }
          },
          [self, state, &ended, n](done_atom, long meetings) {
            state->meetings += meetings;
            if (++state->faded < creatures) return;
            check(state->meetings == 2 * n, "sv_chameneos: wrong number of meetings");
            ended.arrive();
            self->quit();
          },
      };
    });
    ended.await();
  });
}

// -- the program -----------------------------------------------------------------------------------

// CAF's default is work stealing. A thief takes the tail of a list that 0.17 walks from its head, so
// that a hundred thousand runnable actors on one worker take tens of microseconds each: where one actor
// makes a crowd runnable at once, CAF is measured with the shared queue it also offers.
enum class queues { stealing, sharing };

struct benchmark {
  long n;
  result (*run)(caf::actor_system&, long n);
  queues policy = queues::stealing;
};

const std::map<std::string, benchmark> benchmarks{
    {"spawn_idle_100k", {100'000, spawn_idle, queues::sharing}},
    {"spawn_idle_1m", {1'000'000, spawn_idle, queues::sharing}},
    {"spawn_exit", {1'000'000, spawn_exit, queues::sharing}},
    {"pingpong", {1'000'000, pingpong}},
    {"ring_1", {1'000'000, ring_1}},
    {"ring_100", {1'000'000, ring_100}},
    {"skynet", {1'000'000, skynet}},
    {"fan_in", {4'000'000, fan_in}},
    {"fan_out", {1'000'000, fan_out}},
    {"timers", {1'000'000, timers}},
    {"sv_counting", {1'000'000, counting}},
    {"sv_thread_ring", {100'000, thread_ring}},
    {"sv_fork_join_create", {40'000, fork_join_create, queues::sharing}},
    {"sv_fork_join_throughput", {600'000, fork_join_throughput}},
    {"sv_big", {2'400'000, big}},
    {"sv_chameneos", {200'000, chameneos}},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) fail(2, "usage: peer_bench NAME [--n N] [--workers W]");
  const std::string name = argv[1];
  const auto found = benchmarks.find(name);
  if (found == benchmarks.end()) fail(2, name + ": no such benchmark");
  long n = found->second.n;
  long workers = std::thread::hardware_concurrency();
  for (int i = 2; i < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--n")
      n = std::atol(argv[i + 1]);
    else if (option == "--workers")
      workers = std::atol(argv[i + 1]);
    else
      fail(2, "unknown option " + option);
  }

  caf::actor_system_config config;
  config.set("scheduler.max-threads", workers);  // CAF's own default is four threads or more
  if (found->second.policy == queues::sharing) config.set("scheduler.policy", caf::atom("sharing"));
  caf::actor_system sys{config};
  const result r = found->second.run(sys, n);

  std::printf(
      "{\"peer\":\"caf\",\"bench\":\"%s\",\"n\":%ld,\"threads\":%ld,\"seconds\":%.6f,\"ns_per_op\":%.2f,"
      "\"cpu_seconds\":%.3f,\"rss_bytes_per_proc\":%.1f",
      name.c_str(), n, workers, r.seconds, r.seconds * 1e9 / n, r.cpu_seconds, r.rss_bytes_per_proc);
  if (r.stop_ns_per_op >= 0) std::printf(",\"stop_ns_per_op\":%.2f", r.stop_ns_per_op);
  std::printf("}\n");
  std::fflush(stdout);
  std::_Exit(0);  // without clearing up, like the other peers: some actors still wait for messages
}
