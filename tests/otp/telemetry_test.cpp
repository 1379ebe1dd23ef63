// joist/otp/telemetry.hpp: the events of servers and supervisors, and the poller.
#include <joist/joist.hpp>
#include <joist/otp/dynamic_supervisor.hpp>
#include <joist/otp/telemetry.hpp>

#include "support/employees.hpp"
#include "support/listening.hpp"

using namespace support;
using namespace joist;
using telemetry::call_done;
using telemetry::child_restarted;
using telemetry::child_started;
using telemetry::message_handled;

namespace {

struct slow_counter : gen_server<slow_counter> {
  struct add {
    using reply = int;
    int n;
  };
  struct note {};
  struct boom {
    using reply = void;
  };
  struct soon {};
  int handle_call(add a) {
    joist::sleep_for(20ms);
    return sum += a.n;
  }
  void handle_call(boom) { throw 1; }
  void handle_cast(note) { ++sum; }
  void handle_cast(soon) { timeout_after(1ms); }
  void handle_timeout() { ++sum; }
  int sum = 0;
};

struct call_seen {
  pid server;
  bool of_add;
  bool answered;
  exit_reason reason;
  std::chrono::nanoseconds duration;
};
struct handled_seen {
  std::string message;
  std::size_t waiting;
  pid client;
};

template <class Event, class Say>
void hear(const char* id, Say say) {
  telemetry::attach<Event>(id, [me = self(), say](const Event& e) { send(me, say(e)); });
}

std::string last_word(const std::string& name) { return name.substr(name.rfind(':') + 1); }

}  // namespace

TEST_CASE("call_done: how long a call took, whom it asked, for what, and whether it was answered") {
  with_nobody_listening([] {
    hear<call_done>("calls", [](const call_done& e) {
      const auto& m = e.metadata;
      return call_seen{m.server, m.message == typeid(slow_counter::add), m.answered, m.reason, e.measurements.duration};
    });
    const auto server = joist::start<slow_counter>();
    EXPECT(server.call(slow_counter::add{2}) == 2);
    const auto good = receive<call_seen>();
    EXPECT(good.server == server.process() && good.of_add && good.answered && good.duration >= 20ms);
    EXPECT(!server.try_call(slow_counter::boom{}));
    const auto bad = receive<call_seen>();
    EXPECT(!bad.of_add && !bad.answered && bad.reason.error() != nullptr);
    EXPECT(!server.try_call(slow_counter::add{1}));
    EXPECT(receive<call_seen>().reason == exit_reason::noproc);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("message_handled: each message of a server, and its timeouts, with those that still wait") {
  with_nobody_listening([] {
    const auto server = joist::start<slow_counter>();
    hear<message_handled>("servers", [](const message_handled& e) {
      EXPECT(e.metadata.server == self() && e.metadata.server_class == typeid(slow_counter));
      return handled_seen{last_word(e.metadata.message.name()), e.measurements.message_queue_length, e.metadata.client};
    });
    server.cast(slow_counter::note{});
    EXPECT(receive<handled_seen>().message == "note");
    server.cast(slow_counter::soon{});
    EXPECT(receive<handled_seen>().message == "soon");
    EXPECT(receive<handled_seen>().message.empty());  // the timeout
    EXPECT(server.call(slow_counter::add{1}) == 3);
    const auto called = receive<handled_seen>();
    EXPECT(called.message == "add" && called.client == self() && called.waiting == 0);
    server.stop();
  });
}

TEST_CASE("message_handled: a server with a backlog tells how long it is") {
  with_nobody_listening([] {
    const auto server = joist::start<slow_counter>();
    hear<message_handled>("servers", [](const message_handled& e) {
      return handled_seen{last_word(e.metadata.message.name()), e.measurements.message_queue_length, e.metadata.client};
    });
    const auto first = server.send_request(slow_counter::add{1});  // it sleeps meanwhile
    for (int i = 0; i < 3; ++i) server.cast(slow_counter::note{});
    std::size_t waiting = 4;
    for (int i = 0; i < 4; ++i) {
      const auto seen = receive<handled_seen>();
      EXPECT(seen.waiting < waiting);
      waiting = seen.waiting;
    }
    EXPECT(waiting == 0);
    server.stop();
  });
}

TEST_CASE("child_started, child_restarted, supervisor_gave_up: the life of children, as their supervisor sees it") {
  with_nobody_listening([] {
    joist::trap_exit(true);
    const pid me = self();
    telemetry::attach<child_started>("starts",
                                     [me](const child_started& e) { send(me, fmt::format("{} started", e.metadata.id)); });
    telemetry::attach<child_restarted>("restarts", [me](const child_restarted& e) {
      EXPECT(e.metadata.supervisor == self());
      send(me, fmt::format("{} restarted {}", e.metadata.id, e.measurements.restarts));
    });
    telemetry::attach<telemetry::supervisor_gave_up>("ends", [me](const telemetry::supervisor_gave_up& e) {
      send(me, fmt::format("{} was restart {}", e.metadata.id, e.measurements.restarts));
    });
    supervisor_options twice;
    twice.intensity = 2;
    const supervisor_ref s = joist::start_supervisor(twice, {employ("a"), employ("b")});
    EXPECT(receive<std::string>() == "a started" && receive<std::string>() == "b started");
    (void)begins("a");
    end(begins("b"));
    EXPECT(receive<std::string>() == "b restarted 1");
    end(begins("b"));
    EXPECT(receive<std::string>() == "b restarted 2");
    end(begins("b"));
    EXPECT(receive<std::string>() == "b was restart 3");
    EXPECT(receive<exited>().process == s.process());
  });
}

TEST_CASE("child_started, child_restarted: dynamic supervisors tell it too") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach<child_started, child_restarted>("children", [me](const auto& e) {
      send(me, std::pair{std::string{e.event_name}, e.metadata.process});
    });
    const auto s = joist::start_dynamic_supervisor({});
    EXPECT(s.start_child(employ("d")));
    const pid first = begins("d");
    EXPECT((receive<std::pair<std::string, pid>>() == std::pair{std::string{child_started::event_name}, first}));
    end(first);
    const pid second = begins("d");
    EXPECT((receive<std::pair<std::string, pid>>() == std::pair{std::string{child_restarted::event_name}, second}));
  });
}

