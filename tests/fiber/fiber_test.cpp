// fiber/switch.hpp: what lives across a switch stays what it was: values, exceptions, errno, whichever thread goes on.
#include "fiber/fiber.hpp"

#include <array>
#include <cerrno>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fiber/stack_pool.hpp"
#include "fiber/switch.hpp"
#include "support/catch.hpp"

using namespace joist;

namespace {

/// A fiber with a stack of its own that runs `body`, which waits by calling its argument.
class strand {
 public:
  using body = std::function<void(const std::function<void()>& wait)>;

  explicit strand(body b) : body_{std::move(b)} {
    pool_.assign_own(fiber_.control, std::size_t{64} << 10);
    fiber_.owner = this;
  }
  strand(const strand&) = delete;
  strand& operator=(const strand&) = delete;
  ~strand() {
    fiber::forget(fiber_.control);
    pool_.give_back(fiber_.control, cache_);
  }

  /// Runs it on this thread until it waits. False when it has ended.
  bool resume() {
    fiber::thread_frame thread;
    fiber::describe_thread(thread, nullptr);
    fiber::enter(fiber_.control, thread, &strand::run);
    return !ended_;
  }

 private:
  struct owned_fiber {
    fiber::fiber control;  // first: a fiber is found by its address
    strand* owner = nullptr;
  };

  static void run(fiber::fiber& f, fiber::thread_frame& thread) {
    auto& self = *reinterpret_cast<owned_fiber&>(f).owner;
    self.thread_ = &thread;
    self.body_([&self] { self.thread_ = &fiber::leave(self.fiber_.control, *self.thread_, false); });
    self.ended_ = true;
    (void)fiber::leave(self.fiber_.control, *self.thread_, true);
  }

  fiber::stack_pool pool_{1, std::size_t{16} << 10};
  fiber::slot_cache cache_;
  owned_fiber fiber_;
  fiber::thread_frame* thread_ = nullptr;
  body body_;
  bool ended_ = false;
};

void on_another_thread(const std::function<void()>& f) { std::thread{f}.join(); }

/// What destructors see of exceptions under way.
struct counts_uncaught {
  int& seen;
  ~counts_uncaught() { seen = std::uncaught_exceptions(); }
};

}  // namespace

TEST_CASE("fiber: goes on where it waited, with all its values, on any thread") {
  std::vector<double> results;
  strand s{[&](const auto& wait) {
    // More values than registers, of both kinds, all in use across the switches.
    std::array<std::uint64_t, 20> numbers{};
    std::array<double, 20> fractions{};
    for (std::size_t i = 0; i < 20; ++i) {
      numbers[i] = i * 0x9e3779b97f4a7c15U;
      fractions[i] = 1.0 / static_cast<double>(i + 1);
    }
    double a = fractions[3];
    double b = fractions[7];
    std::uint64_t n = numbers[11];
    for (int round = 0; round < 100; ++round) {
      wait();
      a = a * 1.5 - b;
      b += static_cast<double>(n % 7);
      n = n * 31 + numbers[static_cast<std::size_t>(round) % 20];
      results.push_back(a + b + fractions[static_cast<std::size_t>(round) % 20]);
    }
  }};
  CHECK(s.resume());
  for (int i = 0; i < 99; ++i) {
    if (i % 2 == 0) {
      CHECK(s.resume());
    } else {
      on_another_thread([&] { s.resume(); });
    }
  }
  CHECK(!s.resume());
  std::vector<double> expected;
  strand plain{[&](const auto&) {
    std::array<std::uint64_t, 20> numbers{};
    std::array<double, 20> fractions{};
    for (std::size_t i = 0; i < 20; ++i) {
      numbers[i] = i * 0x9e3779b97f4a7c15U;
      fractions[i] = 1.0 / static_cast<double>(i + 1);
    }
    double a = fractions[3];
    double b = fractions[7];
    std::uint64_t n = numbers[11];
    for (int round = 0; round < 100; ++round) {
      a = a * 1.5 - b;
      b += static_cast<double>(n % 7);
      n = n * 31 + numbers[static_cast<std::size_t>(round) % 20];
      expected.push_back(a + b + fractions[static_cast<std::size_t>(round) % 20]);
    }
  }};
  CHECK(!plain.resume());
  CHECK(results == expected);
}

TEST_CASE("fiber: exceptions caught and under way belong to it, whoever else throws meanwhile") {
  std::string caught_by_fiber;
  int uncaught_in_destructor = -1;
  strand s{[&](const auto& wait) {
    try {
      throw std::runtime_error{"outer"};
    } catch (const std::runtime_error& outer) {
      wait();
      try {
        const counts_uncaught counter{uncaught_in_destructor};
        throw std::logic_error{"inner"};
      } catch (const std::logic_error& inner) {
        wait();
        caught_by_fiber = std::string{outer.what()} + " " + inner.what();
      }
      try {
        throw;  // the outer one
      } catch (const std::runtime_error& again) {
        caught_by_fiber += std::string{" "} + again.what();
      }
    }
  }};
  CHECK(s.resume());
  CHECK(std::current_exception() == nullptr);
  try {
    throw 1;
  } catch (int one) {
    CHECK(one == 1);
  }
  on_another_thread([&] {
    s.resume();
    if (std::current_exception() != nullptr) caught_by_fiber = "the thread has an exception of the fiber";
  });
  CHECK(!s.resume());
  CHECK(caught_by_fiber == "outer inner outer");
  CHECK(uncaught_in_destructor == 1);
}

TEST_CASE("fiber: a wait in a destructor during unwinding keeps the count of exceptions of each side") {
  int before = -1;
  int after = -1;
  std::string end;
  strand s{[&](const auto& wait) {
    struct waits {
      const std::function<void()>& wait;
      int& before;
      int& after;
      ~waits() {
        before = std::uncaught_exceptions();
        wait();
        after = std::uncaught_exceptions();
      }
    };
    try {
      const waits w{wait, before, after};
      throw std::runtime_error{"under way"};
    } catch (const std::runtime_error& e) {
      end = e.what();
    }
  }};
  CHECK(s.resume());
  CHECK(std::uncaught_exceptions() == 0);
  on_another_thread([&] { s.resume(); });
  CHECK(before == 1);
  CHECK(after == 1);
  CHECK(end == "under way");
}

TEST_CASE("fiber: errno is its own") {
  int seen = 0;
  strand s{[&](const auto& wait) {
    errno = EAGAIN;
    wait();
    seen = errno;
  }};
  CHECK(s.resume());
  errno = ENOENT;
  s.resume();
  CHECK(seen == EAGAIN);
}
