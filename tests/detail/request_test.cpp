// joist/detail/request.hpp: a message that brings the monitor of its receiver along.
#include <joist/detail/request.hpp>

#include <atomic>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::mailbox_stays_empty;
using support::named_reason;

namespace {

struct question {
  alias who;
  [[nodiscard]] pid asked_by() const noexcept { return who.owner(); }
};
struct reply_to {
  ref request;
};

struct asked {
  ref monitor;
  send_result result;
};
asked ask(pid whom) {
  const alias me = detail::prepare_request();
  const send_result result = detail::send_request(whom, detail::make_node<question>(question{me}), me.reference());
  return {me.reference(), result};
}

exit_reason end_of(const asked& a) {
  return receive<down>([&a](const down& d) { return d.monitor == a.monitor; }).reason;
}

std::vector<pid> watchers_of(pid process) {
  const auto info = process_info(process);
  return info ? info->monitored_by : std::vector<pid>{};
}

}  // namespace

TEST_CASE("request: who ends with the request in the mailbox, or before it has come there, is told of once", "[M01]") {
  support::everywhere([] {
    const pid reader = spawn([] {
      receive<go>();
      joist::exit(named_reason("never read it"));
    });
    const asked unread = ask(reader);
    EXPECT(unread.result == send_result::sent);
    send(reader, go{});
    EXPECT(end_of(unread) == named_reason("never read it"));

    const pid racer = spawn([] { joist::exit(named_reason("racing")); });
    const exit_reason end = end_of(ask(racer));
    EXPECT(end == named_reason("racing") || end == exit_reason::noproc);
    (void)support::await_end(racer);
    EXPECT(end_of(ask(racer)) == exit_reason::noproc);
    EXPECT(mailbox_stays_empty(1ms));
  });
}

TEST_CASE("request: the first answer ends the monitor, and the request that is passed on is a message like others") {
  support::everywhere([] {
    const pid answers = spawn([] {
      const question q = receive<question>();
      EXPECT(watchers_of(self()).empty());
      send(q.who, reply_to{q.who.reference()});
    });
    const pid passes_on = spawn([answers] {
      send(answers, receive<any_message>());
      receive<go>();
    });
    const asked a = ask(passes_on);
    EXPECT(receive<reply_to>().request == a.monitor);
    EXPECT(process_info(self())->monitors.empty());
    EXPECT(watchers_of(passes_on).empty());
    send(passes_on, go{});
    (void)support::await_end(passes_on);
    EXPECT(mailbox_stays_empty(1ms));
  });
}

TEST_CASE("request: who has asked and ends watches no more") {
  support::everywhere([] {
    const pid server = spawn([] {
      receive<question>();
      receive<go>();
    });
    const monitored client = spawn_monitor([server] { (void)ask(server); });
    EXPECT(support::reason_of(client) == exit_reason::normal);
    EXPECT(watchers_of(server).empty());
    send(server, go{});
  });
}

TEST_CASE("request: of oneself it arrives, and no end is told of", "[M03]") {
  support::everywhere([] {
    const asked a = ask(self());
    EXPECT(receive<question>().who.reference() == a.monitor);
    EXPECT(demonitor(a.monitor));
    EXPECT(mailbox_stays_empty(1ms));
  });
}

TEST_CASE("request: a full mailbox that refuses it is not monitored, and one that drops it is") {
  support::everywhere([] {
    for (const auto policy : {mailbox_policy::fail, mailbox_policy::drop_newest, mailbox_policy::kill}) {
      spawn_options o;
      o.mailbox_limit = 1;
      o.when_full = policy;
      const pid full = spawn(o, [] {
        receive<go>();
        joist::exit(named_reason("over"));
      });
      send(full, 1);
      const asked a = ask(full);
      EXPECT(a.result == (policy == mailbox_policy::fail ? send_result::mailbox_full : send_result::sent));
      if (policy != mailbox_policy::kill) {
        EXPECT(process_info(self())->monitors.empty() == (policy == mailbox_policy::fail));
        joist::exit(full, named_reason("over"));
      }
      (void)support::await_end(full);
      if (policy == mailbox_policy::drop_newest) EXPECT(end_of(a) == named_reason("over"));
      if (policy == mailbox_policy::kill) EXPECT(end_of(a) == exit_reason::killed);
      EXPECT(mailbox_stays_empty(1ms));
    }
  });
}

TEST_CASE("request: one that loops and is declared dead with the request unread is told of") {
  runtime_options o = support::quiet(2);
  o.kill_after = 5ms;
  std::atomic<bool> runs{false};
  std::atomic<bool> comes_back{false};
  runtime rt{o};
  rt.ask([&] {
    const pid stuck = spawn([&] {
      runs = true;
      while (!comes_back) {
      }
    });
    while (!runs) joist::yield();
    const asked before = ask(stuck);
    joist::exit(stuck, exit_reason::kill);
    EXPECT(end_of(before) == exit_reason::killed);
    EXPECT(end_of(ask(stuck)) == exit_reason::noproc);
    comes_back = true;
    EXPECT(mailbox_stays_empty());
  });
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("request: outside of processes nobody can be answered") {
  CHECK_THROWS_AS(detail::prepare_request(), joist::error);
}
