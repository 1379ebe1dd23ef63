#include <joist/otp/partition_supervisor.hpp>

#include <joist/otp/dynamic_supervisor.hpp>

#include <set>
#include <string>

#include "support/employees.hpp"

using namespace support;
using joist::partition_supervisor_options;
using joist::partition_supervisor_ref;

namespace {

partition_supervisor_options parts(std::size_t n) {
  partition_supervisor_options o;
  o.partitions = n;
  o.intensity = 100;
  return o;
}

}  // namespace

TEST_CASE("partition_supervisor: as many partitions as workers, each made for its number; a key always leads to the same",
          "[D08]") {
  everywhere([] {
    joist::trap_exit(true);
    const partition_supervisor_ref p =
        joist::start_partition_supervisor(parts(0), [](std::size_t n) { return employ("part" + std::to_string(n)); });
    EXPECT(p.partitions() == joist::system_info().workers);
    for (std::size_t n = 0; n < p.partitions(); ++n) {
      EXPECT(begins(("part" + std::to_string(n)).c_str()) == p.partition(n));
    }
    for (int key = 0; key < 20; ++key) EXPECT(p.of(key) == p.of(key));
    EXPECT(p.of(std::string{"user"}) == p.of(std::string{"user"}));
    EXPECT(p.count_children().active == p.partitions());
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)p.partition(p.partitions()); }));
    p.stop();
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::normal);
  });
}

TEST_CASE("partition_supervisor: a partition that is started again is found by its keys", "[D08]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto [spec, p] = joist::child_partition_supervisor("parts", parts(3), [](std::size_t) { return employ("part"); });
    EXPECT(p.process() == pid{});
    const supervisor_ref top = joist::start_supervisor(often(), {spec});
    for (int i = 0; i < 3; ++i) (void)begins("part");
    std::set<pid> found;
    for (int key = 0; key < 30; ++key) found.insert(p.of(key));
    EXPECT(found.size() == 3);
    const pid old = p.of(7);
    end(old);
    stops("part", named_reason("crash"));
    const pid fresh = begins("part");
    (void)p.count_children();
    EXPECT(p.of(7) == fresh);
    const pid supervisor = p.process();
    joist::exit(supervisor, exit_reason::kill);  // the address holds
    for (int i = 0; i < 3; ++i) (void)joist::receive<stopped>();
    for (int i = 0; i < 3; ++i) (void)joist::receive<began>();
    (void)top.count_children();
    EXPECT(p.process() != supervisor && p.count_children().active == 3);
    top.stop();
    for (int i = 0; i < 3; ++i) stops("part");
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("partition_supervisor: shrinks and grows within what it had at the start", "[D09]") {
  everywhere([] {
    joist::trap_exit(true);
    const partition_supervisor_ref p =
        joist::start_partition_supervisor(parts(4), [](std::size_t) { return employ("part"); });
    for (int i = 0; i < 4; ++i) (void)begins("part");
    const pid first = p.partition(0);
    EXPECT(p.resize(1).has_value());
    for (int i = 0; i < 3; ++i) stops("part");
    for (int key = 0; key < 10; ++key) EXPECT(p.of(key) == first);
    EXPECT(p.resize(3).has_value());
    for (int i = 0; i < 2; ++i) (void)begins("part");
    std::set<pid> found;
    for (int key = 0; key < 30; ++key) found.insert(p.of(key));
    EXPECT(found.size() == 3 && p.count_children().active == 3);
    EXPECT(p.resize(0).has_value());
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)p.of(1); }));
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)p.resize(5); }));
    EXPECT(p.resize(4).has_value() && p.count_children().active == 4);
    p.stop();
  });
}

TEST_CASE("partition_supervisor: one that does not start is a failed start, and a reference to nothing is refused",
          "[D08]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto failed = joist::try_start_partition_supervisor(parts(2), [](std::size_t) { return moody("part", times(1)); });
    EXPECT(!failed && failed.error().what == start_error::kind::failed);
    EXPECT(refuses(joist::errc::bad_argument, [] { (void)partition_supervisor_ref{}.of(1); }));
    EXPECT(mailbox_stays_empty());
  });
}