TEST_CASE("poller: it measures the runtime and long mailboxes at each interval") {
  with_nobody_listening([] {
    hear<telemetry::system_measured>("system",
                                     [](const telemetry::system_measured& e) { return e.measurements.process_count; });
    hear<telemetry::long_mailbox>("mailboxes", [](const telemetry::long_mailbox& e) {
      return std::pair{e.metadata.process, e.measurements.message_queue_length};
    });
    const pid full = spawn([] { receive<support::go>(); });
    const pid fuller = spawn([] { receive<support::go>(); });
    for (int i = 0; i < 5000; ++i) {
      if (i % 2 == 0) send(full, i);
      send(fuller, i);
    }
    for (const pid p : {full, fuller}) EXPECT(process_info(p));  // it has taken them in
    telemetry::poller_options o{.period = 10ms, .long_mailbox = 1500};
    const supervisor_ref s = joist::start_supervisor({}, {telemetry::poller(o)});
    for (int round = 0; round < 2; ++round) {
      EXPECT(receive<std::size_t>() >= 5);
      for (const auto& [process, messages] : {std::pair{fuller, std::size_t{5000}}, std::pair{full, std::size_t{2500}}}) {
        const auto told = receive<std::pair<pid, std::size_t>>();
        EXPECT(told.first == process && told.second <= messages && messages - told.second < 1024);
      }
    }
    for (const pid p : {full, fuller}) {
      send(p, support::go{});
      (void)await_end(p);
    }
    s.stop();
  });
}

TEST_CASE("poller: a function of the user's is called at each interval, until it throws") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::poller_options o{.period = 10ms};
    o.measure.push_back([] { throw std::runtime_error{"no gauge"}; });
    o.measure.push_back([me] { send(me, support::go{}); });
    const supervisor_ref s = joist::start_supervisor({}, {telemetry::poller(o)});
    const pid process = s.which_child("telemetry_poller")->process;
    for (int i = 0; i < 3; ++i) EXPECT(receive<support::go>(after(10s)));
    EXPECT(s.which_child("telemetry_poller")->process == process);
    s.stop();
  });
}

TEST_CASE("poller: a period of nothing is refused") { CHECK_THROWS_AS(telemetry::poller({.period = 0ms}), joist::error); }
