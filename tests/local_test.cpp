// joist/local.hpp
#include <atomic>
#include <memory>
#include <utility>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

process_local<int> depth;
process_local<std::shared_ptr<const int>> held;

}  // namespace

TEST_CASE("process_local: each process has its own, made at the first look") {
  support::everywhere([] {
    EXPECT(!depth.has_value());
    depth.get() = 1;
    EXPECT(support::reason_after([] {
             EXPECT(!depth.has_value() && depth.get() == 0);
             ++depth.get();
             yield();  // perhaps to another thread
             EXPECT(depth.get() == 1);
           }) == exit_reason::normal);
    EXPECT(depth.get() == 1);
  });
}

TEST_CASE("process_local: is destroyed with its process, however that ends") {
  support::everywhere([] {
    const auto payload = std::make_shared<const int>(1);
    EXPECT(support::reason_after([payload] { held.get() = payload; }) == exit_reason::normal);
    EXPECT(payload.use_count() == 1);
  });
  CHECK(support::refuses(errc::not_a_process, [] { (void)depth.get(); }));
}

namespace {

template <int N>
struct needs_another {
  int number = 0;
  needs_another();
};
template <int N>
process_local<needs_another<N>> chained;

template <int N>
needs_another<N>::needs_another() {
  if constexpr (N > 0) number = chained<N - 1>.get().number + 1;
}

}  // namespace

TEST_CASE("process_local: the making of one may ask for others") {
  support::everywhere([] {
    EXPECT(support::reason_after([] {
             EXPECT(chained<20>.get().number == 20);
             chained<20>.get().number = 7;
             EXPECT(chained<20>.get().number == 7);
             EXPECT(chained<19>.get().number == 19);
           }) == exit_reason::normal);
  });
}

namespace {

/// Made when it is asked for, and counted.
struct counted {
  counted() { ++alive; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
  int value = 0;
  static inline std::atomic<int> alive{0};
};
process_local<counted> late;

struct looks_at_its_end {
  looks_at_its_end() = default;
  looks_at_its_end(looks_at_its_end&& from) noexcept : looks{std::exchange(from.looks, false)} {}
  looks_at_its_end& operator=(looks_at_its_end&&) = delete;
  ~looks_at_its_end() {
    if (looks) ++late.get().value;
  }
  bool looks = true;
};

}  // namespace
template <>
struct joist::enable_sendable<looks_at_its_end> : std::true_type {};

TEST_CASE("process_local: one that is made while its process is cleared away is destroyed, too") {
  support::everywhere([] {
    const monitored full = spawn_monitor([] { receive<support::go>(); });
    send(full.process, looks_at_its_end{});
    send(full.process, support::go{});
    EXPECT(support::reason_of(full) == exit_reason::normal);
    // Its place is used again when all is cleared.
    while (counted::alive > 0) yield();
  });
}
