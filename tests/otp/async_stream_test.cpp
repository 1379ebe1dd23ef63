#include <joist/otp/async_stream.hpp>

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::async_stream;
using joist::exit_reason;
using joist::stream_options;
using joist::stream_timeout;

namespace {

constexpr stream_options at_most(std::size_t tasks) {
  stream_options o;
  o.max_concurrency = tasks;
  return o;
}
stream_options unordered(std::size_t tasks) {
  stream_options o = at_most(tasks);
  o.ordered = false;
  return o;
}
stream_options kills_after(std::chrono::milliseconds limit, std::size_t tasks) {
  stream_options o = at_most(tasks);
  o.timeout = limit;
  o.on_timeout = stream_timeout::kill;
  return o;
}

/// As many tasks at a time as there are elements, fewer, and more.
constexpr std::size_t concurrencies[] = {4, 2, 1, 8};

int sleep_and_return(int milliseconds) {
  joist::sleep_for(std::chrono::milliseconds{milliseconds});
  return milliseconds;
}
int exit_with(int number) { joist::exit(exit_reason::of(number)); }
int hang(int) { wait_for_ever(); }
int hang_unless_0(int number) {
  if (number != 0) wait_for_ever();
  return number;
}

template <class Stream>
auto values_of(Stream&& stream) {
  std::vector<int> values;
  for (auto& got : stream) values.push_back(got.value());
  return values;
}
/// Values, and reasons as negative numbers; 0 is a timeout.
template <class Stream>
auto outcomes_of(Stream&& stream) {
  std::vector<int> all;
  for (auto& got : stream) {
    if (got) {
      all.push_back(*got);
    } else {
      all.push_back(got.error() == exit_reason::timeout ? 0 : -*got.error().template value<int>());
    }
  }
  return all;
}

void expect_nothing_left() {
  const auto me = joist::process_info(joist::self());
  EXPECT(me->links.empty() && me->monitors.empty());
  EXPECT(me->aliases == 0);
  EXPECT(mailbox_stays_empty());
}

/// Also no process; where nothing else runs.
void expect_nobody_left() {
  expect_nothing_left();
  joist::sleep_for(1s);
  EXPECT(joist::processes() == std::vector{joist::self()});
}

/// An endless range that counts what is taken from it, and may throw at some element.
struct counting_range {
  struct iterator {
    using iterator_concept = std::input_iterator_tag;
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    counting_range* range = nullptr;
    int operator*() const {
      if (range->taken == range->throws_at) throw std::runtime_error{"no more"};
      return range->taken;
    }
    iterator& operator++() {
      ++range->taken;
      return *this;
    }
    void operator++(int) { ++range->taken; }
    bool operator==(std::default_sentinel_t) const { return range->taken == range->size; }
  };
  int taken = 0;
  int throws_at = -1;
  int size = -1;  // endless
  iterator begin() { return {this}; }
  static std::default_sentinel_t end() { return {}; }
};

}  // namespace

TEST_CASE("async_stream: results come in the order of the elements, however many run at a time", "[D17]") {
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      for (const std::size_t tasks : concurrencies) {
        EXPECT(
            (values_of(async_stream(std::vector{1, 2, 3, 4}, sleep_and_return, at_most(tasks))) == std::vector{1, 2, 3, 4}));
        EXPECT(
            (values_of(async_stream(std::vector{4, 3, 2, 1}, sleep_and_return, at_most(tasks))) == std::vector{4, 3, 2, 1}));
      }
      expect_nothing_left();
    }
  });
}

TEST_CASE("async_stream: or as they come", "[D17]") {
  in_simulation([] {
    const std::vector<int> down{400, 300, 200, 100};
    EXPECT((values_of(async_stream(down, sleep_and_return, unordered(1))) == std::vector{400, 300, 200, 100}));
    EXPECT((values_of(async_stream(down, sleep_and_return, unordered(4))) == std::vector{100, 200, 300, 400}));
    expect_nobody_left();
  });
}

