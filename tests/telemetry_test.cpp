// joist/telemetry.hpp: events, and who hears of them.
#include <joist/telemetry.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/ends.hpp"
#include "support/listening.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::mailbox_stays_empty;
using support::reason_after;
using support::with_nobody_listening;
using telemetry::any_event;
using telemetry::process_exited;
using telemetry::process_spawned;

namespace {

struct sold {
  static constexpr std::string_view event_name = "test.sold";
  struct {
    int pieces;
    std::chrono::milliseconds took;
  } measurements;
  struct {
    std::string_view what;
    pid buyer;
  } metadata;
};
struct returned {
  static constexpr std::string_view event_name = "test.returned";
  struct {
    int pieces;
  } measurements;
  struct {
  } metadata;
};

struct heard {
  int pieces;
};

// Tells the process that calls it of each sale.
auto telling_me() {
  return [me = self()](const auto& e) { send(me, heard{e.measurements.pieces}); };
}

void sell(int pieces) { telemetry::execute(sold{{pieces, 250ms}, {"pears", self()}}); }

template <class Process>
bool is_of(const Process& e, pid who) {
  return e.metadata.process == who;
}

}  // namespace

TEST_CASE("telemetry: an event reaches those who listen to its type, before execute returns, and nobody else") {
  with_nobody_listening([] {
    telemetry::attach<sold>("sales", telling_me());
    telemetry::attach<returned>("returns", [](const returned&) { EXPECT(false); });
    sell(3);
    EXPECT(receive<heard>(after(0s))->pieces == 3);
    EXPECT(telemetry::detach("sales"));
    sell(4);
    EXPECT(mailbox_stays_empty());
    EXPECT(!telemetry::detach("sales"));
  });
}

TEST_CASE("telemetry: one handler may take events of several types, or of all") {
  with_nobody_listening([] {
    telemetry::attach<sold, returned>("both", telling_me());
    telemetry::attach_to_all("all", [me = self()](const any_event& e) {
      if (e.get_if<sold>() != nullptr || e.name() == returned::event_name) send(me, std::string{e.name()});
    });
    sell(1);
    telemetry::execute(returned{{2}, {}});
    EXPECT(receive<heard>().pieces == 1 && receive<heard>().pieces == 2);
    EXPECT(receive<std::string>() == "test.sold" && receive<std::string>() == "test.returned");
  });
}

TEST_CASE("telemetry: figures and what they are about can be read without knowing the type; durations are seconds") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach_to_all("exporter", [me](const any_event& e) {
      if (e.get_if<sold>() == nullptr) return;
      const auto figures = e.measurements();
      EXPECT(figures.size() == 2 && figures[0].name == "pieces" && figures[0].value == 7);
      EXPECT(figures[1].name == "took" && figures[1].value == 0.25);
      const auto tags = e.metadata();
      EXPECT(tags.size() == 2 && tags[0].name == "what" && tags[0].value == "pears");
      EXPECT(tags[1].name == "buyer" && tags[1].value == fmt::format("{}", me));
      send(me, support::go{});
    });
    sell(7);
    EXPECT(receive<support::go>(after(0s)));
  });
}

TEST_CASE("telemetry: an event that nobody listens to is not made") {
  with_nobody_listening([] {
    int made = 0;
    auto make = [&made] {
      ++made;
      return returned{{1}, {}};
    };
    telemetry::execute_with(make);
    EXPECT(made == 0 && !telemetry::is_listened_to<returned>());
    telemetry::attach<returned>("returns", [](const returned&) {});
    EXPECT(telemetry::is_listened_to<returned>());
    telemetry::execute_with(make);
    EXPECT(made == 1);
    telemetry::detach("returns");
    EXPECT(!telemetry::is_listened_to<returned>());
  });
}

