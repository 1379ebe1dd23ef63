// joist/otp/gen_event.hpp
#include <joist/otp/gen_event.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/otp/sys.hpp>

#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::handler_end;
using joist::handler_error;
using joist::handler_id;

namespace {

struct rang {
  int number;
};
struct crashed {};
struct asked_to_go {};
struct asked_to_swap {
  bool to_one_that_is_there = false;
};
struct asked_to_rest {};
using bell = joist::gen_event<rang, crashed, asked_to_go, asked_to_swap, asked_to_rest>;

struct said {
  std::string text;
};
std::string next_word() { return joist::receive<said>().text; }

const char* name_of(handler_end::kind k) {
  switch (k) {
    case handler_end::kind::deleted: return "deleted";
    case handler_end::kind::removed: return "removed";
    case handler_end::kind::swapped: return "swapped";
    case handler_end::kind::stopped: return "stopped";
    case handler_end::kind::supervisor_ended: return "supervisor_ended";
    case handler_end::kind::failed: return "failed";
  }
  return "?";
}

class second;

/// Tells what it goes through; leaves a text when it ends.
class first : public bell::handler<first> {
 public:
  struct count {
    using reply = int;
  };
  struct fail {
    using reply = void;
  };
  struct go_now {
    using reply = std::string;
  };
  struct raw {
    int number;
  };
  using info_types = joist::type_list<raw>;

  first(joist::pid to, std::string name) : to_{to}, name_{std::move(name)} {
    if (name_ == "no") throw std::runtime_error{"does not want to"};
  }
  ~first() { tell("destroyed"); }
  void handle_event(const rang& r) {
    count_ += 1;
    tell(fmt::format("rang {}", r.number));
  }
  void handle_event(const crashed&) { throw std::runtime_error{"crash"}; }
  void handle_event(const asked_to_go&) { remove(); }
  void handle_event(const asked_to_swap& s);
  void handle_event(const asked_to_rest&) { hibernate(); }
  int handle_call(count) const { return count_; }
  void handle_call(fail) { throw std::runtime_error{"asked to"}; }
  std::string handle_call(go_now) {
    remove();
    return "gone";
  }
  void handle_info(const raw& r) {
    if (r.number < 0) throw std::runtime_error{"negative"};
    tell(fmt::format("raw {}", r.number));
  }
  void handle_info(const joist::exited& e) { tell(fmt::format("exited {}", e.reason)); }
  void handle_hibernate() { tell("hibernates"); }
  std::string terminate(const handler_end& why) {
    tell(why.reason == exit_reason::normal ? name_of(why.what) : fmt::format("{}: {}", name_of(why.what), reason_text(why)));
    if (name_ == "bad end") throw std::runtime_error{"at the end"};
    return name_ + "'s";
  }
  std::string format_status() const { return fmt::format("{} of {}", count_, name_); }

 private:
  static std::string reason_text(const handler_end& why) {
    return why.reason.error() != nullptr ? why.reason.error()->what : why.reason.to_string();
  }
  void tell(const std::string& text) { joist::send(to_, said{name_ + ": " + text}); }
  joist::pid to_;
  std::string name_;
  int count_ = 0;
};

/// Takes over.
class second {
 public:
  struct left {
    using reply = std::string;
  };
  explicit second(joist::pid to) : to_{to} {}
  second(std::string from, joist::pid to) : to_{to}, left_{std::move(from)} {
    if (left_ == "bad heir's") throw std::runtime_error{"does not take it"};
  }
  void handle_event(const rang& r) { joist::send(to_, said{fmt::format("second: rang {}", r.number)}); }
  std::string handle_call(left) const { return left_; }

 private:
  joist::pid to_;
  std::string left_;
};

void first::handle_event(const asked_to_swap& s) {
  if (s.to_one_that_is_there) return swap_to<second>(handler_id{"there"}, to_);
  swap_to<second>(handler_id{"by itself"}, to_);
}

std::vector<std::string> ids(const bell::ref& b) {
  std::vector<std::string> all;
  for (const auto& h : b.which_handlers()) all.push_back(h.id);
  return all;
}

bool fails(const joist::result<void, handler_error>& r, handler_error::kind what) { return !r && r.error().what == what; }

exit_reason end_of_handler(const char* id) {
  return joist::receive<joist::handler_exited>([id](const joist::handler_exited& e) { return e.id == id; }).reason;
}

bool is_crash(const exit_reason& r, const char* what) { return r.error() != nullptr && r.error()->what == what; }

}  // namespace

