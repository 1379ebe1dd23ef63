#include <joist/otp/pg.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::pg_scope;
using joist::pid;
using scope = joist::pg_scope<std::string>;
using joined = joist::pg_joined<std::string>;
using left = joist::pg_left<std::string>;

namespace {

joist::monitored idle() {
  return joist::spawn_monitor([] { wait_for_ever(); });
}

void end(const joist::monitored& m) {
  joist::exit(m.process, exit_reason::kill);
  (void)reason_of(m);
}

std::vector<pid> times(std::size_t n, pid process) { return std::vector<pid>(n, process); }

std::vector<std::string> sorted(std::vector<std::string> groups) {
  std::sort(groups.begin(), groups.end());
  return groups;
}

/// A group whose hash may fail.
struct fragile {
  int number;
  friend bool operator==(const fragile&, const fragile&) = default;
};
std::atomic<bool> hash_fails{false};

std::size_t monitors_of(pid process) { return joist::process_info(process)->monitored_by.size(); }

}  // namespace

template <>
struct std::hash<fragile> {
  std::size_t operator()(const fragile& g) const {
    if (g.number < 0 && hash_fails) throw std::runtime_error{"no hash"};
    return static_cast<std::size_t>(g.number);
  }
};

TEST_CASE("pg: who has joined n times is a member n times, leaves once at a time, and then is no member", "[P12]") {
  everywhere([] {
    const scope s;
    joist::start_pg(s);
    const pid me = joist::self();
    EXPECT(s.get_members("a").empty() && s.which_groups().empty() && !s.leave("a"));
    for (std::size_t n = 1; n <= 3; ++n) {
      s.join("a");
      EXPECT(s.get_members("a") == times(n, me));
    }
    s.join("b");
    EXPECT(sorted(s.which_groups()) == (std::vector<std::string>{"a", "b"}));
    EXPECT(monitors_of(me) == 1);
    for (std::size_t n = 3; n-- > 0;) {
      EXPECT(s.leave("a"));
      EXPECT(s.get_members("a") == times(n, me));
    }
    EXPECT(!s.leave("a") && s.which_groups() == std::vector<std::string>{"b"});
    EXPECT(s.leave("b") && s.which_groups().empty());
    EXPECT(monitors_of(me) == 0);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: any process puts others into groups and takes them out, several at a time", "[P12]") {
  everywhere([] {
    const scope s;
    joist::start_pg(s);
    const auto a = idle();
    const auto b = idle();
    s.join("g", {a.process, b.process, a.process});
    EXPECT(s.get_members("g") == (std::vector{a.process, b.process, a.process}));
    const auto other = joist::spawn_monitor([s, a] { EXPECT(s.leave("g", a.process)); });
    EXPECT(reason_of(other) == exit_reason::normal);
    EXPECT(s.leave("g", {joist::self(), b.process}));  // one of them is a member
    EXPECT(s.get_members("g") == std::vector{a.process});
    EXPECT(!s.leave("g", {joist::self(), b.process}));
    EXPECT(s.get_members("g") == std::vector{a.process});
    end(a);
    end(b);
    while (!s.which_groups().empty()) joist::yield();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: who ends leaves all groups, and groups without members vanish", "[P12]") {
  everywhere([] {
    const scope s;
    const pid server = joist::start_pg(s);
    s.join("shared");
    for (int round = 0; round < 3; ++round) {
      const auto member = idle();
      for (int i = 0; i < 150; ++i) s.join(fmt::format("group {}", i % 100), member.process);
      s.join("shared", member.process);
      EXPECT(s.which_groups().size() == 101 && s.get_members("group 7").size() == 2);
      end(member);
      while (s.which_groups().size() > 1) joist::yield();
      EXPECT(s.get_members("shared") == std::vector{joist::self()});
    }
    EXPECT(s.process() == server && joist::process_info(server)->monitors == std::vector{joist::self()});
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: scopes have nothing to do with each other, and groups may be of any type", "[P12]") {
  everywhere([] {
    const scope first;
    const scope second;
    const pg_scope<int> numbers;
    joist::start_pg(first);
    joist::start_pg(second);
    joist::start_pg(numbers);
    first.join("a");
    numbers.join(1);
    EXPECT(second.which_groups().empty() && !second.leave("a"));
    EXPECT(numbers.get_members(1) == std::vector{joist::self()} && first.get_members("a").size() == 1);
    EXPECT(!(first == second));
  });
}

TEST_CASE("pg: who watches a group knows its members, and is told of those who join and leave, in their order", "[P12]") {
  everywhere([] {
    const scope s;
    joist::start_pg(s);
    const auto a = idle();
    const pid me = joist::self();
    s.join("g", {me, me});
    const auto watch = s.monitor("g");
    EXPECT(watch.members == times(2, me));
    s.join("other", a.process);
    s.join("g", {a.process, a.process});
    const auto came = joist::receive<joined>();
    EXPECT(came.monitor == watch.monitor && came.group == "g" && came.processes == times(2, a.process));
    s.leave("g", {me, a.process, me, me});
    const auto went = joist::receive<left>();
    EXPECT(went.monitor == watch.monitor && went.group == "g" && went.processes == (std::vector{me, a.process, me}));
    s.leave("g", me);  // no member: nothing is told
    end(a);
    EXPECT(joist::receive<left>().processes == std::vector{a.process});
    s.join("g");
    EXPECT(s.demonitor(watch.monitor) && !s.demonitor(watch.monitor));
    s.leave("g");
    EXPECT(monitors_of(me) == 0);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: who watches the scope hears of all groups, and a watcher that ends is forgotten", "[P12]") {
  everywhere([] {
    const scope s;
    const pid server = joist::start_pg(s);
    s.join("a");
    s.join("b");
    const auto gone = joist::spawn_monitor([s] {
      (void)s.monitor_scope();
      (void)s.monitor("a");
      (void)s.monitor("never");
    });
    EXPECT(reason_of(gone) == exit_reason::normal);
    auto watch = s.monitor_scope();
    std::sort(watch.groups.begin(), watch.groups.end());
    EXPECT(watch.groups.size() == 2 && watch.groups[0].first == "a" && watch.groups[1].first == "b");
    EXPECT(watch.groups[0].second == std::vector{joist::self()});
    const auto of_a = s.monitor("a");
    s.join("c");
    EXPECT(joist::receive<joined>().group == "c");
    s.leave("a");
    for (int i = 0; i < 2; ++i) {
      const auto went = joist::receive<left>();
      EXPECT(went.group == "a" && (went.monitor == watch.monitor || went.monitor == of_a.monitor));
    }
    EXPECT(s.monitor("never").members.empty());
    EXPECT(mailbox_stays_empty());
    while (joist::process_info(server)->monitors.size() != 4) joist::yield();  // this process: three watches, and a member
    EXPECT(s.demonitor(watch.monitor) && s.demonitor(of_a.monitor));
  });
}

TEST_CASE("pg: what a watcher is told adds up to the members, whoever joins, leaves and dies", "[P12][P13]") {
  everywhere([] {
    const scope s;
    joist::start_pg(s);
    const auto watch = s.monitor("g");
    std::vector<joist::monitored> all;
    for (int n = 0; n < 5; ++n) {
      all.push_back(joist::spawn_monitor([s, n] {
        for (int i = 0; i < 6; ++i) {
          s.join("g");
          if (i % 2 == n % 2) EXPECT(s.leave("g"));
        }
        if (n == 4) throw std::runtime_error{"crash"};
      }));
    }
    joist::exit(all[0].process, exit_reason::kill);
    for (const auto& m : all) (void)reason_of(m);
    while (!s.get_members("g").empty()) joist::yield();
    EXPECT(s.which_groups().empty());
    (void)s.leave("g");  // the scope has told all of it
    std::map<pid, int> known;
    bool more = true;
    while (more) {
      joist::receive(
          [&](joined e) {
            for (const pid p : e.processes) ++known[p];
          },
          [&](left e) {
            for (const pid p : e.processes) EXPECT(--known[p] >= 0);
          },
          joist::after(0ms, [&] { more = false; }));
    }
    EXPECT(std::all_of(known.begin(), known.end(), [](const auto& k) { return k.second == 0; }));
    EXPECT(s.demonitor(watch.monitor));
  });
}

TEST_CASE("pg: to leave and to die at once is one leave", "[P13]") {
  everywhere([] {
    const scope s;
    const pid server = joist::start_pg(s);
    const pid me = joist::self();
    const auto watch = s.monitor("g");
    for (int round = 0; round < 5; ++round) {
      const auto member = joist::spawn_monitor([] { joist::receive<go>(); });
      s.join("g", member.process);
      const auto leaves = joist::spawn_monitor([s, member, me] { joist::send(me, s.leave("g", member.process)); });
      joist::send(member.process, go{});
      const bool by_leave = joist::receive<bool>();
      EXPECT(reason_of(leaves) == exit_reason::normal && reason_of(member) == exit_reason::normal);
      while (!s.which_groups().empty()) joist::yield();
      EXPECT(joist::receive<joined>().processes == std::vector{member.process});
      EXPECT(joist::receive<left>().processes == std::vector{member.process});
      EXPECT(by_leave || !s.leave("g", member.process));
    }
    EXPECT(s.demonitor(watch.monitor));
    EXPECT(mailbox_stays_empty());
    EXPECT(joist::process_info(server)->monitors.empty());
  });
}

TEST_CASE("pg: a process that is dead already joins and leaves; those of other runtimes are refused", "[P13]") {
  everywhere([] {
    const scope s;
    joist::start_pg(s);
    const auto watch = s.monitor("g");
    const auto dead = idle();
    end(dead);
    s.join("g", dead.process);
    EXPECT(joist::receive<joined>().processes == std::vector{dead.process});
    EXPECT(joist::receive<left>().processes == std::vector{dead.process});
    EXPECT(s.get_members("g").empty() && watch.members.empty());
    const pid foreign{joist::self().node() + 1, 1, 1};
    for (const pid p : {foreign, pid{}}) {
      EXPECT(refuses(joist::errc::bad_argument, [&] { s.join("g", p); }));
      EXPECT(refuses(joist::errc::bad_argument, [&] { s.leave("g", {joist::self(), p}); }));
    }
    EXPECT(s.which_groups().empty());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: a scope that crashes has its members when it is started again, but for those who have ended", "[P12]") {
  everywhere([] {
    const scope s;
    joist::supervisor_options often;
    often.intensity = 10;
    const auto top = joist::start_supervisor(often, {joist::child_pg("pg", s)});
    const auto a = idle();
    const auto b = idle();
    s.join("g", {a.process, b.process});
    const pid first = s.process();
    joist::exit(first, exit_reason::kill);
    end(a);
    while (top.which_child("pg")->process == first) joist::yield();
    while (s.get_members("g") != std::vector{b.process}) joist::yield();
    EXPECT(s.leave("g", b.process) && s.which_groups().empty());
    s.join("g", b.process);
    end(b);
    while (!s.which_groups().empty()) joist::yield();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: a scope that crashes by an exception keeps its members as one that is killed does", "[P12]") {
  everywhere([] {
    const pg_scope<fragile> s;
    const auto top = joist::start_supervisor({}, {joist::child_pg("pg", s)});
    s.join(fragile{1});
    const pid first = s.process();
    hash_fails = true;
    EXPECT(reason_after([s] { s.join(fragile{-1}); }).error() != nullptr);
    hash_fails = false;
    while (top.which_child("pg")->process == first) joist::yield();
    EXPECT(s.get_members(fragile{1}) == std::vector{joist::self()});
    EXPECT(s.leave(fragile{1}) && s.which_groups().empty());
  });
}

TEST_CASE("pg: a scope runs once; one that was stopped has no members, and one that does not run takes none", "[P12]") {
  everywhere([] {
    const scope s;
    EXPECT(s.get_members("g").empty() && !s.process());
    EXPECT(refuses(joist::errc::not_running, [&] { s.join("g"); }));
    EXPECT(refuses(joist::errc::not_running, [&] { (void)s.monitor("g"); }));
    const auto top = joist::start_supervisor({}, {joist::child_pg("pg", s)});
    const auto second = joist::try_start_pg(s);
    EXPECT(!second && second.error().what == joist::start_error::kind::already_started);
    EXPECT(second.error().process == s.process());
    s.join("g");
    EXPECT(top.terminate_child("pg").has_value());
    EXPECT(s.which_groups().empty() && !s.process());
    EXPECT(refuses(joist::errc::not_running, [&] { s.join("g"); }));
    EXPECT(top.restart_child("pg").has_value());
    s.join("g");
    EXPECT(s.get_members("g").size() == 1);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("pg: ten thousand groups come, are watched and vanish, and the scope answers meanwhile", "[P13]") {
  constexpr int groups = checked_build ? 1000 : 10'000;
  on_workers(
      [] {
        const pg_scope<int> s;
        joist::start_pg(s);
        s.join(-1);
        const auto watch = s.monitor_scope();
        const auto herd = joist::spawn_monitor([s] {
          for (int g = 0; g < groups / 2; ++g) s.join(g);
          joist::receive([](go) {});
          for (int g = groups / 2; g < groups; ++g) s.join(g);
          wait_for_ever();
        });
        bool asked_meanwhile = false;
        while (s.which_groups().size() <= groups) {  // while they come
          s.join(-1);
          EXPECT(s.leave(-1));
          if (!std::exchange(asked_meanwhile, true)) joist::send(herd.process, go{});
        }
        EXPECT(asked_meanwhile);
        const auto begin = joist::clock::now();
        joist::exit(herd.process, exit_reason::kill);
        (void)reason_of(herd);
        EXPECT(s.get_members(-1) == std::vector{joist::self()});
        s.join(-1);  // in turn with the end of ten thousand memberships
        while (s.which_groups().size() > 1) joist::yield();
        EXPECT(joist::clock::now() - begin < 5s);
        EXPECT(s.get_members(-1).size() == 2);
        int told = 0;
        while (joist::receive<joist::pg_left<int>>([](const auto& e) { return e.group >= 0; }, joist::after(1s))) {
          if (++told == groups) break;
        }
        EXPECT(told == groups);
        EXPECT(s.demonitor(watch.monitor));
        EXPECT(mailbox_stays_empty());
      },
      2);
}

TEST_CASE("pg: threads that are no processes read the members while these come and go", "[P13]") {
  const scope s;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> seen{0};
  std::thread reader{[&] {
    while (!done) {
      for (const std::string& group : s.which_groups()) seen += s.get_members(group).size();
    }
  }};
  on_workers(
      [s, &seen] {
        const auto top = joist::start_supervisor({}, {joist::child_pg("pg", s)});
        const std::uint64_t before = seen;
        while (seen == before) {
          std::vector<joist::monitored> all;
          for (int n = 0; n < 10; ++n) {
            all.push_back(joist::spawn_monitor([s] {
              for (int i = 0; i < 20; ++i) s.join(fmt::format("group {}", i));
            }));
          }
          for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
        }
        while (!s.which_groups().empty()) joist::yield();
        top.stop();
      },
      5);
  done = true;
  reader.join();
  CHECK(seen > 0);
}
