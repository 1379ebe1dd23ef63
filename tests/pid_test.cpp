// Pids: joist/pid.hpp. The ids are those of docs/semantics.md.
#include <set>
#include <unordered_set>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::reason_of;

namespace {

// Every call answers for a pid that names nobody any more, at once.
void expect_nobody(pid stale) {
  EXPECT(!is_alive(stale) && has_ended(stale));
  EXPECT(!process_info(stale));
  const ref m = monitor(stale);
  const auto d = receive<down>(after(1h));
  EXPECT(d && d->monitor == m && d->process == stale && d->reason == exit_reason::noproc);
  EXPECT(support::refuses(stale ? errc::no_process : errc::bad_argument, [&] { link(stale); }));
  EXPECT(support::refuses(errc::no_process, [&] { suspend(stale); }));
  EXPECT(support::refuses(errc::no_process, [&] { resume(stale); }));
  EXPECT(support::refuses(errc::no_process, [&] { register_name("stale", stale); }));
  EXPECT(send(stale, 1) == send_result::sent);
  joist::exit(stale, exit_reason::kill);
  unlink(stale);
  EXPECT(support::mailbox_stays_empty(0ms));
}

}  // namespace

TEST_CASE("pid: parts and value go together", "[M19]") {
  const pid p{5, 77, 1234};
  CHECK(p.node() == 5);
  CHECK(p.index() == 77);
  CHECK(p.generation() == 1234);
  CHECK(pid::from_value(p.value()) == p);
  CHECK(to_string(p) == "<5.77.1234>");
  CHECK(static_cast<bool>(p));
  CHECK_FALSE(static_cast<bool>(pid{}));
  const pid most{(1U << pid::node_bits) - 1, (1U << pid::index_bits) - 1, (1U << pid::generation_bits) - 1};
  CHECK(most.node() == (1U << pid::node_bits) - 1);
  CHECK(most.index() == (1U << pid::index_bits) - 1);
  CHECK(most.generation() == (1U << pid::generation_bits) - 1);
}

TEST_CASE("pid: none is used twice, though places are", "[M19]") {
  support::everywhere([] {
    std::unordered_set<pid> seen{self()};
    std::set<std::uint32_t> places;
    for (int i = 0; i < 200; ++i) {
      const auto child = spawn_monitor([] {});
      EXPECT(seen.insert(child.process).second);
      places.insert(child.process.index());
      (void)reason_of(child);
    }
    EXPECT(places.size() < 200);
  });
}

TEST_CASE("pid: one of an earlier process names nobody, though its place is used again", "[M19]") {
  support::everywhere([] {
    const auto first = spawn_monitor([] {});
    (void)reason_of(first);
    std::vector<pid> living;
    for (int i = 0; i < 50; ++i) living.push_back(spawn([] { support::wait_for_ever(); }));
    expect_nobody(first.process);
    for (const pid p : living) {
      EXPECT(is_alive(p));
      joist::exit(p, exit_reason::kill);
    }
    expect_nobody(pid{});
  });
}

TEST_CASE("pid: one of an earlier runtime names nobody in a later one", "[M19]") {
  pid former;
  {
    runtime rt{support::quiet()};
    former = rt.spawn([] { support::wait_for_ever(); });
    CHECK(rt.stop(5s).clean());
  }
  for (int i = 0; i < 3; ++i) {
    runtime rt{support::quiet()};
    const auto reason = rt.ask([former] {
      EXPECT(self().node() != former.node() || self().generation() > former.generation());
      return support::reason_after([former] { expect_nobody(former); });
    });
    CHECK(reason.to_string() == "normal");
  }
  CHECK(send(former, 1) == send_result::sent);
  joist::exit(former, exit_reason::kill);
}

TEST_CASE("pid: thousands of runtimes later, one of the first still names nobody", "[M19]") {
  pid former;
  const int more_than_node_numbers = support::checked_build ? 300 : 4100;  // so that these are used again
  for (int i = 0; i < more_than_node_numbers; ++i) {
    runtime rt{support::quiet(1)};
    const bool right =
        rt.ask([former] { return !former || (!is_alive(former) && self() != former && spawn([] {}) != former); });
    REQUIRE(right);
    if (!former) former = rt.ask([] { return spawn([] {}); });
  }
}

TEST_CASE("pid: a process of another running runtime is alive, and can be sent to, watched and ended", "[M19]") {
  runtime one{support::quiet(2)};
  runtime two{support::quiet(2)};
  const pid there = two.spawn([] { support::wait_for_ever(); });
  const auto reason = one.ask([there] {
    return support::reason_after([there] {
      EXPECT(send(there, 1) == send_result::sent);
      const ref m = monitor(there);
      EXPECT(process_info(there).has_value());
      EXPECT(is_alive(there));
      EXPECT(demonitor(m));
      const ref last = monitor(there);
      joist::exit(there, exit_reason::kill);
      const auto d = receive<down>(after(10s));
      EXPECT(d && d->monitor == last && d->reason == exit_reason::killed);
      EXPECT(!is_alive(there));
    });
  });
  CHECK(reason.to_string() == "normal");
}