TEST_CASE("telemetry: an id is used once at a time, and attached handlers are listed in order") {
  with_nobody_listening([] {
    telemetry::attach<sold>("b", [](const sold&) {});
    telemetry::attach_to_all("a", [](const any_event&) {});
    const exit_reason again = reason_after([] { telemetry::attach<returned>("b", [](const returned&) {}); });
    EXPECT(again.error() != nullptr && again.error()->what.find("the id \"b\" is attached already") != std::string::npos);
    const auto all = telemetry::handlers();
    EXPECT(all.size() == 2 && all[0].id == "b" && all[1].id == "a");
    EXPECT(all[0].events == std::vector<std::string_view>{"test.sold"} && all[1].events.empty());
  });
}

TEST_CASE("telemetry: a handler that throws is detached, which is an event; the others, and who executes, do not notice") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach<sold>("bad", [](const sold&) { throw std::runtime_error{"no room"}; });
    telemetry::attach<sold>("leaving", [](const sold&) { joist::exit(exit_reason::shutdown); });
    telemetry::attach<sold>("good", telling_me());
    telemetry::attach<telemetry::handler_failed>("failures", [me](const telemetry::handler_failed& e) {
      EXPECT(e.metadata.event == "test.sold");
      send(me, std::pair{std::string{e.metadata.id}, e.metadata.reason});
    });
    telemetry::attach<telemetry::handler_failed>("hopeless", [](const auto&) { throw 1; });
    sell(1);
    sell(2);
    EXPECT(receive<heard>().pieces == 1 && receive<heard>().pieces == 2);
    const auto first = receive<std::pair<std::string, exit_reason>>();
    EXPECT(first.first == "bad" && first.second.error()->what == "no room");
    EXPECT((receive<std::pair<std::string, exit_reason>>().first == "leaving"));
    EXPECT(telemetry::handlers().size() == 2);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("telemetry: what a handler does raises no events") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach<sold>("greedy", [me](const sold& e) {
      send(me, heard{e.measurements.pieces});
      if (e.measurements.pieces < 100) sell(e.measurements.pieces + 1);
    });
    sell(1);
    EXPECT(receive<heard>().pieces == 1);
    EXPECT(mailbox_stays_empty());
    sell(2);
    EXPECT(receive<heard>().pieces == 2);
  });
}

TEST_CASE("telemetry: a process is told of before its body runs, and after it, with its reason, in itself") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach<process_spawned>("births", [me](const process_spawned& e) {
      EXPECT(is_of(e, self()));
      if (e.metadata.label == "told") send(me, std::pair{std::string{"born of"}, e.metadata.parent});
    });
    telemetry::attach<process_exited>("deaths", [me](const process_exited& e) {
      EXPECT(is_of(e, self()));
      if (e.metadata.label == "told") send(me, e.metadata.reason);
    });
    const monitored m = spawn_monitor({.label = "told"}, [me] {
      send(me, support::go{});
      joist::exit(support::named_reason("tired"));
    });
    EXPECT((receive<std::pair<std::string, pid>>() == std::pair{std::string{"born of"}, me}));
    EXPECT(receive<support::go>(after(10s)));
    EXPECT(receive<exit_reason>() == support::named_reason("tired"));
    EXPECT(support::reason_of(m) == support::named_reason("tired"));
  });
}

TEST_CASE("telemetry: a handler of ends learns how many messages were left, and how much the process did") {
  with_nobody_listening([] {
    const pid me = self();
    telemetry::attach<process_exited>("deaths", [me](const process_exited& e) {
      if (e.metadata.label == "full") send(me, e.measurements.message_queue_length);
    });
    const pid full = spawn({.label = "full"}, [] { receive<support::go>(); });
    for (int i = 0; i < 5; ++i) send(full, i);
    send(full, support::go{});
    EXPECT(receive<std::size_t>() == 5);
  });
}

