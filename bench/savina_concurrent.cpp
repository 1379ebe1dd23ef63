// Savina (Imam, Sarkar: "Savina - an actor benchmark suite", AGERE 2014), of its benchmarks of concurrency and parallelism
// those the core can run, with the parameters of the suite's repository.
#include <algorithm>
#include <array>
#include <random>
#include <unordered_map>

#include "measure.hpp"

namespace bench {
namespace {

using joist::pid;

struct leave {};
struct count {
  std::uint64_t value;
};

struct answers {
  std::uint64_t right;
};
struct read_entry {
  pid from;
  std::int32_t key;
};
struct write_entry {
  pid from;
  std::int32_t key;
  std::int32_t value;
};
struct entry {
  std::int32_t value;
};

constexpr std::int32_t dictionary_limit = 524'287;
/// What is written under a key is congruent to it, so that each answer can be checked: key + dictionary_limit * spread.
constexpr std::int32_t dictionary_spread = 4096;

void dictionary(pid master) {
  std::unordered_map<std::int32_t, std::int32_t> entries;
  entries.reserve(dictionary_limit);
  for (std::int32_t key = 0; key < dictionary_limit; ++key) entries.emplace(key, key);
  joist::send(master, count{entries.size()});
  for (bool open = true; open;) {
    joist::receive([&](read_entry r) { joist::send(r.from, entry{entries.at(r.key)}); },
                   [&](write_entry w) {
                     entries[w.key] = w.value;
                     joist::send(w.from, entry{w.value});
                   },
                   [&](leave) { open = false; });
  }
  joist::send(master, count{entries.size()});
}

void dictionary_worker(pid master, pid dictionary, std::uint64_t id, std::uint64_t requests) {
  const pid me = joist::self();
  std::minstd_rand random{static_cast<std::uint32_t>(id + 1)};  // the same requests in every peer
  auto below = [&random](std::int32_t limit) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(limit));
  };
  std::uint64_t right = 0;
  for (std::uint64_t i = 0; i < requests; ++i) {
    const bool writes = below(100) < 10;
    const std::int32_t key = below(dictionary_limit);
    if (writes) {
      joist::send(dictionary, write_entry{me, key, key + dictionary_limit * below(dictionary_spread)});
    } else {
      joist::send(dictionary, read_entry{me, key});
    }
    right += joist::receive<entry>().value % dictionary_limit == key ? 1 : 0;
  }
  joist::send(master, answers{right});
}

/// The dictionary is filled before the time begins, and emptied after it.
measurement concdict(std::uint64_t n) {
  constexpr std::uint64_t workers = 20;
  const std::uint64_t each = n / workers;
  const pid me = joist::self();
  const pid shared = joist::spawn([me] { dictionary(me); });
  joist::receive<count>();
  const stopwatch watch;
  for (std::uint64_t id = 0; id < workers; ++id) {
    joist::spawn([me, shared, id, each] { dictionary_worker(me, shared, id, each); });
  }
  std::uint64_t right = 0;
  for (std::uint64_t w = 0; w < workers; ++w) right += joist::receive<answers>().right;
  const measurement m = watch.measured();
  joist::send(shared, leave{});
  if (joist::receive<count>().value != dictionary_limit || right != each * workers)
    joist::exit(joist::exit_reason::of("concdict: wrong answers"));
  return m;
}

struct get_hungry {};
struct hungry {
  pid from;
  std::size_t id;
};
struct eat {};
struct denied {};
struct fed {
  std::size_t id;
};
struct rounds_eaten {
  std::uint64_t rounds;
};

void philosopher(pid arbitrator, std::size_t id, std::uint64_t rounds) {
  const pid me = joist::self();
  std::uint64_t eaten = 0;
  joist::send(me, get_hungry{});
  while (eaten < rounds) {
    joist::receive(
        [&](get_hungry) {
          joist::send(arbitrator, hungry{me, id});
        },
        [&](denied) {
          joist::send(arbitrator, hungry{me, id});
        },
        [&](eat) {
          ++eaten;
          joist::send(arbitrator, fed{id});
          if (eaten < rounds) joist::send(me, get_hungry{});
        });
  }
  joist::send(arbitrator, rounds_eaten{eaten});
}

/// Who is denied a fork asks again at once.
measurement philosophers(std::uint64_t n) {
  constexpr std::size_t seats = 20;
  const std::uint64_t each = n / seats;
  const pid arbitrator = joist::self();
  const stopwatch watch;
  for (std::size_t id = 0; id < seats; ++id) {
    joist::spawn([arbitrator, id, each] { philosopher(arbitrator, id, each); });
  }
  std::array<bool, seats> taken{};
  std::uint64_t meals = 0;
  std::uint64_t eaten = 0;
  for (std::size_t here = seats; here > 0;) {
    joist::receive(
        [&](hungry h) {
          bool& left = taken[h.id];
          bool& right = taken[(h.id + 1) % seats];
          if (left || right) {
            joist::send(h.from, denied{});
          } else {
            left = right = true;
            joist::send(h.from, eat{});
          }
        },
        [&](fed f) {
          bool& left = taken[f.id];
          bool& right = taken[(f.id + 1) % seats];
          meals += left && right ? 1 : 0;
          left = right = false;
        },
        [&](rounds_eaten r) {
          eaten += r.rounds;
          --here;
        });
  }
  if (eaten != each * seats || meals != eaten) joist::exit(joist::exit_reason::of("philosophers: wrong number of rounds"));
  return watch.measured();
}