TEST_CASE("async_stream: as many tasks are alive as may be, and never more", "[D17]") {
  in_simulation([] {
    for (const bool ordered : {false, true}) {
      stream_options o = at_most(3);
      o.ordered = ordered;
      std::vector<int> inputs(20);
      std::iota(inputs.begin(), inputs.end(), 0);
      std::size_t most = 0;
      std::size_t alive = 0;
      const joist::pid me = joist::self();
      struct change {
        int by;
      };
      auto counted = [me](int n) {
        joist::send(me, change{1});
        joist::sleep_for(std::chrono::milliseconds{n % 5});
        joist::send(me, change{-1});
        return n;
      };
      int sum = 0;
      for (auto& got : async_stream(inputs, counted, o)) sum += got.value();
      while (const auto c = joist::receive<change>(joist::after(0s))) {
        alive += static_cast<std::size_t>(c->by);
        most = std::max(most, alive);
      }
      EXPECT(sum == 190 && most == 3);
      expect_nobody_left();
    }
  });
}

TEST_CASE("async_stream: without a number there are as many tasks at a time as workers", "[D17]") {
  on_workers(
      [] {
        stream_options o;
        o.ordered = false;
        counting_range endless;
        for (auto& got : async_stream(endless, hang_unless_0, o)) {
          EXPECT(got.value() == 0);
          EXPECT(endless.taken == 4);  // one is done, four workers have tasks
          break;
        }
        expect_nothing_left();
      },
      5);
}

TEST_CASE("async_stream: elements are taken from the range only when a task is to run; it may be endless", "[D17]") {
  everywhere([] {
    counting_range endless;
    auto same = [](int n) { return n; };
    auto stream = async_stream(endless, same, unordered(2));
    EXPECT(endless.taken == 0);
    int given = 0;
    for (auto& got : stream) {
      EXPECT(got.value() <= endless.taken);
      EXPECT(endless.taken == given + 2);  // one for each task that runs
      if (++given == 10) break;
    }
    EXPECT(given == 10);
  });
}

TEST_CASE("async_stream: nothing comes of an empty range, and no task is started", "[D17]") {
  everywhere([] {
    EXPECT(values_of(async_stream(std::vector<int>{}, exit_with)).empty());
    counting_range none;
    none.size = 0;
    EXPECT(values_of(async_stream(none, exit_with)).empty());
    counting_range three;
    three.size = 3;
    EXPECT((values_of(async_stream(three, sleep_and_return, at_most(8))) == std::vector{0, 1, 2}));
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: a task that fails ends the owner; where exits are trapped it is a result", "[D17][D12]") {
  everywhere([] {
    for (const std::size_t tasks : concurrencies) {
      EXPECT(reason_after([tasks] {
               for (auto& got : async_stream(std::vector{7}, exit_with, at_most(tasks))) (void)got;
             }) == exit_reason::of(7));
      EXPECT(reason_after([tasks] {
               joist::trap_exit(true);
               EXPECT((outcomes_of(async_stream(std::vector{1, 2, 3, 4}, exit_with, at_most(tasks))) ==
                       std::vector{-1, -2, -3, -4}));
               expect_nothing_left();
             }) == exit_reason::normal);
    }
  });
}

TEST_CASE("async_stream: a task that is late ends the caller with timeout, and the others", "[D17]") {
  everywhere([] {
    const auto owner = joist::spawn_monitor([] {
      stream_options o = at_most(3);
      o.timeout = 0s;
      for (auto& got : async_stream(std::vector{1, 2, 3}, hang, o)) (void)got;
    });
    EXPECT(reason_of(owner) == exit_reason::timeout);
  });
  in_simulation([] {
    joist::trap_exit(true);  // the loop ends by an exception that may be caught
    stream_options o = at_most(3);
    o.timeout = 10ms;
    const auto why = joist::catch_end([&] {
      for (auto& got : async_stream(std::vector{1, 2, 3}, hang, o)) (void)got;
    });
    EXPECT(why && *why == exit_reason::timeout);
    expect_nobody_left();
  });
}

TEST_CASE("async_stream: or is killed, and its result is timeout", "[D17]") {
  in_simulation([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      const std::vector<int> inputs{100, 1, 100, 1};
      for (const std::size_t tasks : concurrencies) {
        EXPECT((outcomes_of(async_stream(inputs, sleep_and_return, kills_after(50ms, tasks))) == std::vector{0, 1, 0, 1}));
      }
      stream_options o = kills_after(50ms, 4);
      o.ordered = false;
      EXPECT((outcomes_of(async_stream(inputs, sleep_and_return, o)) == std::vector{1, 1, 0, 0}));
      expect_nobody_left();
    }
  });
}

TEST_CASE("async_stream: a result that crosses its timeout is given, or is timeout, and is never left", "[D17]") {
  in_simulation([] {
    for (const int got : outcomes_of(async_stream(std::vector{5, 5, 5}, sleep_and_return, kills_after(5ms, 3))))
      EXPECT(got == 5 || got == 0);
    expect_nobody_left();
  });
}

TEST_CASE("async_stream: each task has its own time, from its own start", "[D17]") {
  in_simulation([] {
    EXPECT((outcomes_of(async_stream(std::vector(6, 40), sleep_and_return, kills_after(50ms, 2))) == std::vector(6, 40)));
  });
}

TEST_CASE("async_stream: without a limit a task may take any time", "[D17]") {
  in_simulation([] {
    stream_options o;
    o.timeout = joist::infinity;
    EXPECT((values_of(async_stream(std::vector{3'600'000}, sleep_and_return, o)) == std::vector{3'600'000}));
  });
}

TEST_CASE("async_stream: when the loop is left early the other tasks are gone, and no message is left", "[D17]") {
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      for (const std::size_t tasks : concurrencies) {
        std::vector<joist::pid> seen;
        for (auto& got : async_stream(std::vector{0, 1, 2, 3}, hang_unless_0, at_most(tasks))) {
          EXPECT(got.value() == 0);
          seen = joist::process_info(joist::self())->links;
          break;
        }
        for (const joist::pid p : seen) EXPECT(!joist::is_alive(p));
        expect_nothing_left();
      }
    }
  });
}

