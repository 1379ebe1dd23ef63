#include <joist/otp/application.hpp>

#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/collected_log.hpp"
#include "support/employees.hpp"

using namespace support;
using joist::application;
using joist::application_options;
using joist::environment;

namespace {

application named(std::string name, std::vector<std::string> needs = {}) {
  application a;
  a.name = std::move(name);
  a.needs = std::move(needs);
  return a;
}

/// With one employee, who has the application's name.
application employing(const std::string& name, std::vector<std::string> needs = {}) {
  application a = named(name, std::move(needs));
  a.start = [to = joist::self(), name](const environment&) -> joist::supervisor_init {
    return {{}, {joist::child<employee>(name, to, name)}};
  };
  return a;
}

std::string order_of(const std::vector<application>& all) {
  const auto order = joist::start_order(all);
  if (!order) return order.error();
  std::string names;
  for (const std::size_t i : *order) names += all[i].name;
  return names;
}

struct told {
  std::string what;
};

/// What the process that keeps the applications of run_applications is doing.
joist::process_details keeper() {
  for (const pid p : joist::processes()) {
    if (const auto found = joist::process_info(p); found && found->label == "the program") return *found;
  }
  throw std::runtime_error{"nobody keeps the applications"};
}

}  // namespace

TEST_CASE("application: the order of starts is that of needs; circles, doubles and gaps are told in words") {
  CHECK(order_of({named("a", {"b", "c"}), named("b", {"c"}), named("c")}) == "cba");
  CHECK(order_of({named("a"), named("b"), named("c")}) == "abc");
  CHECK(order_of({named("a", {"b"}), named("b", {"a"})}) == "applications: \"a\" needs itself, by way of others");
  CHECK(order_of({named("a"), named("a")}) == "applications: \"a\" is there twice");
  CHECK(order_of({named("a", {"z"})}) == "applications: \"a\" needs \"z\", which is not among them");
  CHECK(order_of({named("")}) == "applications: expected a name, got none");
}

TEST_CASE("application: a setting is given, or the program's variable, or a default; and is what it should be") {
  ::setenv("SHOP_MAX_USERS", "12", 1);
  const environment env{
      "shop", {{"max-users", "3"}, {"host", "here"}, {"fast", "true"}, {"rate", "0.5"}}, {{"host", "there"}}};
  ::unsetenv("SHOP_MAX_USERS");
  CHECK(env.get<int>("max-users") == 12);
  CHECK(env.get<std::string>("host") == "there");
  CHECK(env.get<bool>("fast"));
  CHECK(env.get<double>("rate") == 0.5);
  CHECK(env.get_or<int>("port", 4000) == 4000);
  CHECK_FALSE(env.find<int>("port").has_value());
  ::setenv("SHOP_PORT", "4001", 1);
  CHECK(env.get<int>("port") == 4001);  // without a default
  ::unsetenv("SHOP_PORT");
  CHECK_THROWS_WITH(env.get<int>("port"), Catch::Contains("there is none") && Catch::Contains("SHOP_PORT"));
  CHECK_THROWS_WITH(env.get<int>("host"), Catch::Contains("expected a number that fits, got \"there\""));
  CHECK_THROWS_WITH(env.get<bool>("host"), Catch::Contains("expected true or false"));
  CHECK_THROWS_WITH(env.get<signed char>("max-users-x"), Catch::Contains("max-users-x"));
}