struct candidate {
  std::uint64_t number;
};
struct no_more {};

/// Keeps the first primes that reach it, and passes on what none of them divides.
void prime_filter(pid sink, std::uint64_t first, std::uint64_t primes_before) {
  constexpr std::size_t room = 1000;
  std::vector<std::uint64_t> primes{first};
  primes.reserve(room);
  pid next;
  for (bool more = true; more;) {
    joist::receive(
        [&](candidate c) {
          for (const std::uint64_t prime : primes) {
            if (c.number % prime == 0) return;
          }
          if (next) {
            joist::send(next, c);
          } else if (primes.size() < room) {
            primes.push_back(c.number);
          } else {
            next = joist::spawn([sink, c, before = primes_before + room] { prime_filter(sink, c.number, before); });
          }
        },
        [&](no_more) { more = false; });
  }
  if (next) {
    joist::send(next, no_more{});
  } else {
    joist::send(sink, count{primes_before + primes.size()});
  }
}

bool is_prime(std::uint64_t odd) {
  for (std::uint64_t d = 3; d * d <= odd; d += 2) {
    if (odd % d == 0) return false;
  }
  return true;
}

/// The numbers below n: 2, with which the first filter begins, and the odd numbers.
measurement sieve(std::uint64_t n) {
  const pid me = joist::self();
  const stopwatch watch;
  const pid first = joist::spawn([me] { prime_filter(me, 2, 0); });
  joist::spawn([first, n] {
    for (std::uint64_t number = 3; number < n; number += 2) joist::send(first, candidate{number});
    joist::send(first, no_more{});
  });
  const std::uint64_t primes = joist::receive<count>().value;
  const measurement m = watch.measured();
  std::uint64_t expected = 1;
  for (std::uint64_t number = 3; number < n; number += 2) expected += is_prime(number) ? 1 : 0;
  if (primes != expected) joist::exit(joist::exit_reason::of("sieve: wrong number of primes"));
  return m;
}

struct transfer {
  pid teller;
  pid to;
  std::int64_t amount;
};
struct deposit {
  pid from;
  joist::ref receipt;
  std::int64_t amount;
};
struct deposited {
  joist::ref receipt;
};
struct transferred {};
struct balance {
  std::int64_t amount;
};

/// While it waits for a receipt, the other messages stay in its mailbox.
void account(pid teller, std::int64_t amount) {
  for (bool open = true; open;) {
    joist::receive(
        [&](transfer t) {
          amount -= t.amount;
          const joist::ref receipt = joist::make_ref();
          joist::send(t.to, deposit{joist::self(), receipt, t.amount});
          joist::receive_reply(receipt,
                               joist::when([&](const deposited& d) { return d.receipt == receipt; }, [](deposited) {}));
          joist::send(t.teller, transferred{});
        },
        [&](deposit d) {
          amount += d.amount;
          joist::send(d.from, deposited{d.receipt});
        },
        [&](leave) { open = false; });
  }
  joist::send(teller, balance{amount});
}

/// Money goes from lower accounts to higher ones, so that no circle of them waits.
measurement banking(std::uint64_t n) {
  constexpr std::uint32_t accounts = 1000;
  constexpr std::int64_t initial = 1'000'000'000;
  const pid teller = joist::self();
  const stopwatch watch;
  std::vector<pid> all;
  for (std::uint32_t id = 0; id < accounts; ++id) all.push_back(joist::spawn([teller] { account(teller, initial); }));
  std::uint32_t random = 123456;
  auto below = [&random](std::uint32_t limit) {
    random = (random * 1309 + 13849) & 65535;
    return random % limit;
  };
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint32_t from = below(accounts / 10 * 8);
    const std::uint32_t to = from + std::max(1U, below(accounts - from));
    joist::send(all[from], transfer{teller, all[to], 1 + below(1000)});
  }
  for (std::uint64_t i = 0; i < n; ++i) joist::receive<transferred>();
  for (const pid a : all) joist::send(a, leave{});
  std::int64_t money = 0;
  for (std::uint32_t id = 0; id < accounts; ++id) money += joist::receive<balance>().amount;
  if (money != accounts * initial) joist::exit(joist::exit_reason::of("banking: money lost or made"));
  return watch.measured();
}

}  // namespace

const std::vector<benchmark>& savina_concurrent_benchmarks() {
  static const std::vector<benchmark> all{
      {"sv_concdict", 200'000, concdict},
      {"sv_philosophers", 200'000, philosophers},
      {"sv_sieve", 100'000, sieve},
      {"sv_banking", 50'000, banking},
  };
  return all;
}

}  // namespace bench
