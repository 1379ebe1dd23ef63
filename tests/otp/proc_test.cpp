#include <joist/otp/proc.hpp>

#include <joist/otp/supervisor.hpp>
#include <joist/otp/sys.hpp>

#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/employees.hpp"

using namespace support;
using joist::start_ack;

namespace {

struct counter {
  int n = 0;
  struct inner {
    int n = 0;
  } state;
};
struct add {
  int n;
};

// Counts, in a loop of its own, until it is asked to stop.
void count_until_told(start_ack& ack) {
  joist::trap_exit(true);
  counter c;
  joist::special_process<counter> special{c};
  ack.ready();
  while (!special.stopping()) {
    special.receive([&c](add a) { c.n += a.n; });
  }
  joist::exit(*special.stopping());
}

joist::result<pid, start_error> counting() { return joist::try_start_process_link({}, &count_until_told); }

}  // namespace

TEST_CASE("proc: start returns when the process says that it is ready, linked or not", "[Y06]") {
  everywhere([] {
    joist::trap_exit(true);
    for (const bool linked : {false, true}) {
      auto body = [main = joist::self()](start_ack& ack) {
        joist::send(main, 'i');
        ack.ready();
        ack.ready();  // twice is once
        (void)joist::receive<int>();
      };
      const auto started = linked ? joist::try_start_process_link({}, body) : joist::try_start_process({}, body);
      EXPECT(joist::receive<char>(joist::after(0ms)) == 'i');  // sent before it was ready
      EXPECT(started && joist::is_alive(*started));
      joist::send(*started, 1);
      if (linked) EXPECT(joist::receive<joist::exited>().process == *started);
      EXPECT(mailbox_stays_empty());
    }
  });
}

TEST_CASE("proc: one that ends before it is ready is a failed start with its reason, linked or not, and nothing is left",
          "[Y07]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto quits = [](start_ack&) { joist::exit(named_reason("quits")); };
    const auto throws = [](start_ack&) { throw std::runtime_error{"throws"}; };
    const auto returns = [](start_ack&) {};
    const auto dawdles = [](start_ack&) { wait_for_ever(); };
    joist::server_options limited;
    limited.name = "the name";
    for (int i = 0; i < 2; ++i) {
      auto start = [&](auto body) {
        auto r = i == 0 ? joist::try_start_process(limited, body) : joist::try_start_process_link(limited, body);
        EXPECT(!r && !joist::whereis("the name"));
        return r.error();
      };
      EXPECT(start(quits).reason == named_reason("quits"));
      EXPECT(start(throws).reason.error()->what == "throws");
      EXPECT(start(returns).reason == exit_reason::of("it ended before it was ready"));
      limited.init_limit = 1ms;
      EXPECT(start(dawdles).what == start_error::kind::timeout);
      limited.init_limit = joist::infinity;
      EXPECT(mailbox_stays_empty());
    }
  });
}

TEST_CASE("proc: a loop of its own is looked into, changed, suspended and stopped as servers are", "[Y04]") {
  everywhere([] {
    joist::trap_exit(true);
    const joist::server_ref<counter> c{*counting()};
    joist::send(c.process(), add{2});
    EXPECT(joist::sys::get_state(c, [](const counter& seen) { return seen.n; }) == 2);
    joist::sys::replace_state(c, [](counter::inner& s) { s.n = 5; });
    EXPECT(joist::sys::get_state(c, [](const counter& seen) { return seen.state.n; }) == 5);
    joist::sys::suspend(c);
    joist::send(c.process(), add{2});
    EXPECT(joist::sys::get_status(c).suspended);
    EXPECT(joist::sys::get_state(c, [](const counter& seen) { return seen.n; }) == 2);
    joist::sys::resume(c);
    EXPECT(joist::sys::get_state(c, [](const counter& seen) { return seen.n; }) == 4);
    EXPECT(joist::sys::get_status(c).parent == joist::self());
    c.stop(named_reason("enough"));
    EXPECT(joist::receive<joist::exited>().reason == named_reason("enough"));
    const joist::server_ref<counter> other{*counting()};
    joist::sys::suspend(other);
    joist::exit(other, exit_reason::shutdown);  // its parent's
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("proc: ancestors are known, the nearest first; those of a spawned process are none", "[D19]") {
  struct child_of_child : joist::gen_server<child_of_child> {
    explicit child_of_child(pid to) { joist::send(to, joist::ancestors()); }
  };
  everywhere([] {
    joist::trap_exit(true);
    EXPECT(joist::ancestors().empty());
    const auto top = joist::start_supervisor(
        often(), {joist::child_supervisor("inner", often(), {joist::child<child_of_child>("child", joist::self())})});
    const pid inner = process_of(top, "inner");
    EXPECT(joist::receive<std::vector<pid>>() == std::vector<pid>{inner, top.process(), joist::self()});
    (void)joist::spawn([main = joist::self()] { joist::send(main, joist::ancestors()); });
    EXPECT(joist::receive<std::vector<pid>>().empty());
    top.stop();
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::normal);
  });
}

TEST_CASE("proc: no more than 64 ancestors are kept", "[D19]") {
  struct link_of_chain : joist::gen_server<link_of_chain> {
    link_of_chain(pid to, int more) {
      if (more > 0) {
        (void)joist::start_link<link_of_chain>(to, more - 1);
      } else {
        joist::send(to, joist::ancestors().size());
      }
    }
  };
  on_workers(
      [] {
        joist::trap_exit(true);
        const auto first = joist::start<link_of_chain>(joist::self(), 100);
        EXPECT(joist::receive<std::size_t>() == 64);
        joist::exit(first, exit_reason::kill);
      },
      1);
}

TEST_CASE("proc: a crash is reported with reason, ancestors and neighbours; orderly ends are not", "[Y08]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options options = quiet(2);
  options.log = sink_of(log);
  joist::runtime rt{options};
  rt.ask([] {
    joist::trap_exit(true);
    const auto crashing = joist::try_start_process_link({}, [](start_ack& ack) {
      ack.ready();
      (void)joist::receive<int>();
      throw std::runtime_error{"tripped"};
    });
    joist::send(*crashing, 1);
    (void)joist::receive<joist::exited>();
    const auto orderly = joist::try_start_process_link({}, [](start_ack& ack) {
      ack.ready();
      (void)joist::receive<int>();
      joist::exit(exit_reason::shutdown);
    });
    joist::send(*orderly, 1);
    (void)joist::receive<joist::exited>();
  });
  CHECK(rt.stop(20s).clean());
  const std::string text = log->get();
  INFO(text);
  const auto report = text.find("ends by a crash");
  REQUIRE(report != std::string::npos);
  CHECK(text.find("ends by a crash", report + 1) == std::string::npos);
  CHECK(text.find("reason: error (std::runtime_error: tripped)", report) != std::string::npos);
  CHECK(text.find("ancestors: <", report) != std::string::npos);
  CHECK(text.find("linked to: <", report) != std::string::npos);
}
