#include <joist/otp/dynamic_supervisor.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/employees.hpp"

using namespace support;
using joist::dynamic_supervisor_options;
using joist::dynamic_supervisor_ref;

namespace {

dynamic_supervisor_options often_dynamic() {
  dynamic_supervisor_options o;
  o.intensity = 100;
  return o;
}

pid start(dynamic_supervisor_ref s, child_spec spec) {
  const auto started = s.start_child(std::move(spec));
  EXPECT(started.has_value());
  return started->process;
}

void settle(dynamic_supervisor_ref s) { (void)s.count_children(); }

// Stops a supervisor as its parent does, and says why it ended.
exit_reason stopped_by_parent(dynamic_supervisor_ref s) {
  joist::exit(s, exit_reason::shutdown);
  return joist::receive<joist::exited>([s](const joist::exited& e) { return e.process == s.process(); }).reason;
}

}  // namespace

TEST_CASE("dynamic_supervisor: starts with nobody, lists the newest first, counts, and gives specs by process",
          "[S14][S70]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    EXPECT(s.which_children().empty() && s.count_children().specs == 0 && s.module().empty());
    std::vector<pid> made;
    for (const char* id : {"a", "b", "a"}) made.push_back(start(s, employ(id)));  // an id twice
    for (const char* id : {"a", "b", "a"}) (void)begins(id);
    const std::vector<child_info> children = s.which_children();
    EXPECT(children.size() == 3 && children[0].process == made[2] && children[2].process == made[0]);
    EXPECT(s.get_childspec(made[1])->id == "b" && !s.get_childspec(made[1])->significant);
    EXPECT(!s.get_childspec(joist::self()).has_value());
    const joist::child_counts n = s.count_children();
    EXPECT(n.specs == 3 && n.active == 3 && n.workers == 3 && n.supervisors == 0);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    for (int i = 0; i < 3; ++i) EXPECT(joist::receive<stopped>().reason == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: one that ignores its start is not kept, one that fails is refused with its reason",
          "[S06][S11][D02]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    for (const restart_type type : {restart_type::permanent, restart_type::temporary})
      EXPECT(start(s, ignoring("ignores", type)) == pid{});
    const auto refused = s.start_child(moody("moody", times(1)));
    EXPECT(!refused && refused.error().what == kind::start_failed && refused.error().start.reason == named_reason("moody"));
    child_spec throws = employ("throws");
    throws.start = []() -> joist::result<joist::started_child, start_error> { throw std::runtime_error{"no"}; };
    EXPECT(s.start_child(throws).error().start.reason.error()->what == "no");
    throws.start = []() -> joist::result<joist::started_child, start_error> { joist::exit(named_reason("left")); };
    EXPECT(s.start_child(throws).error().start.reason == named_reason("left"));
    child_spec extra = employ("extra");
    extra.start = [inner = extra.start] {
      auto started = inner();
      started->extra = 7;
      return started;
    };
    const auto with_extra = s.start_child(extra);
    EXPECT(with_extra && std::any_cast<int>(with_extra->extra) == 7);
    (void)begins("extra");
    EXPECT(s.which_children().size() == 1);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    stops("extra");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: specs that make no sense are refused, significant ones too; bad options fail the start",
          "[S79]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    child_spec significant = employ("significant", restart_type::temporary);
    significant.significant = true;
    EXPECT(s.start_child(significant).error().what == kind::bad_spec);
    EXPECT(s.start_child({}).error().text.find("expected a start function") != std::string::npos);
    dynamic_supervisor_options bad;
    bad.period = 0ms;
    const auto refused = joist::try_start_dynamic_supervisor(bad);
    EXPECT(!refused && refused.error().to_string().find("expected a period of more than 0 ms") != std::string::npos);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: max_children counts those that are being started again", "[D01]") {
  everywhere([] {
    joist::trap_exit(true);
    dynamic_supervisor_options o = often_dynamic();
    o.intensity = std::numeric_limits<std::uint32_t>::max();
    o.max_children = 2;
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor(o);
    const auto failures = times(0);
    const pid first = start(s, moody("first", failures));
    const pid second = start(s, employ("second", restart_type::temporary));
    EXPECT(s.start_child(employ("third")).error().what == kind::max_children);
    failures->store(1'000'000'000);
    end(first);
    while (s.count_children().active == 2) joist::yield();  // until it is being started again
    EXPECT(s.start_child(employ("third")).error().what == kind::max_children);
    EXPECT(s.terminate_child(second).has_value());
    EXPECT(s.start_child(employ("third")).has_value());
    EXPECT(s.count_children().specs == 2);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
  });
}

TEST_CASE(
    "dynamic_supervisor: restarts by type and reason, with the arguments of the start; of a temporary one nothing is kept",
    "[S56][S58][S60][D05]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto employee_of = joist::child_template<employee>(joist::self());
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor(often_dynamic());
    const pid one = start(s, employee_of(std::string{"one"}));
    (void)begins("one");
    end(one);
    stops("one", named_reason("crash"));
    const pid again = begins("one");  // common and own arguments
    EXPECT(again != one);
    settle(s);
    EXPECT(s.which_children().front().process == again && !s.get_childspec(one).has_value());
    end(again, exit_reason::normal);
    stops("one", exit_reason::normal);
    (void)begins("one");
    const pid transient = start(s, employ("transient", restart_type::transient));
    (void)begins("transient");
    end(transient, exit_reason::shutdown);
    stops("transient", exit_reason::shutdown);
    const pid temporary = start(s, employ("temporary", restart_type::temporary));
    (void)begins("temporary");
    EXPECT(!s.get_childspec(temporary)->start);
    end(temporary);
    stops("temporary", named_reason("crash"));
    while (s.count_children().specs > 1) joist::yield();
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    stops("one");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: a child that ignores its restart is forgotten, one that fails is tried again and again",
          "[S57][S62][D03][D04]") {
  everywhere([] {
    joist::trap_exit(true);
    dynamic_supervisor_options o = often_dynamic();
    o.intensity = std::numeric_limits<std::uint32_t>::max();
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor(o);
    const auto runs = times(1);
    child_spec once = employ("once");
    once.start = [start = once.start, runs]() -> joist::result<joist::started_child, start_error> {
      return runs->fetch_sub(1) > 0 ? start() : joist::started_child{};
    };
    end(start(s, once));
    (void)begins("once");
    stops("once", named_reason("crash"));
    while (s.count_children().specs > 0) joist::yield();
    const auto failures = times(0);
    const pid moody_one = start(s, moody("moody", failures));
    (void)begins("moody");
    failures->store(1'000'000'000);
    end(moody_one);
    stops("moody", named_reason("crash"));
    while (!s.which_children().front().restarting) joist::yield();  // and it answers
    EXPECT(s.which_children().front().process == pid{} && s.count_children().active == 0);
    failures->store(0);
    const pid back = begins("moody");
    settle(s);
    EXPECT(s.which_children().front().process == back);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    stops("moody");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: one that is being started again is ended by the process it had", "[D07]") {
  everywhere([] {
    joist::trap_exit(true);
    dynamic_supervisor_options o = often_dynamic();
    o.intensity = std::numeric_limits<std::uint32_t>::max();
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor(o);
    const auto failures = times(0);
    const pid child = start(s, moody("moody", failures));
    (void)begins("moody");
    failures->store(1'000'000'000);
    end(child);
    stops("moody", named_reason("crash"));
    while (!s.which_children().front().restarting) joist::yield();
    EXPECT(s.terminate_child(child).has_value());
    EXPECT(s.count_children().specs == 0);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: one restart too many, failed tries included, stops all with shutdown", "[S59][D03]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();  // one in five seconds
    const pid other = start(s, employ("other"));
    const pid child = start(s, employ("child"));
    (void)begins("other");
    (void)begins("child");
    end(child);
    stops("child", named_reason("crash"));
    end(begins("child"));
    stops("child", named_reason("crash"));
    stops("other");
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::shutdown);
    EXPECT(!joist::is_alive(other));
    const dynamic_supervisor_ref tries = joist::start_dynamic_supervisor();
    const auto failures = times(0);
    end(start(tries, moody("moody", failures)));
    failures->store(1);  // the first try
    (void)begins("moody");
    stops("moody", named_reason("crash"));
    const auto last = joist::receive<joist::exited>(joist::after(1s));  // the second is one too many, unless it came early
    if (last) {
      EXPECT(last->reason == exit_reason::shutdown);
    } else {
      EXPECT(stopped_by_parent(tries) == exit_reason::shutdown);
    }
  });
}

TEST_CASE("dynamic_supervisor: ends children by process; a stranger survives, one that has ended is fine", "[S67][D06]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    const pid child = start(s, employ("child"));
    (void)begins("child");
    EXPECT(s.terminate_child(child).has_value());
    stops("child");
    EXPECT(s.terminate_child(child).has_value());
    EXPECT(s.terminate_child(joist::self()).error().what == kind::not_found);
    const pid patient = start(s, stubborn("patient", shutdown_policy{1ms}));
    (void)begins("patient");
    EXPECT(s.terminate_child(patient).has_value() && !joist::is_alive(patient));
    const pid brutal = start(s, stubborn("brutal", shutdown_policy::brutal_kill()));
    EXPECT(s.terminate_child(brutal).has_value() && !joist::is_alive(brutal));
    EXPECT(s.count_children().specs == 0);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
  });
}

TEST_CASE("dynamic_supervisor: all are stopped at once, each within its own time", "[S24][S26][S28][S29][D06]") {
  in_simulation([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    std::vector<joist::monitored> watched;
    auto add = [&](child_spec spec) {
      const pid child = start(s, std::move(spec));
      watched.push_back({child, joist::monitor(child)});
    };
    for (int i = 0; i < 10; ++i) add(stubborn("slow", shutdown_policy{100ms}));
    for (int i = 0; i < 10; ++i) add(stubborn("slower", shutdown_policy{200ms}));
    for (int i = 0; i < 10; ++i) add(stubborn("brutal", shutdown_policy::brutal_kill()));
    for (int i = 0; i < 10; ++i)
      add(joist::child_process("other reason", [] {
        joist::trap_exit(true);
        (void)joist::receive<joist::exited>();
        joist::exit(named_reason("other"));
      }));
    const auto before = joist::clock::now();
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    const auto took = joist::clock::now() - before;
    EXPECT(took >= 200ms && took < 250ms);  // the slowest, and not their sum
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const auto end = joist::receive<joist::down>([&](const joist::down& d) { return d.monitor == watched[i].monitor; },
                                                   joist::after(0s));
      // Told before it trapped exits, it ends as it was told.
      EXPECT(end.has_value());
      EXPECT(end->reason == exit_reason::killed || end->reason == named_reason("other") ||
             end->reason == exit_reason::shutdown);
      if (i >= 20 && i < 30) EXPECT(end->reason == exit_reason::killed);
    }
  });
}

TEST_CASE("dynamic_supervisor: a class says its options, a name is its own, and taken is said", "[S20][S21]") {
  struct pool {
    static dynamic_supervisor_options init(std::size_t most) {
      dynamic_supervisor_options o;
      o.name = "the pool";
      o.max_children = most;
      return o;
    }
  };
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor<pool>(std::size_t{1});
    EXPECT(s.module().find("pool") != std::string::npos && joist::whereis("the pool") == s.process());
    const auto second = joist::try_start_dynamic_supervisor<pool>(std::size_t{1});
    EXPECT(!second && second.error().what == start_error::kind::already_started && second.error().process == s.process());
    dynamic_supervisor_options same;
    same.name = "the pool";
    EXPECT(joist::try_start_dynamic_supervisor(same).error().what == start_error::kind::already_started);
    EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: a child of a supervisor, it is started again with nobody", "[S64]") {
  everywhere([] {
    joist::trap_exit(true);
    const supervisor_ref top = joist::start_supervisor(often(), {joist::child_dynamic_supervisor("pool")});
    const dynamic_supervisor_ref s{process_of(top, "pool")};
    (void)start(s, employ("child"));
    (void)begins("child");
    joist::exit(s, exit_reason::kill);
    stops("child", exit_reason::killed);
    pid now = s.process();
    while (now == s.process() || !now) now = process_of(top, "pool");
    EXPECT(dynamic_supervisor_ref{now}.which_children().empty());
    EXPECT(top.which_children().front().type == joist::child_type::supervisor);
    top.stop();
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: many temporary children come and go, and none is left", "[S71]") {
  constexpr int many = checked_build ? 2'000 : 100'000;
  on_workers(
      [] {
        joist::trap_exit(true);
        const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
        child_spec spec = joist::child_process("short", [] {});
        spec.restart = restart_type::temporary;
        for (int i = 0; i < many; ++i) (void)start(s, spec);
        while (s.count_children().specs > 0) joist::yield();
        child_spec waits = joist::child_process("long", [] { wait_for_ever(); });
        for (int i = 0; i < many / 10; ++i) (void)start(s, waits);
        EXPECT(s.count_children().active == many / 10);
        EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
      },
      1);
}

TEST_CASE("dynamic_supervisor: the stop takes as long for each of very many children as for each of a few", "[S72]") {
  joist::runtime rt{quiet(1)};
  rt.ask([] {
    joist::trap_exit(true);
    auto timed = [](int children) {
      const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
      for (int i = 0; i < children; ++i) (void)start(s, joist::child_process("idle", [] { wait_for_ever(); }));
      const auto begin = std::chrono::steady_clock::now();
      EXPECT(stopped_by_parent(s) == exit_reason::shutdown);
      return std::chrono::steady_clock::now() - begin;
    };
    constexpr int few = checked_build ? 300 : 2'000;
    const auto of_few = timed(few);
    EXPECT(timed(16 * few) < 5 * 16 * of_few);
  });
}

TEST_CASE("dynamic_supervisor: children that have ended before the stop are told apart from those that it ends", "[S27]") {
  everywhere([] {
    joist::trap_exit(true);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    std::vector<pid> all;
    for (const char* id : {"a", "b", "c"}) {
      all.push_back(start(s, employ(id, restart_type::temporary)));
      (void)begins(id);
    }
    joist::exit(s, exit_reason::shutdown);
    end(all[1]);
    EXPECT(joist::receive<joist::exited>([s](const joist::exited& e) { return e.process == s.process(); }).reason ==
           exit_reason::shutdown);
    for (const pid child : all) EXPECT(!joist::is_alive(child));
    for (int i = 0; i < 3; ++i) (void)joist::receive<stopped>();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("dynamic_supervisor: get_childspec gives nothing where an argument cannot be copied, and the supervisor goes on") {
  everywhere([] {
    const auto fails = std::make_shared<std::atomic<bool>>(false);
    const dynamic_supervisor_ref s = joist::start_dynamic_supervisor();
    const pid child = start(s, joist::child<keeps_nothing>("a", copied_at_times{fails}));
    *fails = true;
    EXPECT(!s.get_childspec(child));
    *fails = false;
    EXPECT(s.get_childspec(child)->id == "a" && s.count_children().active == 1);
  });
}
