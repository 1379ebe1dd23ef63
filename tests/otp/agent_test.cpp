#include <joist/otp/agent.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/otp/sys.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using counter = joist::agent<int>;
using words = joist::agent<std::vector<std::string>>;

namespace {

void add_one(int& n) { ++n; }

}  // namespace

TEST_CASE("agent: keeps a value that functions read and change, in its own process", "[A01]") {
  everywhere([] {
    const auto c = counter::start_link(40);
    EXPECT(c.get() == 40);
    c.update([](int& n) { ++n; });
    c.update([](int n) { return n + 1; });
    c.cast(&add_one);
    c.cast([by = std::make_unique<int>(7)](int n) { return n + *by; });
    EXPECT(c.get([](int n) { return n / 2; }) == 25);
    EXPECT(c.get_and_update([](int& n) { return std::exchange(n, 0); }) == 50);
    EXPECT(c.get() == 0);
    EXPECT(c.get([](const int&) { return joist::self(); }) == c.process());

    const auto w = words::start_link(std::vector<std::string>{"one"});
    w.update([](auto& all) { all.push_back("two"); });
    EXPECT(w.get(&std::vector<std::string>::size) == 2);
    EXPECT(w.get([](const auto& all) -> const std::string& { return all.back(); }) == "two");  // a copy
    w.get([](const auto&) {});
    c.stop();
    w.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("agent: its first value may be made in its process; one that cannot be made is a failed start", "[A02]") {
  everywhere([] {
    const auto made = joist::agent<joist::pid>::start([] { return joist::self(); });
    EXPECT(made.get() == made.process());
    made.stop();
    auto throws = []() -> int { throw std::runtime_error{"no value"}; };
    EXPECT(counter::try_start(throws).error().reason.error()->what == "no value");
    EXPECT(counter::try_start_link(throws).error().what == joist::start_error::kind::failed);
    const auto unique = joist::agent<std::unique_ptr<int>>::start_link(std::make_unique<int>(3));
    EXPECT(unique.get([](const auto& p) { return *p; }) == 3);
    unique.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("agent: functions of many processes are called one after the other", "[A01]") {
  everywhere([] {
    const auto c = counter::start_link(0);
    std::vector<joist::monitored> clients;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(joist::spawn_monitor([c] {
        for (int round = 0; round < 10; ++round) {
          c.update([](int& n) {
            const int before = n;
            joist::yield();
            n = before + 1;
          });
        }
      }));
    }
    for (const auto& m : clients) EXPECT(reason_of(m) == exit_reason::normal);
    EXPECT(c.get() == 50);
    c.stop();
  });
}

TEST_CASE("agent: a function that throws ends it, and its caller has the reason; one that was told it tells nobody",
          "[A03]") {
  everywhere([] {
    const auto asked = counter::start(1);
    const exit_reason why = reason_after([asked] { asked.update([](int&) { throw std::runtime_error{"oops"}; }); });
    EXPECT(why.error() != nullptr && why.error()->what == "oops");
    EXPECT(!joist::is_alive(asked));
    const auto told = counter::start(1);
    const joist::ref watch = joist::monitor(told);
    told.cast([](int&) { joist::exit(named_reason("enough")); });
    EXPECT(reason_of({told, watch}) == named_reason("enough"));
    EXPECT(reason_after([told] { (void)told.get(); }) == exit_reason::noproc);
    told.cast(&add_one);  // whether it lives or not
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("agent: without an answer in time the caller exits with timeout, and the agent goes on", "[A03]") {
  everywhere([] {
    const auto c = counter::start_link(1);
    const exit_reason why = reason_after([c] {
      c.update(
          [](int& n) {
            joist::sleep_for(20ms);
            ++n;
          },
          1ms);
    });
    EXPECT(why == exit_reason::timeout);
    EXPECT(c.get() == 2);
    c.stop();
  });
}

TEST_CASE("agent: has a name, a supervisor, a linked starter", "[A04]") {
  everywhere([] {
    joist::server_options named;
    named.name = "counter";
    const auto top = joist::start_supervisor({}, {counter::child("counter", 5, named)});
    const auto c = joist::find_agent<int>("counter").value();
    c.update(&add_one);
    EXPECT(c.get() == 6);
    joist::exit(c, exit_reason::kill);
    (void)await_end(c);
    std::optional<counter> next;
    while (!(next = joist::find_agent<int>("counter"))) joist::yield();
    EXPECT(next->get() == 5);  // as it was started
    top.stop();
    EXPECT(!joist::find_agent<int>("counter"));

    joist::trap_exit(true);
    const auto linked = counter::start_link([] { return 1; });
    linked.stop(named_reason("done"));
    EXPECT(joist::receive<joist::exited>().reason == named_reason("done"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("agent: is a server that sys looks into", "[A04]") {
  everywhere([] {
    const auto c = counter::start_link(7);
    EXPECT(joist::sys::get_status(c).state == "7");
    EXPECT(joist::sys::get_state(c.as_server(), [](const auto& s) { return s.state; }) == 7);
    joist::sys::replace_state(c.as_server(), [](int& n) { n = 8; });
    EXPECT(c.get() == 8);
    c.stop();
  });
}

TEST_CASE("agent: its address may be sent", "[A04]") {
  STATIC_REQUIRE(joist::sendable<counter>);
  everywhere([] {
    const auto c = counter::start_link(1);
    const joist::pid other = joist::spawn_link([me = joist::self()] {
      joist::receive<counter>().update(&add_one);
      joist::send(me, go{});
    });
    joist::send(other, c);
    joist::receive<go>();
    EXPECT(c.get() == 2);
    c.stop();
  });
}
