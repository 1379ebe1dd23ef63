#include <joist/otp/supervisor.hpp>

#include <joist/otp/gen_server.hpp>
#include <joist/otp/sys.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/collected_log.hpp"
#include "support/employees.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace support;

namespace {

struct counts : joist::gen_server<counts> {
  struct value {
    using reply = int;
  };
  explicit counts(int from = 0) : from_{from} {}
  int handle_call(value) const { return from_; }

 private:
  int from_;
};

}  // namespace

TEST_CASE("supervisor: starts children in order, lists the newest first, stops them in reverse, and exits with shutdown",
          "[S01][S30][S70]") {
  everywhere([] {
    joist::trap_exit(true);
    const supervisor_ref s = joist::start_supervisor({}, {employ("a"), employ("b"), employ("c")});
    for (const char* id : {"a", "b", "c"}) (void)begins(id);
    const std::vector<child_info> children = s.which_children();
    EXPECT(children.size() == 3 && children[0].id == "c" && children[2].id == "a");
    joist::exit(s, exit_reason::shutdown);
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::shutdown);
    for (const char* id : {"c", "b", "a"}) stops(id);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: init that ignores, throws or talks nonsense fails the start, and no exit reaches the starter",
          "[S02][S07][S08]") {
  struct ignores {
    static joist::supervisor_init init() { throw joist::start_ignored{}; }
  };
  struct throws {
    static joist::supervisor_init init(int n) { throw std::runtime_error{std::to_string(n)}; }
  };
  everywhere([] {
    joist::trap_exit(true);
    EXPECT(joist::try_start_supervisor<ignores>().error().what == start_error::kind::ignored);
    EXPECT(joist::try_start_supervisor<throws>(7).error().reason.error()->what == "7");
    supervisor_options nonsense;
    nonsense.period = 0ms;
    const auto r = joist::try_start_supervisor(nonsense, {});
    EXPECT(!r && r.error().reason.error()->what.find("a period of more than 0 ms") != std::string::npos);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE(
    "supervisor: one that gives up ends a program with 1 that is linked to it and traps no exits, and the log says so") {
  const auto log = std::make_shared<support::collected_log>();
  joist::runtime_options options = quiet(2);
  options.log = support::sink_of(log);
  const int result = joist::run(
      [] {
        supervisor_options none;
        none.intensity = 0;
        const auto start = [] { return joist::started_child{joist::spawn_link([] { throw 1; })}; };
        (void)joist::start_supervisor(none, {{"broken", start}});
        support::wait_for_ever();
      },
      options);
  CHECK(result == 1);
  CHECK(log->get().find("the first process was ended by <") != std::string::npos);
}

TEST_CASE("supervisor: flags that make no sense are refused by name", "[S18]") {
  on_workers(
      [] {
        auto refusal = [](supervisor_options o) { return joist::try_start_supervisor(o, {}).error().reason.error()->what; };
        supervisor_options o;
        o.strategy = static_cast<supervision>(9);
        EXPECT(refusal(o).find("strategy") != std::string::npos);
        o = {};
        o.auto_shutdown = static_cast<auto_shutdown>(9);
        EXPECT(refusal(o).find("auto_shutdown") != std::string::npos);
        o = {};
        o.period = -1ms;
        EXPECT(refusal(o).find("period") != std::string::npos);
        o.period = std::chrono::milliseconds::max();
        EXPECT(refusal(o).find("period") != std::string::npos);
      },
      1);
}

TEST_CASE("supervisor: what is not said is one_for_one, 1 restart in 5 s, no automatic shutdown", "[S13][S19]") {
  const supervisor_options o;
  CHECK(o.strategy == supervision::one_for_one);
  CHECK((o.intensity == 1 && o.period == 5s && o.auto_shutdown == auto_shutdown::never));
  const child_spec c;
  CHECK((c.restart == restart_type::permanent && c.type == joist::child_type::worker && !c.significant));
}

TEST_CASE("supervisor: a child that ignores its start is kept without a process, unless it is temporary",
          "[S03][S04][S05]") {
  everywhere([] {
    const supervisor_ref s =
        joist::start_supervisor({}, {employ("a"), ignoring("b"), ignoring("c", restart_type::temporary)});
    (void)begins("a");
    joist::child_counts n = s.count_children();
    EXPECT(n.specs == 2 && n.active == 1 && n.workers == 2 && n.supervisors == 0);
    const auto later = s.start_child(ignoring("d", restart_type::temporary));
    EXPECT(later && !later->process && !s.which_child("d"));
    s.stop();
    stops("a");
  });
}

TEST_CASE("supervisor: when a child of init does not start, those before it are stopped, and the start says which",
          "[S12]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto r = joist::try_start_supervisor({}, {employ("a"), employ("b"), moody("c", times(1)), employ("d")});
    EXPECT(!r);
    const auto* why = r.error().reason.value<joist::failed_to_start>();
    EXPECT(r.error().reason.which() == exit_reason::kind::shutdown && why != nullptr);
    EXPECT(why->id == "c" && why->reason == named_reason("moody"));
    (void)begins("a");
    (void)begins("b");
    stops("b");
    stops("a");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: start_child and restart_child return the error of a start; the first keeps no spec", "[S09][S10]") {
  everywhere([] {
    const supervisor_ref s = joist::start_supervisor({}, {});
    const auto failures = times(1);
    auto r = s.start_child(moody("a", failures));
    EXPECT(!r && r.error().what == kind::start_failed && r.error().start.reason == named_reason("moody"));
    EXPECT(!s.which_child("a"));
    EXPECT(s.start_child(moody("a", failures)));
    (void)begins("a");
    EXPECT(s.terminate_child("a"));
    stops("a");
    *failures = 1;
    r = s.restart_child("a");
    EXPECT(!r && r.error().start.reason == named_reason("moody"));
    EXPECT(s.which_child("a") && !process_of(s, "a"));
    child_spec throws = employ("b");
    throws.start = []() -> joist::result<joist::started_child, start_error> { throw std::runtime_error{"odd"}; };
    r = s.start_child(throws);
    EXPECT(!r && r.error().start.reason.error()->what == "odd");
    s.stop();
  });
}

TEST_CASE("supervisor: a refusal says in a sentence what was not done, and what would do it") {
  everywhere([] {
    const supervisor_ref s = joist::start_supervisor({}, {});
    const joist::pid first = s.start_child(employ("a"))->process;
    (void)begins("a");
    EXPECT(s.start_child(employ("a")).error().to_string() ==
           fmt::format("the child is not started: it runs already, as {}", first));
    EXPECT(s.restart_child("a").error().to_string() ==
           fmt::format("the child runs, as {}: terminate_child stops it", first));
    EXPECT(s.terminate_child("a"));
    stops("a");
    EXPECT(s.start_child(employ("a")).error().to_string().find("its spec is there, and it does not run") !=
           std::string::npos);
    EXPECT(s.restart_child("b").error().to_string() == "the supervisor has no such child");
    EXPECT(s.start_child({}).error().to_string().find("the child is not started: its spec is refused: ") == 0);
    const auto fails = [] {
      return joist::result<joist::started_child, joist::start_error>{joist::failure{joist::start_error{}}};
    };
    EXPECT(s.start_child({.id = "c", .start = fails})
               .error()
               .to_string()
               .find("the child is not started: the server did not start: ") == 0);
    s.stop();
  });
  CHECK(joist::supervisor_error{.what = kind::restarting}.to_string() ==
        "the child is being started again, for its last start has failed");
  CHECK(joist::supervisor_error{.what = kind::max_children}.to_string() ==
        "the child is not started: the supervisor has as many as max_children allows");
}

TEST_CASE("supervisor: a child has the options of a server, in braces, as a start has") {
  everywhere([] {
    const joist::server_options labelled{.process = {.label = "till"}};
    const supervisor_ref s = joist::start_supervisor(
        {}, {joist::child<counts>("a", {.name = "counts"}, 7), joist::child<counts>("b", labelled, 8),
             joist::child<counts>("c", 9), joist::child<counts>("d", {}), joist::child<counts>("e")});
    const auto of = [s](const char* id) { return joist::server_ref<counts>{s.which_child(id)->process}; };
    EXPECT(joist::whereis("counts") == of("a").process());
    EXPECT(joist::process_info(of("b"))->label == "till");
    int sum = 0;
    for (const char* id : {"a", "b", "c", "d", "e"}) sum = sum * 10 + of(id).call(counts::value{});
    EXPECT(sum == 78'900);
    s.stop();
  });
}

TEST_CASE("supervisor: start, terminate, restart and delete, with every refusal", "[S61][S66]") {
  everywhere([] {
    const supervisor_ref s = joist::start_supervisor({}, {});
    const auto first = s.start_child(employ("a"));
    EXPECT(first && first->process == begins("a"));
    auto again = s.start_child(employ("a"));
    EXPECT(!again && again.error().what == kind::already_started && again.error().process == first->process);
    EXPECT(s.restart_child("a").error().what == kind::running);
    EXPECT(s.delete_child("a").error().what == kind::running);
    EXPECT(s.terminate_child("a"));
    stops("a");
    EXPECT(s.terminate_child("a"));
    EXPECT(s.start_child(employ("a")).error().what == kind::already_present);
    EXPECT(s.restart_child("a"));
    (void)begins("a");
    EXPECT(s.terminate_child("a"));
    stops("a");
    EXPECT(s.delete_child("a"));
    EXPECT(s.restart_child("a").error().what == kind::not_found);
    EXPECT(s.delete_child("a").error().what == kind::not_found);
    EXPECT(s.terminate_child("a").error().what == kind::not_found);
    EXPECT(s.start_child(employ("t", restart_type::temporary)));
    (void)begins("t");
    EXPECT(s.terminate_child("t"));
    stops("t");
    EXPECT(s.start_child(employ("t", restart_type::temporary)));
    (void)begins("t");
    s.stop();
    stops("t");
    EXPECT(reason_after([s] { (void)s.count_children(); }) == exit_reason::noproc);
  });
}

TEST_CASE("supervisor: specs can be had back; faulty ones are refused in words, by the checker too",
          "[S13][S15][S16][S17]") {
  on_workers(
      [] {
        const supervisor_ref s = joist::start_supervisor({}, {employ("a")});
        (void)begins("a");
        EXPECT(s.get_childspec("a")->id == "a" && !s.get_childspec("b"));
        auto says = [s](const child_spec& spec, const char* words) {
          const auto text = joist::check_childspecs({&spec, 1}, auto_shutdown::never);
          const auto refused = s.start_child(spec);
          return text && text->find(words) != std::string::npos && refused.error().what == kind::bad_spec &&
                 refused.error().text == *text;
        };
        EXPECT(says({"", employ("x").start}, "expected an id"));
        EXPECT(says({"x", {}}, "expected a start function"));
        child_spec odd = employ("x");
        odd.restart = static_cast<restart_type>(7);
        EXPECT(says(odd, "restart"));
        odd = employ("x");
        odd.type = static_cast<joist::child_type>(7);
        EXPECT(says(odd, "type"));
        odd = employ("x", restart_type::permanent);
        odd.significant = true;
        EXPECT(says(odd, "permanent one never ends"));
        odd.restart = restart_type::transient;
        EXPECT(says(odd, "auto_shutdown"));
        EXPECT(!joist::check_childspecs({&odd, 1}, auto_shutdown::all_significant));
        const std::vector<child_spec> twice{employ("x"), employ("x")};
        EXPECT(joist::check_childspecs(twice)->find("twice") != std::string::npos);
        EXPECT(refuses(joist::errc::bad_argument, [] { shutdown_policy p{-1s}; }));
        s.stop();
      },
      1);
}

TEST_CASE("supervisor: a child whose name is taken by an outsider is not adopted", "[S20]") {
  everywhere([] {
    joist::server_options named;
    named.name = "clerk";
    const auto outsider = joist::start<employee>(named, joist::self(), "out");
    (void)begins("out");
    const supervisor_ref s = joist::start_supervisor({}, {});
    const auto r = s.start_child({"clerk", joist::starts<employee>(named, joist::self(), std::string{"in"})});
    EXPECT(!r && r.error().start.what == start_error::kind::already_started && r.error().process == outsider.process());
    s.stop();
    EXPECT(joist::is_alive(outsider));
    outsider.stop();
  });
}

TEST_CASE("supervisor: one by a class says which, and has the name that init gave it", "[S21][S65]") {
  struct office {
    static joist::supervisor_init init(pid to) {
      supervisor_options o = often();
      o.name = "office";
      return {o, {joist::child<employee>("a", to, std::string{"a"})}};
    }
  };
  everywhere([] {
    const pid me = joist::self();
    const supervisor_ref top = joist::start_supervisor(often(), {joist::child_supervisor<office>("office", me)});
    (void)begins("a");
    const pid before = *joist::whereis("office");
    EXPECT(supervisor_ref{before}.module().find("office") != std::string::npos);
    EXPECT(top.count_children().supervisors == 1);
    joist::exit(before, exit_reason::kill);
    stops("a", exit_reason::killed);
    (void)begins("a");
    settle(top);
    EXPECT(joist::whereis("office") && *joist::whereis("office") != before);
    top.stop();
    stops("a");
  });
}

TEST_CASE("supervisor: who outlives its time is killed, and delays only those before it", "[S22][S23][S25][S31]") {
  in_simulation([] {
    child_spec at_once = stubborn("k", shutdown_policy::brutal_kill());
    child_spec patient = employ("p");
    patient.shutdown = joist::infinity;
    const supervisor_ref s = joist::start_supervisor({}, {patient, stubborn("s", 100ms), at_once});
    (void)begins("p");
    const pid slow = begins_by_and_by("s");
    const pid killed = begins_by_and_by("k");
    const joist::ref watch_slow = joist::monitor(slow);
    const joist::ref watch_killed = joist::monitor(killed);
    const auto begin = joist::clock::now();
    s.stop();
    EXPECT(reason_of({killed, watch_killed}) == exit_reason::killed);
    EXPECT(reason_of({slow, watch_slow}) == exit_reason::killed);
    stops("p");
    const auto took = joist::clock::now() - begin;
    EXPECT(took >= 100ms && took < 200ms);
  });
}

TEST_CASE("supervisor: children that end while it stops are not started again", "[S27]") {
  in_simulation([] {
    const supervisor_ref s = joist::start_supervisor(often(), {employ("a"), employ("b", restart_type::transient),
                                                               employ("c", restart_type::temporary), stubborn("s", 1s)});
    const pid a = begins("a");
    const pid b = begins("b");
    const pid c = begins("c");
    (void)begins_by_and_by("s");
    joist::spawn([a, b, c] {
      joist::sleep_for(500ms);
      end(a, exit_reason::normal);
      end(b, exit_reason::shutdown);
      end(c);
    });
    s.stop();
    for (int i = 0; i < 3; ++i) (void)joist::receive<stopped>();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: a child that unlinks itself is waited for all the same", "[S32]") {
  everywhere([] {
    child_spec spec = joist::child_process("a", [to = joist::self()] {
      joist::unlink(joist::parent());
      joist::send(to, began{"a", joist::self()});
      wait_for_ever();
    });
    const supervisor_ref s = joist::start_supervisor({}, {spec});
    const pid a = begins("a");
    EXPECT(s.terminate_child("a"));
    EXPECT(!joist::is_alive(a));
    s.stop();
  });
}

TEST_CASE("supervisor: exits of its parent stop it, whatever the reason; a stranger's are ignored", "[S33]") {
  everywhere([] {
    for (const exit_reason& why : {exit_reason::normal, exit_reason::shutdown, named_reason("gone")}) {
      const pid me = joist::self();
      const pid parent = joist::spawn([me, why] {
        const supervisor_ref s = joist::start_supervisor({}, {joist::child<employee>("a", me, std::string{"a"})});
        joist::send(me, s.process());
        joist::receive<go>();
        joist::exit(why);
      });
      const supervisor_ref s{joist::receive<pid>()};
      (void)begins("a");
      joist::exit(s, named_reason("stranger"));
      EXPECT(s.count_children().active == 1);
      const joist::ref watch = joist::monitor(s.process());
      joist::send(parent, go{});
      EXPECT(reason_of({s.process(), watch}) == why);
      stops("a", exit_reason::shutdown);
    }
  });
}

TEST_CASE("supervisor: an exit signal from a thread is no child's end", "[S33]") {
  joist::runtime rt{quiet(2)};
  const supervisor_ref s = rt.ask([] {
    supervisor_options none;
    none.intensity = 0;
    const supervisor_ref made = joist::start_supervisor(none, {employ("a"), ignoring("b")});
    (void)begins("a");
    EXPECT(made.terminate_child("a"));
    joist::unlink(made);
    return made;
  });
  joist::exit(s.process(), named_reason("from a thread"));
  rt.ask([s] { EXPECT(s.count_children().active == 0); });
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("supervisor: one that is suspended is stopped by its parent all the same", "[S33]") {
  everywhere([] {
    const supervisor_ref top = joist::start_supervisor({}, {joist::child_supervisor("sub", {}, {employ("a")})});
    (void)begins("a");
    joist::sys::suspend(process_of(top, "sub"));
    top.stop();
    stops("a");
  });
}

TEST_CASE("supervisor: who is started again, by type and reason", "[S36][S37][S38][S39][S40][S41][S42][S43][S44][S47]") {
  everywhere([] {
    const std::vector<exit_reason> reasons{exit_reason::normal, exit_reason::shutdown, exit_reason::shutdown_with(1),
                                           named_reason("crash"), exit_reason::killed};
    for (const restart_type type : {restart_type::permanent, restart_type::transient, restart_type::temporary}) {
      const supervisor_ref s = joist::start_supervisor(often(), {employ("sibling"), employ("a", type)});
      const pid sibling = begins("sibling");
      pid a = begins("a");
      for (const exit_reason& why : reasons) {
        if (!a) {
          a = s.start_child(employ("a", type))->process;
          (void)begins("a");
        }
        if (why == exit_reason::killed) {
          joist::exit(a, exit_reason::kill);
        } else {
          end(a, why);
          stops("a", why);
        }
        const pid before = std::exchange(a, {});
        const bool again = type == restart_type::permanent || (type == restart_type::transient && !why.is_orderly());
        if (again) {
          a = begins("a");
          EXPECT(a != before);
        } else {
          while (s.count_children().active > 1) joist::yield();
        }
        EXPECT(process_of(s, "sibling") == sibling);
        EXPECT(s.which_child("a").has_value() == (type != restart_type::temporary));
        if (!again && type == restart_type::transient) {
          a = s.restart_child("a")->process;
          (void)begins("a");
        }
      }
      s.stop();
      while (joist::receive<stopped>(joist::after(0s))) {
      }
    }
  });
}

TEST_CASE("supervisor: one restart too many within the period stops all, with shutdown; 0 is none at all", "[S47][S48]") {
  everywhere([] {
    for (const std::uint32_t intensity : {0U, 2U}) {
      joist::trap_exit(true);
      supervisor_options o;
      o.intensity = intensity;
      const supervisor_ref s = joist::start_supervisor(o, {employ("a"), employ("b")});
      pid a = begins("a");
      (void)begins("b");
      for (std::uint32_t i = 0; i < intensity; ++i) {
        end(a);
        stops("a", named_reason("crash"));
        a = begins("a");
      }
      end(a);
      stops("a", named_reason("crash"));
      stops("b");
      const auto over = joist::receive<joist::exited>();
      EXPECT(over.process == s.process() && over.reason == exit_reason::shutdown);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: restarts further apart than the period never add up", "[S46]") {
  in_simulation(
      [] {
        supervisor_options o;
        o.period = 100ms;
        const supervisor_ref s = joist::start_supervisor(o, {employ("a")});
        for (int i = 0; i < 10; ++i) {
          end(begins("a"));
          stops("a", named_reason("crash"));
          joist::sleep_for(101ms);
        }
        (void)begins("a");
        s.stop();
      },
      50);
}

TEST_CASE("supervisor: one_for_all stops and starts all, rest_for_one the later ones, in order", "[S30][S50][S53]") {
  everywhere([] {
    for (const supervision strategy : {supervision::one_for_all, supervision::rest_for_one}) {
      const bool all = strategy == supervision::one_for_all;
      const supervisor_ref s =
          joist::start_supervisor(often(strategy), {employ("a"), employ("b"), employ("c"), employ("d")});
      std::map<std::string, pid> before;
      for (const char* id : {"a", "b", "c", "d"}) before[id] = begins(id);
      end(before["b"]);
      stops("b", named_reason("crash"));
      stops("d");
      stops("c");
      if (all) {
        stops("a");
        EXPECT(begins("a") != before["a"]);
      }
      for (const char* id : {"b", "c", "d"}) EXPECT(begins(id) != before[id]);
      if (!all) EXPECT(process_of(s, "a") == before["a"]);
      s.stop();
      for (const char* id : {"d", "c", "b", "a"}) stops(id);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: temporary children that are stopped with others are dropped, and cost no restart", "[S34]") {
  everywhere([] {
    for (const supervision strategy : {supervision::one_for_all, supervision::rest_for_one}) {
      supervisor_options o = often(strategy);
      o.intensity = 1;
      const supervisor_ref s = joist::start_supervisor(o, {employ("a"), employ("t", restart_type::temporary)});
      const pid a = begins("a");
      (void)begins("t");
      end(a);
      stops("a", named_reason("crash"));
      stops("t");
      (void)begins("a");
      settle(s);
      EXPECT(!s.which_child("t"));
      s.stop();
      stops("a");
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE(
    "supervisor: a sibling that fails in a group's restart is tried again: all of one_for_all, it alone of rest_for_one",
    "[S52][S55]") {
  everywhere([] {
    for (const supervision strategy : {supervision::one_for_all, supervision::rest_for_one}) {
      const auto failures = times(0);
      const supervisor_ref s = joist::start_supervisor(often(strategy), {employ("a"), moody("b", failures)});
      const pid a = begins("a");
      (void)begins("b");
      *failures = 1;
      end(a);
      stops("a", named_reason("crash"));
      stops("b");
      const pid first_try = begins("a");
      if (strategy == supervision::one_for_all) {
        stops("a");
        EXPECT(begins("a") != first_try);
      }
      (void)begins("b");
      settle(s);
      if (strategy == supervision::rest_for_one) EXPECT(process_of(s, "a") == first_try);
      s.stop();
      stops("b");
      stops("a");
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: a child that keeps failing to start again uses the restarts up, and all are stopped",
          "[S49][S51][S54]") {
  everywhere([] {
    for (const supervision strategy : {supervision::one_for_one, supervision::one_for_all, supervision::rest_for_one}) {
      joist::trap_exit(true);
      supervisor_options o = often(strategy);
      o.intensity = 3;
      const auto failures = times(0);
      const supervisor_ref s = joist::start_supervisor(o, {employ("a"), moody("b", failures)});
      (void)begins("a");
      const pid b = begins("b");
      *failures = 1'000'000;
      end(b);
      const auto over = joist::receive<joist::exited>();
      EXPECT(over.process == s.process() && over.reason == exit_reason::shutdown);
      EXPECT(1'000'000 - *failures == 3);
      while (joist::receive<stopped>(joist::after(0s))) {
      }
      while (joist::receive<began>(joist::after(0s))) {
      }
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: goes on answering while a child fails to start again, and may end that", "[S62][S63]") {
  everywhere([] {
    for (const supervision strategy : {supervision::one_for_one, supervision::rest_for_one}) {
      supervisor_options o = often(strategy);
      o.intensity = 1'000'000'000;
      const auto failures = times(0);
      const supervisor_ref s = joist::start_supervisor(o, {employ("a"), moody("b", failures)});
      (void)begins("a");
      const pid b = begins("b");
      *failures = 1'000'000'000;
      end(b);
      stops("b", named_reason("crash"));
      while (!s.which_child("b")->restarting) joist::yield();
      EXPECT(s.restart_child("b").error().what == kind::restarting);
      EXPECT(s.delete_child("b").error().what == kind::restarting);
      EXPECT(s.start_child(employ("b")).error().what == kind::already_present);
      const joist::child_counts n = s.count_children();
      EXPECT(n.specs == 2 && n.active == 1 && n.workers == 2);
      EXPECT(s.terminate_child("b"));
      EXPECT(!s.which_child("b")->restarting);
      *failures = 0;
      EXPECT(s.restart_child("b"));
      const pid again = begins("b");
      *failures = 1'000'000'000;
      end(again);
      stops("b", named_reason("crash"));
      while (!s.which_child("b")->restarting) joist::yield();
      s.stop();
      stops("a");
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: a crash in a subtree stays there; one that gives up is started again with its children of init",
          "[S64]") {
  everywhere([] {
    supervisor_options once;
    once.intensity = 1;
    const supervisor_ref top =
        joist::start_supervisor(often(), {employ("a"), joist::child_supervisor("sub", once, {employ("b")})});
    const pid a = begins("a");
    pid b = begins("b");
    const pid sub = process_of(top, "sub");
    EXPECT(supervisor_ref{sub}.start_child(employ("late")));
    (void)begins("late");
    end(b);
    stops("b", named_reason("crash"));
    b = begins("b");
    settle(supervisor_ref{sub});
    EXPECT(process_of(top, "sub") == sub);
    end(b);
    stops("b", named_reason("crash"));
    stops("late");
    (void)begins("b");
    settle(top);
    const pid second = process_of(top, "sub");
    EXPECT(second != sub && process_of(top, "a") == a);
    EXPECT(supervisor_ref{second}.count_children().specs == 1);
    top.stop();
    stops("b");
    stops("a");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: what a start function adds is passed on by start_child and restart_child", "[S68]") {
  everywhere([] {
    child_spec spec = employ("a");
    spec.start = [start = spec.start] {
      auto r = start();
      if (r) r->extra = std::string{"more"};
      return r;
    };
    const supervisor_ref s = joist::start_supervisor(often(), {});
    const auto r = s.start_child(spec);
    EXPECT(r && std::any_cast<std::string>(r->extra) == "more");
    end(begins("a"));
    stops("a", named_reason("crash"));
    (void)begins("a");
    EXPECT(s.terminate_child("a"));
    EXPECT(std::any_cast<std::string>(s.restart_child("a")->extra) == "more");
    s.stop();
  });
}

TEST_CASE("supervisor: starts, counts, restarts and stops a hundred thousand children, each in the same time",
          "[S69][S72]") {
  on_workers(
      [] {
        const supervisor_ref s = joist::start_supervisor({}, {});
        constexpr int n = checked_build ? 200 : 100'000;  // with a search for each it would take minutes
        for (int i = 0; i < n; ++i) {
          child_spec spec = joist::child_process(fmt::format("child {}", i), [] { wait_for_ever(); });
          if (i % 2 == 0) spec.type = joist::child_type::supervisor;
          EXPECT(s.start_child(spec));
        }
        const joist::child_counts counts = s.count_children();
        EXPECT(counts.specs == n && counts.active == n && counts.supervisors == n / 2 && counts.workers == n / 2);
        for (int i = 0; i < n; i += n / 100) {
          const std::string id = fmt::format("child {}", i);
          EXPECT(s.terminate_child(id) && s.restart_child(id) && s.terminate_child(id) && s.delete_child(id));
        }
        EXPECT(s.count_children().active == n - 100);
        s.stop();
      },
      1);
}

TEST_CASE("supervisor: significant children that end for good end it, by its mode", "[S75][S76][S77][S78][S80][S81]") {
  everywhere([] {
    joist::trap_exit(true);
    auto significant = [](const char* id, restart_type t) {
      child_spec spec = employ(id, t);
      spec.significant = true;
      return spec;
    };
    auto ends_shutdown = [](supervisor_ref s) {
      const joist::exited e =
          joist::receive<joist::exited>([s](const joist::exited& x) { return x.process == s.process(); });
      return e.reason == exit_reason::shutdown;
    };
    auto forget = [] {
      while (joist::receive<stopped>(joist::after(0s))) {
      }
      while (joist::receive<began>(joist::after(0s))) {
      }
    };
    supervisor_options any = often();
    any.auto_shutdown = auto_shutdown::any_significant;
    supervisor_options all = often();
    all.auto_shutdown = auto_shutdown::all_significant;

    // Any: one that is not significant, or is terminated, or restarted, does not count.
    supervisor_ref s =
        joist::start_supervisor(any, {employ("n", restart_type::temporary), employ("m", restart_type::transient),
                                      significant("t", restart_type::transient), significant("u", restart_type::temporary)});
    end(begins("n"));
    end(begins("m"), exit_reason::normal);
    const pid t = begins("t");
    (void)begins("u");
    EXPECT(s.terminate_child("u"));
    end(t);  // abnormal: started again
    const pid again = begins("t");
    while (s.count_children().active > 1) joist::yield();  // n and m have ended for good
    end(again, exit_reason::normal);
    EXPECT(ends_shutdown(s));
    forget();

    // Of temporary ones every end counts.
    s = joist::start_supervisor(any, {significant("u", restart_type::temporary)});
    joist::exit(begins("u"), exit_reason::kill);
    EXPECT(ends_shutdown(s));
    forget();

    // All: the last one.
    s = joist::start_supervisor(all, {significant("u", restart_type::temporary), significant("v", restart_type::transient)});
    end(begins("u"));
    const pid v = begins("v");
    while (s.count_children().active > 1) joist::yield();
    end(v, exit_reason::shutdown);
    EXPECT(ends_shutdown(s));
    forget();

    // Stopped with a sibling: does not count. And a supervisor that ends so is a significant child itself.
    supervisor_options group = any;
    group.strategy = supervision::one_for_all;
    s = joist::start_supervisor(group, {employ("a"), significant("u", restart_type::temporary)});
    const pid a = begins("a");
    (void)begins("u");
    end(a);
    (void)begins("a");
    EXPECT(s.count_children().specs == 1);
    s.stop(exit_reason::shutdown);
    EXPECT(ends_shutdown(s));
    forget();
    child_spec sub = joist::child_supervisor("sub", any, {significant("u", restart_type::temporary)});
    sub.restart = restart_type::transient;
    sub.significant = true;
    s = joist::start_supervisor(any, {sub});
    end(begins("u"));
    EXPECT(ends_shutdown(s));
    forget();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("supervisor: reports say who, what happened, why, and to which child; progress is told when asked for",
          "[S45][S74]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(2);
  o.crash_reports = false;
  o.log = sink_of(log);
  o.log_from = joist::log_level::info;
  joist::runtime rt{o};
  rt.ask([] {
    joist::trap_exit(true);
    supervisor_options once;
    once.intensity = 0;
    once.log_progress = true;
    const supervisor_ref s = joist::start_supervisor(once, {stubborn("s", 1ms), employ("a")});
    EXPECT(s.start_child(employ("later")));
    (void)begins_by_and_by("s");
    end(begins_by_and_by("a"));
    EXPECT(joist::receive<joist::exited>().process == s.process());
    (void)joist::try_start_supervisor({}, {moody("m", times(1))});
  });
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find(": child_terminated\n  reason: crash\n  child: \"a\" <") != std::string::npos);
  CHECK(text.find(": shutdown\n  reason: reached the most restarts") != std::string::npos);
  CHECK(text.find(": shutdown_error\n  reason: killed\n  child: \"s\" <") != std::string::npos);
  CHECK(text.find(": start_error\n  reason: moody\n  child: \"m\", permanent, worker") != std::string::npos);
  CHECK(text.find(": started\n  child: \"a\" <") != std::string::npos);
  CHECK(text.find(": started\n  child: \"later\"") == std::string::npos);  // that is said at debug
}

namespace {

struct called : joist::gen_server<called> {
  struct what {
    using reply = std::string;
  };
  explicit called(std::string_view name) : name_{name} {}
  std::string handle_call(what) const { return name_; }

 private:
  std::string name_;
};

struct desk {
  static joist::supervisor_init init(std::string_view name) { return {{}, {joist::child<called>("called", name)}}; }
};

std::string asked(supervisor_ref s) { return joist::server_ref<called>{process_of(s, "called")}.call(called::what{}); }

}  // namespace

TEST_CASE("supervisor: text that a child is started with is kept, whatever becomes of the caller's own") {
  everywhere([] {
    const std::string first = "the name that it was started with";
    std::string text = first;
    const std::string_view lent = text;
    const supervisor_ref top = joist::start_supervisor(
        often(), {joist::child<called>("called", lent), joist::child_supervisor<desk>("desk", lent)});
    const supervisor_ref by_class = joist::start_supervisor<desk>(lent);
    text.assign(first.size(), '?');
    for (const char* id : {"called", "desk"}) {
      const pid before = process_of(top, id);
      joist::exit(before, exit_reason::kill);
      while (process_of(top, id) == before || !process_of(top, id)) joist::yield();
    }
    EXPECT(asked(top) == first);
    EXPECT(asked(supervisor_ref{process_of(top, "desk")}) == first);
    EXPECT(asked(by_class) == first);
  });
}

TEST_CASE("supervisor: get_childspec gives nothing where an argument cannot be copied, and the supervisor goes on") {
  everywhere([] {
    const auto fails = std::make_shared<std::atomic<bool>>(false);
    const supervisor_ref s = joist::start_supervisor({}, {joist::child<keeps_nothing>("a", copied_at_times{fails})});
    *fails = true;
    EXPECT(!s.get_childspec("a"));
    *fails = false;
    EXPECT(s.get_childspec("a")->id == "a" && s.count_children().active == 1);
  });
}

TEST_CASE("supervisor: what a start function throws means what it means where a server throws it", "[S20][S03]") {
  everywhere([] {
    const supervisor_ref s = joist::start_supervisor({}, {});
    joist::server_options named;
    named.name = "taken";
    const auto outsider = joist::start<employee>(named, joist::self(), std::string{"outsider"});
    (void)begins("outsider");
    const auto starting = [s](const char* id, joist::start_function start) { return s.start_child({id, std::move(start)}); };
    const auto taken = starting("taken", [named, me = joist::self()] {
      return joist::started_child{joist::start_link<employee>(named, me, std::string{"second"})};
    });
    EXPECT(!taken && taken.error().what == kind::start_failed && taken.error().process == outsider.process());
    EXPECT(taken.error().start.what == start_error::kind::already_started);
    const auto refused =
        starting("refused", []() -> joist::started_child { throw joist::start_refused{named_reason("no")}; });
    EXPECT(!refused && refused.error().start.what == start_error::kind::refused &&
           refused.error().start.reason == named_reason("no"));
    const auto ignored = starting("ignored", []() -> joist::started_child { throw joist::start_ignored{}; });
    EXPECT(ignored && !ignored->process && s.which_child("ignored").has_value());
    const auto ignoring_one = starting("thrown", []() -> joist::started_child {
      throw joist::start_failed{start_error{start_error::kind::ignored, exit_reason::normal}};
    });
    EXPECT(ignoring_one && !ignoring_one->process);
    const auto failed = starting("failed", []() -> joist::started_child { throw std::runtime_error{"broken"}; });
    EXPECT(!failed && failed.error().start.reason.error()->what == "broken");
    outsider.stop();
  });
}