TEST_CASE("async_stream: also by an exception of the loop, of the range, or of taking an element", "[D17]") {
  everywhere([] {
    auto thrown_by = [](auto&& loop) {
      try {
        loop();
      } catch (const std::runtime_error& e) {
        return std::string{e.what()};
      }
      return std::string{};
    };
    EXPECT(thrown_by([] {
             for (auto& got : async_stream(std::vector{0, 1, 2}, hang_unless_0, at_most(3)))
               if (got) throw std::runtime_error{"enough"};
           }) == "enough");
    expect_nothing_left();
    counting_range breaks;
    breaks.throws_at = 3;
    EXPECT(thrown_by([&] {
             for (auto& got : async_stream(breaks, hang_unless_0, at_most(5))) (void)got;
           }) == "no more");
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: the tasks end with their owner, whenever it is killed", "[D17]") {
  in_simulation(
      [] {
        for (int steps = 0; steps < 20; ++steps) {
          const auto owner = joist::spawn_monitor([] {
            joist::trap_exit(true);
            for (auto& got : async_stream(std::vector{0, 0, 0, 1, 2}, hang_unless_0, kills_after(1ms, 2))) (void)got;
            for (auto& got : async_stream(std::vector{0, 1, 2}, hang_unless_0, at_most(2))) {
              (void)got;
              break;
            }
          });
          for (int i = 0; i < steps; ++i) joist::yield();
          joist::exit(owner.process, exit_reason::kill);
          (void)reason_of(owner);
          expect_nobody_left();
        }
      },
      usual_seeds / 5);
}

TEST_CASE("async_stream: other messages stay where they are, in their order, also downs of others", "[D17]") {
  everywhere([] {
    const joist::pid me = joist::self();
    joist::send(me, joist::down{joist::make_ref(), me, named_reason("fake"), {}});
    joist::send(me, 1);
    auto chats = [me](int n) {
      joist::send(me, joist::down{joist::make_ref(), me, named_reason("fake"), {}});
      joist::send(me, n);
      return n;
    };
    EXPECT((values_of(async_stream(std::vector{2, 3, 4}, chats, at_most(1))) == std::vector{2, 3, 4}));
    for (int i = 1; i <= 4; ++i) {
      EXPECT(joist::receive<joist::down>().reason == named_reason("fake"));
      EXPECT(joist::receive<int>() == i);
    }
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: two may be read at the same time, in one process", "[D17]") {
  everywhere([] {
    auto one = async_stream(std::vector{4, 3, 2, 1}, sleep_and_return, at_most(2));
    auto other = async_stream(std::vector{1, 2, 3, 4}, sleep_and_return, at_most(3));
    auto b = other.begin();
    int rounds = 0;
    for (auto a = one.begin(); a != one.end(); ++a, ++b) {
      EXPECT(a->value() + b->value() == 5);
      ++rounds;
    }
    EXPECT(rounds == 4 && b == other.end());
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: in a task of another one, and each knows its callers", "[D17][D19]") {
  everywhere([] {
    auto inner = [](int) { return joist::callers(); };
    auto outer = [inner](int) {
      const std::vector<int> one{1};
      auto stream = async_stream(one, inner);
      auto seen = stream.begin()->value();
      return std::pair{joist::self(), seen};
    };
    for (auto& got : async_stream(std::vector{1, 2}, outer, at_most(2)))
      EXPECT((got->second == std::vector{got->first, joist::self()}));
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: results come with their inputs where that is asked for", "[D17]") {
  in_simulation([] {
    joist::trap_exit(true);
    const std::vector<int> inputs{100, 1, 7};
    auto works = [](int n) { return n == 7 ? exit_with(n) : sleep_and_return(n); };
    std::vector<int> seen;
    for (auto& [input, got] : async_stream(inputs, joist::with_input(works), kills_after(50ms, 4))) {
      seen.push_back(input);
      if (input == 100) EXPECT(got.error() == exit_reason::timeout);
      if (input == 1) EXPECT(got.value() == 1);
      if (input == 7) EXPECT(got.error() == exit_reason::of(7));
    }
    EXPECT(seen == inputs);
    expect_nobody_left();
  });
}

TEST_CASE("async_stream: a container that it was given gives its elements away, one that it refers to keeps them", "[D17]") {
  everywhere([] {
    std::vector<std::unique_ptr<int>> owned;
    for (int i = 0; i < 3; ++i) owned.push_back(std::make_unique<int>(i));
    auto take = [](std::unique_ptr<int> p) { return *p; };
    EXPECT((values_of(async_stream(std::move(owned), take, at_most(2))) == std::vector{0, 1, 2}));

    std::vector<std::string> words{"one", "three"};
    std::size_t letters = 0;
    for (auto& got : async_stream(words, &std::string::size)) letters += got.value();
    EXPECT(letters == 8);
    EXPECT((words == std::vector<std::string>{"one", "three"}));
    int silent = 0;
    for (auto& got : async_stream(words, [](const std::string&) {})) silent += got.has_value();
    EXPECT(silent == 2);
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: is an input range, that may be moved before it is read", "[D17]") {
  everywhere([] {
    auto made = async_stream(std::vector{1, 2, 3}, [](int n) { return n; });
    static_assert(std::ranges::input_range<decltype(made)>);
    static_assert(!std::copyable<decltype(made)>);
    auto moved = std::move(made);
    int sum = 0;
    std::ranges::for_each(moved, [&sum](auto& got) { sum += got.value(); });
    EXPECT(sum == 6);
    for (auto& got : moved) EXPECT(!got);  // it was read
    expect_nothing_left();
  });
}

TEST_CASE("async_stream: thousands of elements, a hundred at a time", "[D17]") {
  on_workers(
      [] {
        constexpr int count = checked_build ? 500 : 5'000;
        counting_range numbers;
        numbers.size = count;
        int expected = 0;
        for (auto& got : async_stream(
                 numbers, [](int n) { return n; }, at_most(100)))
          EXPECT(got.value() == expected++);
        EXPECT(expected == count);
        long sum = 0;
        numbers.taken = 0;
        for (auto& got : async_stream(
                 numbers, [](int n) { return n; }, unordered(100)))
          sum += got.value();
        EXPECT(sum == long{count} * (count - 1) / 2);
        expect_nothing_left();
      },
      3);
}