TEST_CASE("gen_event: a manager starts, with a name or without, and stops", "[GE01]") {
  everywhere([] {
    const auto before = joist::processes().size();
    const auto alone = bell::start();
    EXPECT(alone.which_handlers().empty());
    alone.notify(rang{1});
    alone.sync_notify(rang{1});  // nobody hears it
    alone.stop();
    const auto named = bell::start_link({.name = "bell"});
    EXPECT(bell::find("bell") == named && !bell::find("ring"));
    const auto again = joist::try_start<bell>(joist::server_options{.name = "bell"});
    EXPECT(!again && again.error().what == joist::start_error::kind::already_started);
    named.stop();
    EXPECT(!bell::find("bell"));
    named.notify(rang{1});
    EXPECT(reason_after([named] { named.sync_notify(rang{1}); }) == exit_reason::noproc);
    EXPECT(reason_after([named] { (void)named.which_handlers(); }) == exit_reason::noproc);
    EXPECT(reason_after([named] { (void)named.call<first>(first::count{}); }) == exit_reason::noproc);
    EXPECT(joist::processes().size() == before);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: handlers are added, the newest is first, and two of one class have ids", "[GE02]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(fails(b.add_handler<first>(me, "no"), handler_error::kind::failed));
    EXPECT(b.which_handlers().empty());
    EXPECT(b.add_handler<first>(me, "a"));
    EXPECT(b.add_handler<first>(handler_id{"2"}, me, "b"));
    EXPECT(b.add_handler<second>(me));
    EXPECT(fails(b.add_handler<first>(me, "c"), handler_error::kind::already_present));
    EXPECT(fails(b.add_sup_handler<first>(handler_id{"2"}, me, "c"), handler_error::kind::already_present));
    const auto all = b.which_handlers();
    EXPECT(all.size() == 3 && all[0].type.find("second") != std::string::npos && all[1].id == "2" && all[2].id.empty());
    EXPECT(!all[0].supervisor);
    b.notify(rang{7});
    EXPECT(next_word() == "second: rang 7");
    EXPECT(next_word() == "b: rang 7");
    EXPECT(next_word() == "a: rang 7");
    b.stop();
    for (const char* word : {"b: stopped", "b: destroyed", "a: stopped", "a: destroyed"}) EXPECT(next_word() == word);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: sync_notify returns when all handlers have had the event; events keep their order", "[GE03]") {
  everywhere([] {
    const auto b = bell::start();
    EXPECT(b.add_handler<first>(joist::self(), "a"));
    for (int i = 0; i < 3; ++i) b.notify(rang{i});
    b.sync_notify(rang{3});
    for (int i = 0; i <= 3; ++i) {
      const auto word = joist::receive<said>(joist::after(0s));
      EXPECT(word && word->text == fmt::format("a: rang {}", i));
    }
    joist::exit(b, exit_reason::kill);
  });
}

TEST_CASE("gen_event: delete_handler returns what terminate does", "[GE04]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    const auto none = b.delete_handler<first>();
    EXPECT(!none && none.error().what == handler_error::kind::not_found);
    EXPECT(b.add_handler<first>(me, "a") && b.add_handler<first>(handler_id{"2"}, me, "bad end") &&
           b.add_handler<second>(me));
    EXPECT(!b.delete_handler<first>(handler_id{"3"}));
    EXPECT(b.delete_handler<first>().value() == "a's");
    EXPECT(next_word() == "a: deleted" && next_word() == "a: destroyed");
    const auto bad = b.delete_handler<first>(handler_id{"2"});
    EXPECT(!bad && bad.error().what == handler_error::kind::failed && is_crash(bad.error().reason, "at the end"));
    EXPECT(next_word() == "bad end: deleted" && next_word() == "bad end: destroyed");
    EXPECT(b.delete_handler<second>().has_value());
    EXPECT(b.which_handlers().empty());
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: a handler is asked, and answers; what goes wrong there is told", "[GE05]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<first>(me, "a") && b.add_handler<first>(handler_id{"2"}, me, "b"));
    b.notify(rang{1});
    EXPECT(b.call<first>(first::count{}).value() == 1);
    EXPECT(b.call<first>(handler_id{"2"}, first::count{}, 1s).value() == 1);
    const auto none = b.call<second>(second::left{});
    EXPECT(!none && none.error().what == handler_error::kind::not_found);
    const auto failed = b.call<first>(first::fail{});
    EXPECT(!failed && failed.error().what == handler_error::kind::failed && is_crash(failed.error().reason, "asked to"));
    EXPECT(ids(b) == std::vector<std::string>{"2"});
    EXPECT(b.call<first>(handler_id{"2"}, first::go_now{}).value() == "gone");
    EXPECT(b.which_handlers().empty());
    for (const char* word : {"b: rang 1", "a: rang 1", "a: failed: asked to", "a: destroyed", "b: removed", "b: destroyed"})
      EXPECT(next_word() == word);
    joist::sys::suspend(b);
    EXPECT(reason_after([b] { (void)b.call<first>(first::count{}, 5ms); }) == exit_reason::timeout);
    joist::sys::resume(b);
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: a handler that throws is removed, with a report; manager and others go on", "[GE06]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options options = quiet();
  options.log = sink_of(log);
  joist::runtime rt{options};
  rt.ask([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<second>(me) && b.add_handler<first>(handler_id{"x"}, me, "a"));
    b.notify(rang{1});
    b.notify(crashed{});
    b.notify(rang{2});
    for (const char* word : {"a: rang 1", "second: rang 1", "a: failed: crash", "a: destroyed", "second: rang 2"})
      EXPECT(next_word() == word);
    EXPECT(b.which_handlers().size() == 1);
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
  await_text(*log, "thrown at:");
  const std::string text = log->get();
  for (const char* part : {"event manager <", "first \"x\" failed by a message of type", "crashed, and is removed",
                           "reason: error (std::runtime_error: crash)", "state: 1 of a"})
    CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("gen_event: a handler removes itself", "[GE07]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<first>(handler_id{"1"}, me, "a") && b.add_sup_handler<first>(handler_id{"2"}, me, "b"));
    b.sync_notify(asked_to_go{});
    EXPECT(b.which_handlers().empty());
    for (const char* word : {"b: removed", "b: destroyed", "a: removed", "a: destroyed"}) EXPECT(next_word() == word);
    EXPECT(end_of_handler("2") == exit_reason::normal);
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: a handler is swapped for another, which has what it leaves, and its supervisor", "[GE08]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(fails(b.swap_handler<first, second>(me), handler_error::kind::not_found));
    EXPECT(b.which_handlers().empty());
    EXPECT(b.add_sup_handler<first>(me, "a") && b.add_handler<second>(handler_id{"there"}, me));
    EXPECT(
        fails(b.swap_handler<first, second>(handler_id{}, handler_id{"there"}, me), handler_error::kind::already_present));
    EXPECT((b.swap_handler<first, second>(handler_id{}, handler_id{"new"}, me)));
    EXPECT(next_word() == "a: swapped" && next_word() == "a: destroyed");
    EXPECT(ids(b) == (std::vector<std::string>{"there", "new"}));
    EXPECT(b.call<second>(handler_id{"new"}, second::left{}).value() == "a's");
    EXPECT(b.which_handlers()[1].supervisor == me);
    EXPECT(b.delete_handler<second>(handler_id{"new"}).has_value());
    EXPECT(end_of_handler("new") == exit_reason::normal);

    EXPECT(b.add_sup_handler<first>(me, "bad heir"));
    EXPECT(fails(b.swap_handler<first, second>(me), handler_error::kind::failed));
    EXPECT(next_word() == "bad heir: swapped" && next_word() == "bad heir: destroyed");
    EXPECT(is_crash(end_of_handler(""), "does not take it"));
    EXPECT(ids(b) == (std::vector<std::string>{"there"}));
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: a handler swaps itself; for one that is there already it fails", "[GE08]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_sup_handler<first>(me, "a"));
    b.notify(asked_to_swap{});
    b.notify(rang{1});
    EXPECT(next_word() == "a: swapped" && next_word() == "a: destroyed" && next_word() == "second: rang 1");
    EXPECT(b.call<second>(handler_id{"by itself"}, second::left{}).value() == "a's");
    EXPECT(b.which_handlers()[0].supervisor == me);
    EXPECT(b.add_handler<second>(handler_id{"there"}, me) && b.add_handler<first>(me, "b"));
    b.sync_notify(asked_to_swap{true});
    EXPECT(ids(b) == (std::vector<std::string>{"there", "by itself"}));
    EXPECT(next_word().find("b: failed: swap_to: there is") == 0 && next_word() == "b: destroyed");
    b.stop();
    EXPECT(end_of_handler("by itself") == exit_reason::shutdown);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: swap_sup_handler makes the caller the supervisor, and the old one hears who it is", "[GE08][GE09]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_sup_handler<first>(handler_id{"1"}, me, "a"));
    const auto other = joist::spawn_monitor([b, me] {
      EXPECT((b.swap_sup_handler<first, second>(handler_id{"1"}, handler_id{"2"}, me)));
      joist::receive<go>();
    });
    const auto told = end_of_handler("1");
    const auto* swapped = told.value<joist::handler_swapped>();
    EXPECT(swapped != nullptr && swapped->by == other.process && swapped->id == "2" && told.to_string().find("by <") > 0);
    EXPECT(next_word() == "a: swapped" && next_word() == "a: destroyed");
    EXPECT(joist::process_info(b)->links == std::vector<joist::pid>{other.process});
    joist::send(other.process, go{});
    EXPECT(reason_of(other) == exit_reason::normal);
    while (!b.which_handlers().empty()) joist::yield();
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: a supervised handler goes when its supervisor ends, however, and no other does", "[GE09]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<first>(handler_id{"stays"}, me, "a"));
    for (const auto& why : {exit_reason::normal, named_reason("boom"), exit_reason::kill}) {
      const auto adder = joist::spawn_monitor([b, me] {
        EXPECT(b.add_sup_handler<first>(handler_id{"1"}, me, "b") && b.add_sup_handler<second>(me));
        joist::send(me, go{});
        joist::receive<go>();
      });
      joist::receive<go>();
      EXPECT(b.which_handlers().size() == 3 && b.which_handlers()[1].supervisor == adder.process);
      if (why == exit_reason::normal) {
        joist::send(adder.process, go{});
      } else {
        joist::exit(adder.process, why);
      }
      const exit_reason end = reason_of(adder);
      EXPECT(next_word() == (end == exit_reason::normal ? std::string{"b: supervisor_ended"}
                                                        : fmt::format("b: supervisor_ended: {}", end)));
      EXPECT(next_word() == "b: destroyed");
      EXPECT(ids(b) == std::vector<std::string>{"stays"});
    }
    EXPECT(joist::process_info(b)->links.empty());
    b.stop();
    EXPECT(next_word() == "a: stopped" && next_word() == "a: destroyed");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: the supervisor of a handler hears of its end, and does not end with the manager but by its kill",
          "[GE09][GE10]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_sup_handler<second>(handler_id{"1"}, me) && b.add_sup_handler<second>(handler_id{"2"}, me));
    EXPECT(joist::process_info(b)->links == std::vector<joist::pid>{me});
    EXPECT(b.delete_handler<second>(handler_id{"1"}).has_value());
    EXPECT(end_of_handler("1") == exit_reason::normal);
    EXPECT(joist::process_info(b)->links == std::vector<joist::pid>{me});
    b.stop(named_reason("enough"));
    EXPECT(end_of_handler("2") == exit_reason::shutdown);

    const auto crash = bell::start();
    EXPECT(crash.add_sup_handler<first>(handler_id{"3"}, me, "a"));
    crash.notify(crashed{});
    EXPECT(is_crash(end_of_handler("3"), "crash"));
    EXPECT(next_word() == "a: failed: crash" && next_word() == "a: destroyed");
    joist::exit(crash, exit_reason::kill);
    (void)await_end(crash);

    const auto killed = bell::start();
    EXPECT(reason_after([killed, me] {
             EXPECT(killed.add_sup_handler<second>(me));
             joist::exit(killed, exit_reason::kill);
             wait_for_ever();
           }) == exit_reason::killed);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: handlers are terminated when the manager ends, by stop, by its parent, by a supervisor", "[GE10]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const auto parent = joist::spawn_monitor([me] {
      const auto b = bell::start_link({.name = "bell"});
      EXPECT(b.add_handler<first>(me, "a") && b.add_sup_handler<first>(handler_id{"s"}, me, "b"));
      joist::send(me, go{});
      wait_for_ever();
    });
    joist::receive<go>();
    const joist::ref end = joist::monitor(*bell::find("bell"));
    joist::exit(parent.process, named_reason("boom"));
    EXPECT(reason_of(parent) == named_reason("boom"));
    EXPECT(joist::receive<joist::down>([end](const joist::down& d) { return d.monitor == end; }).reason ==
           named_reason("boom"));
    for (const char* word : {"b: stopped", "b: destroyed", "a: stopped", "a: destroyed"}) EXPECT(next_word() == word);

    const auto tree = joist::start_supervisor({}, {bell::child("bell", {.name = "bell"})});
    const auto b = bell::find("bell").value();
    EXPECT(b.add_handler<first>(me, "c"));
    joist::exit(b, exit_reason::kill);
    EXPECT(next_word() == "c: destroyed");
    while (!bell::find("bell") || bell::find("bell") == b) joist::yield();
    const auto next = bell::find("bell").value();
    EXPECT(next.which_handlers().empty());
    EXPECT(next.add_handler<first>(me, "d"));
    tree.stop();
    EXPECT(next_word() == "d: stopped" && next_word() == "d: destroyed");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: other messages come to all handlers that take them, and one that throws there is removed", "[GE11]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<first>(handler_id{"1"}, me, "a") && b.add_handler<second>(me));
    EXPECT(b.add_sup_handler<first>(handler_id{"2"}, me, "b"));
    joist::send(b, first::raw{3});
    joist::send(b, std::string{"for nobody"});
    EXPECT(next_word() == "b: raw 3" && next_word() == "a: raw 3");
    EXPECT(b.delete_handler<first>(handler_id{"2"}).has_value());
    EXPECT(end_of_handler("2") == exit_reason::normal);
    EXPECT(next_word() == "b: deleted" && next_word() == "b: destroyed");
    joist::exit(b, named_reason("hello"));  // of nobody's supervisor: a message
    EXPECT(next_word() == "a: exited hello");
    joist::send(b, first::raw{-1});
    EXPECT(next_word() == "a: failed: negative" && next_word() == "a: destroyed");
    EXPECT(b.which_handlers().size() == 1);
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_event: hibernates when a handler says so, and all give back what they can", "[GE12]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<first>(handler_id{"1"}, me, "a") && b.add_handler<first>(handler_id{"2"}, me, "b"));
    b.notify(asked_to_rest{});
    EXPECT(next_word() == "b: hibernates" && next_word() == "a: hibernates");
    while (!joist::sys::get_status(b).hibernating) joist::yield();
    b.sync_notify(rang{1});
    EXPECT(next_word() == "b: rang 1" && next_word() == "a: rang 1");
    EXPECT(!joist::sys::get_status(b).hibernating);
    joist::exit(b, exit_reason::kill);
  });
}