TEST_CASE("application: they start in the order of needs, run their phases, and stop in reverse") {
  everywhere([] {
    joist::trap_exit(true);
    application shop = employing("shop", {"database"});
    shop.phases = {"open", "welcome"};
    const pid me = joist::self();
    shop.start_phase = [me](std::string_view phase, const environment&) { joist::send(me, told{std::string{phase}}); };
    shop.prepare_stop = [me] { joist::send(me, told{"prepare"}); };
    shop.stopped = [me] { joist::send(me, told{"stopped"}); };
    const auto all = joist::try_start_applications({shop, employing("database")});
    EXPECT(all.has_value());
    (void)begins("database");
    (void)begins("shop");
    for (const char* phase : {"open", "welcome"}) EXPECT(joist::receive<told>().what == phase);
    const auto running = all->which();
    EXPECT(running.size() == 2 && running[0].name == "database" && running[1].supervisor.count_children().active == 1);
    EXPECT(joist::process_info(running[0].supervisor.process())->label == "database");
    all->stop();
    EXPECT(joist::receive<told>().what == "prepare");
    stops("shop");
    EXPECT(joist::receive<told>().what == "stopped");
    stops("database");
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("application: one that does not start stops those before it, and says why, all the way down", "[S35]") {
  everywhere([] {
    joist::trap_exit(true);
    application shop = named("shop", {"database"});
    shop.start = [spec = moody("till", times(1))](const environment&) -> joist::supervisor_init {
      return {{}, {joist::child_supervisor("desks", {}, {spec})}};
    };
    const auto failed = joist::try_start_applications({shop, employing("database")});
    EXPECT(!failed);
    (void)begins("database");
    stops("database");
    const std::string text = failed.error().reason.to_string();
    for (const char* part : {"application shop", "\"desks\"", "\"till\"", "moody"})
      EXPECT(text.find(part) != std::string::npos);
    application throwing = employing("late");
    throwing.phases = {"open"};
    throwing.start_phase = [](std::string_view, const environment&) { throw std::runtime_error{"closed"}; };
    const auto late = joist::try_start_applications({throwing});
    EXPECT(!late && late.error().reason.to_string().find("closed") != std::string::npos);
    (void)begins("late");
    stops("late");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("application: the end of a permanent one stops all, of a transient one a failure, of a temporary one nothing") {
  everywhere([] {
    for (const restart_type type : {restart_type::permanent, restart_type::transient, restart_type::temporary}) {
      joist::trap_exit(true);
      application failing = employing("failing");
      failing.type = type;
      const auto all = joist::try_start_applications({failing, employing("other")});
      pid child = begins("failing");
      (void)begins("other");
      for (int i = 0; i < 2; ++i) {  // one restart is allowed
        end(child);
        stops("failing", named_reason("crash"));
        if (i == 0) child = begins("failing");
      }
      if (type == restart_type::temporary) {
        while (all->which().size() == 2) joist::yield();
        all->stop();
      }
      stops("other");
      const exit_reason why = joist::receive<joist::exited>().reason;
      EXPECT(why.which() == exit_reason::kind::shutdown);
      EXPECT((why == exit_reason::shutdown) == (type == restart_type::temporary));
      EXPECT(mailbox_stays_empty());
    }
  });
}

TEST_CASE("application: what does not end within the limit of the stop is killed") {
  in_simulation([] {
    joist::trap_exit(true);
    application stays = named("stays");
    stays.start = [spec = stubborn("stays", joist::infinity)](const environment&) -> joist::supervisor_init {
      return {{}, {spec}};
    };
    application_options o;
    o.stop_limit = 50ms;
    const auto all = joist::try_start_applications({stays, employing("other", {"stays"})}, o);
    const pid stubborn_one = begins_by_and_by("stays");
    (void)begins("other");
    const auto before = joist::clock::now();
    all->stop();
    EXPECT(joist::clock::now() - before >= 50ms && joist::clock::now() - before < 60ms);
    stops("other");
    joist::exit(stubborn_one, exit_reason::kill);
  });
}

TEST_CASE("application: run_applications stops in order at SIGTERM and SIGINT, and returns 0; after a failure 1") {
  auto program = [](int signal, bool fails) {
    return in_child([=] {
      std::thread{[] { ::pause(); }}.detach();  // one that was there before, and may be the one that the signal comes to
      application a = named("program");
      a.start = [=](const environment&) -> joist::supervisor_init {
        if (fails) throw std::runtime_error{"not today"};
        return {{}, {joist::child_process("one", [=] {
                  joist::trap_exit(true);
                  ::kill(::getpid(), signal);
                  (void)joist::receive<joist::exited>();
                  std::fputs("one ends\n", stderr);
                  joist::exit(exit_reason::shutdown);
                })}};
      };
      a.stopped = [] { std::fputs("stopped\n", stderr); };
      std::exit(joist::run_applications({a}));
    });
  };
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto end = program(signal, false);
    INFO(end.written);
    CHECK(end.exited_with(0));
    CHECK(end.written.find("one ends\nstopped\n") != std::string::npos);
  }
  const auto failed = program(SIGTERM, true);
  INFO(failed.written);
  CHECK(failed.exited_with(1));
  CHECK(failed.written.find("not today") != std::string::npos);
}

TEST_CASE("application: a SIGINT that the program was started to ignore is ignored") {
  const auto end = in_child([] {
    std::signal(SIGINT, SIG_IGN);
    application a = named("program");
    a.start = [](const environment&) -> joist::supervisor_init {
      return {{}, {joist::child_process("one", [] {
                joist::trap_exit(true);
                ::kill(::getpid(), SIGINT);
                std::fputs("goes on\n", stderr);
                ::kill(::getpid(), SIGTERM);  // would be the second signal, which ends the program at once
                (void)joist::receive<joist::exited>();
                joist::exit(exit_reason::shutdown);
              })}};
    };
    std::exit(joist::run_applications({a}));
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  CHECK(end.written.find("goes on\n") != std::string::npos);
}

TEST_CASE("application: a second signal ends the program at once") {
  const auto end = in_child([] {
    application a = named("program");
    a.start = [](const environment&) -> joist::supervisor_init {
      joist::child_spec spec = joist::child_process("stays", [] {
        joist::trap_exit(true);
        ::kill(::getpid(), SIGTERM);
        (void)joist::receive<joist::exited>();
        ::kill(::getpid(), SIGTERM);
        wait_for_ever();
      });
      spec.shutdown = joist::infinity;
      return {{}, {spec}};
    };
    std::exit(joist::run_applications({a}));
  });
  INFO(end.written);
  CHECK(end.exited_with(1));
}

TEST_CASE("application: a signal while the program ends by itself does not keep it from ending") {
  const auto end = in_child([] {
    application slow = named("slow");
    slow.start = [](const environment&) -> joist::supervisor_init {
      return {{}, {joist::child_process("slow", [] {
                joist::trap_exit(true);
                (void)joist::receive<joist::exited>();
                ::kill(::getpid(), SIGTERM);                       // the other one has ended, and this one is being stopped
                while (keeper().monitors.empty()) joist::yield();  // it asks them to stop
                joist::exit(exit_reason::shutdown);
              })}};
    };
    application failing = named("failing", {"slow"});
    failing.start = [](const environment&) -> joist::supervisor_init {
      supervisor_options none;
      none.intensity = 0;
      return {none, {joist::child_process("fails", [] { joist::exit(named_reason("boom")); })}};
    };
    std::exit(joist::run_applications({slow, failing}));
  });
  INFO(end.written);
  CHECK(end.exited_with(1));
}

TEST_CASE("application: a signal while the program starts stops it: what runs in order, and begins no more") {
  const auto end = in_child([] {
    application first = named("first");
    first.start = [](const environment&) -> joist::supervisor_init { return {}; };
    first.stopped = [] { std::fputs("first stopped\n", stderr); };
    application second = named("second", {"first"});
    second.phases = {"open"};
    second.start_phase = [](std::string_view, const environment&) {
      ::kill(::getpid(), SIGTERM);
      while (keeper().message_queue_length == 0) joist::yield();  // it is waiting for the start
    };
    second.stopped = [] { std::fputs("second stopped\n", stderr); };
    application third = named("third", {"second"});
    third.start = [](const environment&) -> joist::supervisor_init {
      std::fputs("third started\n", stderr);
      return {};
    };
    std::exit(joist::run_applications({first, second, third}));
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  CHECK(end.written.find("second stopped\nfirst stopped\n") != std::string::npos);
  CHECK(end.written.find("third started") == std::string::npos);
}

TEST_CASE("application: a start that does not hear of a signal within the limit of the stop is killed") {
  const auto end = in_child([] {
    application a = named("program");
    a.start = [](const environment&) -> joist::supervisor_init {
      ::kill(::getpid(), SIGTERM);
      wait_for_ever();
      return {};
    };
    application_options o;
    o.stop_limit = 50ms;
    std::exit(joist::run_applications({a}, o));
  });
  INFO(end.written);
  CHECK(end.exited_with(1));
  CHECK(end.written.find("did not within stop_limit") != std::string::npos);
}