TEST_CASE("telemetry: a process that is killed before it began is told of, twice, in order") {
  with_nobody_listening([] {
    const pid me = self();
    const auto tell = [me](const auto& e) {
      if (e.metadata.label == "short") send(me, std::string{e.event_name});
    };
    telemetry::attach<process_spawned, process_exited>("all", tell);
    joist::exit(spawn({.label = "short"}, [] { support::wait_for_ever(); }), exit_reason::kill);
    EXPECT(receive<std::string>() == process_spawned::event_name);
    EXPECT(receive<std::string>() == process_exited::event_name);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("telemetry: a process that is killed while its handler waits ends, and the handler stays") {
  with_nobody_listening([] {
    telemetry::attach<sold>("slow", [](const sold&) { joist::sleep_for(infinity); });
    const monitored seller = spawn_monitor([] { sell(1); });
    joist::yield();
    joist::exit(seller.process, exit_reason::kill);
    EXPECT(support::reason_of(seller) == exit_reason::killed);
    EXPECT(telemetry::handlers().size() == 1);
  });
}

TEST_CASE("telemetry: the end of a process that is declared dead is told once") {
  runtime_options o = support::quiet(2);
  o.kill_after = 5ms;
  std::atomic<int> told{0};
  std::atomic<bool> runs{false};
  std::atomic<bool> comes_back{false};
  runtime rt{o};
  rt.ask([&] {
    telemetry::attach<process_exited>("deaths", [&](const process_exited& e) {
      if (e.metadata.label != "stuck") return;
      EXPECT(e.metadata.reason == exit_reason::killed);
      ++told;
    });
    const monitored stuck = spawn_monitor({.label = "stuck"}, [&] {
      runs = true;
      while (!comes_back) {
      }
    });
    while (!runs) joist::yield();  // is_alive would wait for its answer
    joist::exit(stuck.process, exit_reason::kill);
    EXPECT(support::reason_of(stuck) == exit_reason::killed);
    while (told == 0) joist::yield();
    comes_back = true;
  });
  while (rt.info().zombies > 0) std::this_thread::yield();
  CHECK(rt.stop(10s).clean());
  CHECK(told == 1);
}

namespace {
struct waits_for_ever_at_its_end {
  ~waits_for_ever_at_its_end() { receive<heard>(); }  // NOLINT(bugprone-exception-escape)
};
}  // namespace

TEST_CASE("telemetry: a process whose stack is given up is born once, and dies once") {
  with_nobody_listening([] {
    const pid me = self();
    const auto tell = [me](const auto& e) {
      if (e.metadata.label == "given up") send(me, std::string{e.event_name});
    };
    telemetry::attach<process_spawned, process_exited>("all", tell);
    const monitored m = spawn_monitor({.label = "given up"}, [] {
      const waits_for_ever_at_its_end at_end;
      support::wait_for_ever();
    });
    EXPECT(receive<std::string>() == process_spawned::event_name);
    joist::exit(m.process, exit_reason::kill);
    EXPECT(support::reason_of(m) == exit_reason::killed);
    EXPECT(receive<std::string>() == process_exited::event_name);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("telemetry: births and deaths that are counted while processes come and go on all workers are exact") {
  std::atomic<std::size_t> born{0};
  std::atomic<std::size_t> dead{0};
  constexpr std::size_t children = 2000;
  runtime rt{support::quiet(4)};
  rt.ask([&] {
    telemetry::attach<process_spawned>("births", [&](const auto&) { ++born; });
    telemetry::attach<process_exited>("deaths", [&](const auto&) { ++dead; });
    // Others come and go meanwhile.
    const monitored busy = spawn_monitor([] {
      for (int i = 0; i < 200; ++i) {
        const std::string id = fmt::format("{}", i);
        telemetry::attach<process_exited>(id, [](const auto&) {});
        joist::yield();
        EXPECT(telemetry::detach(id));
      }
    });
    std::vector<monitored> all;
    for (std::size_t i = 0; i < children; ++i) all.push_back(spawn_monitor([] { joist::yield(); }));
    for (const auto& m : all) EXPECT(support::reason_of(m) == exit_reason::normal);
    EXPECT(support::reason_of(busy) == exit_reason::normal);
  });
  CHECK(rt.stop(10s).clean());
  CHECK(born == children + 1);
  CHECK(dead == children + 2);  // and the process of ask, which had begun before
}

TEST_CASE("telemetry: outside of processes there is nobody to ask") {
  CHECK_THROWS_AS(sell(1), joist::error);
  CHECK_THROWS_AS(telemetry::handlers(), joist::error);
}