TEST_CASE("gen_event: sys sees the manager and the states of its handlers", "[GE13]") {
  everywhere([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    EXPECT(b.add_handler<second>(me) && b.add_handler<first>(handler_id{"x"}, me, "a"));
    b.sync_notify(rang{1});
    const std::string state = joist::sys::get_status(b).state;
    EXPECT(state.find("2 handlers") == 0 && state.find("first \"x\": 1 of a") != std::string::npos &&
           state.find("second") != std::string::npos);
    joist::sys::suspend(b);
    b.notify(rang{2});
    EXPECT(joist::sys::get_status(b).suspended);
    joist::sys::resume(b);
    b.sync_notify(rang{3});
    joist::exit(b, exit_reason::kill);
  });
}

TEST_CASE("gen_event: an adder that ends while it adds leaves no handler", "[GE14]") {
  in_simulation([] {
    const auto b = bell::start();
    const joist::pid me = joist::self();
    const auto adder = joist::spawn_monitor([b, me] {
      for (int i = 0;; ++i) (void)b.add_sup_handler<second>(handler_id{std::to_string(i)}, me);
    });
    for (int i = 0; i < 5; ++i) joist::yield();
    joist::exit(adder.process, exit_reason::kill);
    (void)reason_of(adder);
    while (!b.which_handlers().empty()) joist::yield();
    EXPECT(joist::process_info(b)->links.empty());
    b.stop();
    EXPECT(mailbox_stays_empty());
  });
}
