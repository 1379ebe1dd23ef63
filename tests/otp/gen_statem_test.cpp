#include <joist/otp/gen_statem.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/otp/sys.hpp>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::start_error;

namespace {

struct told {
  std::string text;
};
std::string next_word() { return joist::receive<told>().text; }
/// The words of a machine, in this order.
void expect_words(std::initializer_list<const char*> words) {
  for (const char* word : words) {
    const std::string got = next_word();
    if (got != word) throw failed_expectation{fmt::format("expected \"{}\", got \"{}\"", word, got)};
  }
}

enum class place { home, work, road };

/// Does in its handlers what it is sent, and tells of each event its kind, its name, and the state.
struct actor : joist::gen_statem<actor, place> {
  using gen_statem::cancel_named_timeout;
  using gen_statem::cancel_state_timeout;
  using gen_statem::hibernate;
  using gen_statem::named_timeout_after;
  using gen_statem::next_call;
  using gen_statem::next_cast;
  using gen_statem::next_event;
  using gen_statem::next_info;
  using gen_statem::next_state;
  using gen_statem::postpone;
  using gen_statem::repeat_state;
  using gen_statem::state_timeout_after;
  using gen_statem::stop;
  using gen_statem::timeout_after;
  using gen_statem::update_named_timeout;
  using gen_statem::update_state_timeout;

  using deed = std::function<void(actor&)>;
  struct act {
    std::string name;
    deed what = {};
  };
  struct ask {
    using reply = std::string;
    std::string name;
    deed what = {};
  };
  struct ring {
    std::string name = "ring";
    deed what = {};
  };

  actor(joist::pid to, deed first, deed at_enter) : gen_statem(place::home), to_{to}, at_enter_{std::move(at_enter)} {
    if (first) first(*this);
  }
  explicit actor(joist::pid to) : actor(to, nullptr, nullptr) {}

  void handle_enter(place now, place before) {
    tell("enter", before == now ? "" : joist::detail::name_of(before));
    if (at_enter_) at_enter_(*this);
    (void)now;
  }
  void handle_cast(place, act& a) { does("cast", a); }
  std::string handle_call(place, ask& a) {
    does("call", a);
    return "answer to " + a.name;
  }
  void handle_info(place, act& a) { does("info", a); }
  void handle_internal(place, act& a) { does("internal", a); }
  void handle_timeout(place) { tell("timeout", ""); }
  void handle_timeout(place, act& a) { does("timeout", a); }
  void handle_state_timeout(place) { tell("state timeout", ""); }
  void handle_state_timeout(place, act& a) { does("state timeout", a); }
  void handle_named_timeout(place, act& a) { does("named timeout", a); }
  void handle_named_timeout(place, ring& r) { does("named timeout", r); }
  void handle_hibernate() {
    tell("hibernate", "");
    if (at_hibernate) at_hibernate(*this);
  }
  void terminate(const exit_reason& why) { tell("terminate", why.to_string()); }

  deed at_hibernate;

 private:
  void tell(const std::string& kind, const std::string& name) {
    joist::send(
        to_, told{fmt::format("{}{}{} {}", joist::detail::name_of(current_state()), name.empty() ? "" : " ", name, kind)});
  }
  template <class Event>
  void does(const char* kind, Event& e) {
    tell(kind, e.name);
    if (e.what) e.what(*this);
  }
  joist::pid to_;
  deed at_enter_;
};
using act = actor::act;

/// A started one, which has told that it is home.
joist::server_ref<actor> new_actor() {
  const auto s = joist::start_link<actor>(joist::self());
  expect_words({"home enter"});
  return s;
}
void end(joist::server_ref<actor> s, const char* last) {
  s.stop();
  expect_words({last});
  EXPECT(mailbox_stays_empty());
}

void go_to(actor& a, place where) { a.next_state(where); }
actor::deed goes(place where) {
  return [where](actor& a) { go_to(a, where); };
}
void postpones(actor& a) { a.postpone(); }

/// Its handlers are those of the states.
enum class door { closed, open, locked };
struct guarded_door : joist::gen_statem<guarded_door, door> {
  using enum door;
  struct push {};
  struct turn_key {
    int code = 0;
  };
  struct look {
    using reply = std::string;
  };
  struct walk {
    using reply = void;
  };
  struct knock {};
  using info_types = joist::type_list<knock>;

  guarded_door() : gen_statem(closed) {}
  void handle_cast(in<closed>, push) { next_state(open); }
  void handle_cast(in<open>, push) { next_state(closed); }
  void handle_cast(in<closed>, turn_key k) {
    code_ = k.code;
    next_state(locked);
  }
  void handle_cast(in<locked>, turn_key k) {
    if (k.code == code_) next_state(closed);
  }
  std::string handle_call(in<open>, look) { return "a garden"; }
  void handle_call(in<closed>, look, const joist::from<std::string>& client) { reply(client, "a door"); }
  std::string handle_call(door now, look) { return fmt::format("a door in state {}", static_cast<int>(now)); }
  void handle_call(in<open>, walk) {}
  void handle_call(walk) { postpone(); }
  void handle_info(in<closed>, knock) { ++knocks; }
  std::string format_status() const { return fmt::format("{} knocks", knocks); }

  int knocks = 0;

 private:
  int code_ = 0;
};

/// Takes what anybody sends.
struct listener : joist::gen_statem<listener, door> {
  struct raw {};
  using info_types = joist::type_list<raw>;
  explicit listener(joist::pid to) : gen_statem(door::open), to_{to} { joist::trap_exit(true); }
  void handle_info(in<door::open>, raw) { tell("raw"); }
  void handle_info(in<door::open>, const joist::exited& e) { tell(fmt::format("exited {}", e.reason)); }
  void handle_info(in<door::open>, const joist::down&) { tell("down"); }
  void handle_info(in<door::open>, joist::any_message& m) {
    tell("any");
    if (m.get_if<int>() != nullptr) next_state(door::closed);
    postpone();
  }
  void handle_info(door, const joist::any_message& m) { tell(m.get_if<int>() ? "int" : "other"); }
  void tell(std::string text) { joist::send(to_, told{std::move(text)}); }
  joist::pid to_;
};

/// States with data of their own.
struct idle {
  bool operator==(const idle&) const = default;
};
struct dialing {
  std::string number;
  bool operator==(const dialing&) const = default;
};
struct talking {
  std::string to;
  std::unique_ptr<int> line = {};
  bool operator==(const talking& other) const { return to == other.to; }
};
struct phone : joist::gen_statem<phone, std::variant<idle, dialing, talking>> {
  struct lift {};
  struct digit {
    char value;
  };
  struct hang_up {};
  struct look {
    using reply = std::string;
  };
  struct note {
    std::unique_ptr<int> page;
  };
  phone() : gen_statem(idle{}) {}
  void handle_enter(const talking& t) { seen += "talks to " + t.to + "; "; }
  void handle_enter(const idle&, const std::variant<idle, dialing, talking>& before) {
    seen += before.index() == 2 ? "talked to " + std::get<talking>(before).to + "; " : "idle; ";
  }
  void handle_enter() { seen += "rings; "; }
  void handle_cast(idle&, lift) { next_state(dialing{}); }
  void handle_cast(dialing& d, digit x) {
    d.number += x.value;
    if (d.number.size() == 3) next_state(talking{d.number, std::make_unique<int>(1)});
  }
  void handle_cast(idle&, digit) { postpone(); }
  void handle_cast(hang_up) { next_state(idle{}); }
  void handle_cast(note& n) { pages.push_back(std::move(n.page)); }
  std::string handle_call(look) { return seen; }
  std::string seen;
  std::vector<std::unique_ptr<int>> pages;
};

}  // namespace

TEST_CASE("gen_statem: is started, named, asked, told and stopped as a server", "[ST01]") {
  everywhere([] {
    const auto s = joist::start_link<guarded_door>(joist::server_options{.name = "door"});
    EXPECT(joist::find_server<guarded_door>("door") == s);
    const auto second = joist::try_start_link<guarded_door>(joist::server_options{.name = "door"});
    EXPECT(!second && second.error().what == start_error::kind::already_started && second.error().process == s.process());
    EXPECT(s.call(guarded_door::look{}) == "a door");
    s.cast(guarded_door::push{});
    EXPECT(s.try_call(guarded_door::look{}, 1s).value() == "a garden");
    s.stop();
    EXPECT(!joist::whereis("door"));
    EXPECT(s.try_call(guarded_door::look{}).error() == exit_reason::noproc);
    const auto watched = joist::start_monitor<guarded_door>(joist::server_options{});
    watched.server.stop(named_reason("done"));
    EXPECT(reason_of({watched.server, watched.monitor}) == named_reason("done"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE(
    "gen_statem: a constructor that throws, refuses, or does not want to run, is a failed start, and no state is entered",
    "[ST01]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const auto error_of = [me](actor::deed first) {
      auto r = joist::try_start_link<actor>(joist::server_options{.name = "actor"}, me, std::move(first), actor::deed{});
      EXPECT(!r && !joist::whereis("actor"));
      return r.error();
    };
    EXPECT(error_of([](actor&) { throw std::runtime_error{"no"}; }).reason.error()->what == "no");
    EXPECT(error_of([](actor&) { throw joist::start_ignored{}; }).what == start_error::kind::ignored);
    EXPECT(error_of([](actor&) { throw joist::start_refused{named_reason("busy")}; }).reason == named_reason("busy"));
    EXPECT(error_of([](actor& a) { a.stop(named_reason("stopped")); }).reason == named_reason("stopped"));
    EXPECT(error_of([](actor& a) { a.postpone(); }).reason.error()->what.find("expected a handler of an event") == 10);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: the first state is entered before any message, and then what the constructor asked for happens",
          "[ST02]") {
  everywhere([] {
    const auto s = joist::start_link<actor>(
        joist::self(),
        [](actor& a) {
          a.next_state(place::work);
          a.state_timeout_after(0ms);
          a.timeout_after(0ms);
          a.next_event(act{"first"});
          a.next_event(act{"second"});
        },
        [](actor& a) { a.named_timeout_after(0ms, actor::ring{}); });
    s.cast(act{"message"});
    // The event timeout of 0 is cancelled by the first event.
    expect_words({"work enter", "work first internal", "work second internal", "work state timeout",
                  "work ring named timeout", "work message cast"});
    end(s, "work normal terminate");
  });
}

TEST_CASE("gen_statem: the handler of the state is called, else that of any state, with the state or without it", "[ST03]") {
  everywhere([] {
    const auto s = joist::start_link<guarded_door>();
    EXPECT(s.call(guarded_door::look{}) == "a door");
    s.cast(guarded_door::push{});
    EXPECT(s.call(guarded_door::look{}) == "a garden");
    s.call(guarded_door::walk{});
    s.cast(guarded_door::push{});
    s.cast(guarded_door::turn_key{7});
    s.cast(guarded_door::turn_key{8});
    EXPECT(s.call(guarded_door::look{}) == "a door in state 2");
    s.cast(guarded_door::turn_key{7});
    EXPECT(s.call(guarded_door::look{}) == "a door");
    s.stop();
  });
}

TEST_CASE("gen_statem: an event that the state has no handler for ends the machine, and the caller has the reason",
          "[ST04]") {
  everywhere([] {
    const auto watched = joist::start_monitor<guarded_door>(joist::server_options{});
    watched.server.cast(guarded_door::turn_key{1});
    watched.server.cast(guarded_door::push{});
    const exit_reason why = reason_of({watched.server, watched.monitor});
    EXPECT(why.error() && why.error()->what.find("expected a handle_cast that takes ") == 0);
    EXPECT(why.error()->what.find("guarded_door::push in state locked, there is none") != std::string::npos);

    struct asked : joist::gen_statem<asked, door> {
      struct ask {
        using reply = int;
      };
      asked() : gen_statem(door::open) {}
      int handle_call(in<door::closed>, ask) { return 1; }
    };
    const auto other = joist::start<asked>();
    const auto got = other.try_call(asked::ask{});
    EXPECT(!got && got.error().error() && got.error().error()->what.find("in state open") != std::string::npos);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: an info that the state has no handler for is logged and dropped", "[ST04]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(2);
  o.log = sink_of(log);
  joist::runtime rt{o};
  rt.ask([] {
    const auto s = joist::start_link<guarded_door>();
    joist::send(s, guarded_door::knock{});
    s.info(guarded_door::knock{});
    s.cast(guarded_door::push{});
    joist::send(s, guarded_door::knock{});
    s.info(guarded_door::knock{});
    joist::send(s, 3.5);
    EXPECT(joist::sys::get_state(s, [](const guarded_door& d) { return d.knocks; }) == 2);
    s.stop();
  });
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find("guarded_door::knock in state open, it is dropped") != std::string::npos);
  CHECK(text.find("takes a message of type double in state open, it is dropped") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("gen_statem: messages of anybody come to the state's handlers: exits, downs, listed types, and all others",
          "[ST05]") {
  everywhere([] {
    const auto s = joist::start<listener>(joist::self());
    joist::send(s, listener::raw{});
    joist::send(s, 3.5);
    (void)await_end(joist::spawn([s] {
      joist::link(s);
      joist::exit(named_reason("why"));
    }));
    expect_words({"raw", "any", "exited why"});
    joist::send(s, 1);
    expect_words({"any", "other", "int"});
    joist::send(s, listener::raw{});
    expect_words({"other"});
    s.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: a state is entered when it has changed, told which one was before, and again after repeat_state",
          "[ST06]") {
  everywhere([] {
    const auto s = new_actor();
    s.cast(act{"go", goes(place::work)});
    s.cast(act{"same", goes(place::work)});
    s.cast(act{"keep"});
    s.cast(act{"repeat", [](actor& a) { a.repeat_state(); }});
    s.cast(act{"both", [](actor& a) {
                 a.next_state(place::road);
                 a.repeat_state();
               }});
    expect_words({"home go cast", "work home enter", "work same cast", "work keep cast", "work repeat cast", "work enter",
                  "work both cast", "road work enter"});
    end(s, "road normal terminate");
  });
}

TEST_CASE(
    "gen_statem: handle_enter may ask for timeouts, answers and the end, but not postpone, insert, or change the state",
    "[ST07]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const auto reason_for = [me](actor::deed at_enter) {
      const auto started = joist::start_monitor<actor>(joist::server_options{}, me, nullptr, std::move(at_enter));
      const exit_reason why = reason_of({started.server, started.monitor});
      EXPECT(next_word() == "home enter");
      EXPECT(next_word().find("terminate") != std::string::npos);
      return why;
    };
    EXPECT(reason_for([](actor& a) { a.postpone(); }).error() != nullptr);
    EXPECT(reason_for(goes(place::work)).error()->what.find("next_state: expected a handler of an event") == 0);
    EXPECT(reason_for([](actor& a) { a.next_event(act{}); }).error() != nullptr);
    EXPECT(reason_for([](actor& a) { a.next_cast(act{}); }).error() != nullptr);
    EXPECT(reason_for([](actor& a) { a.stop(named_reason("seen enough")); }) == named_reason("seen enough"));
    const auto s = joist::start_link<actor>(me, nullptr, [](actor& a) {
      a.next_state(a.current_state());
      a.state_timeout_after(0ms);
    });
    expect_words({"home enter", "home state timeout"});
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: repeat_state in handle_enter enters once more", "[ST07]") {
  struct stutterer : joist::gen_statem<stutterer, door> {
    struct go {};
    struct seen {
      using reply = std::vector<door>;
    };
    stutterer() : gen_statem(door::open) {}
    void handle_enter(door, door before) {
      before_.push_back(before);
      if (before_.size() % 2 == 1) repeat_state();
    }
    void handle_cast(go) { next_state(door::locked); }
    std::vector<door> handle_call(seen) { return before_; }
    std::vector<door> before_;
  };
  everywhere([] {
    const auto s = joist::start_link<stutterer>();
    s.cast(stutterer::go{});
    EXPECT(s.call(stutterer::seen{}) == std::vector<door>(4, door::open));
    s.stop();
  });
}

TEST_CASE("gen_statem: what is postponed comes again when the state has changed, in order, before what came later",
          "[ST08]") {
  everywhere([] {
    const auto s = new_actor();
    s.cast(act{"1", [](actor& a) {
                 if (a.current_state() == place::home) a.postpone();
               }});
    s.info(act{"2", [](actor& a) {
                 if (a.current_state() != place::road) a.postpone();
               }});
    s.cast(act{"repeat", [](actor& a) { a.repeat_state(); }});
    s.cast(act{"go", goes(place::work)});
    s.cast(act{"3", [](actor& a) {
                 if (a.current_state() == place::work) {
                   a.next_state(place::road);
                   a.postpone();
                 }
               }});
    s.cast(act{"4"});
    expect_words({"home 1 cast", "home 2 info", "home repeat cast", "home enter", "home go cast", "work home enter",
                  "work 1 cast", "work 2 info", "work 3 cast", "road work enter", "road 2 info", "road 3 cast",
                  "road 4 cast"});
    end(s, "road normal terminate");
  });
}

TEST_CASE("gen_statem: a call that is postponed is answered when it is handled, and its client may give up meanwhile",
          "[ST09]") {
  everywhere([] {
    const auto s = joist::start_link<guarded_door>();
    const joist::pid me = joist::self();
    for (int i = 0; i < 3; ++i) {
      joist::spawn_link([s, me, i] {
        s.call(guarded_door::walk{});
        joist::send(me, i);
      });
    }
    EXPECT(s.try_call(guarded_door::walk{}, 5ms).error() == exit_reason::timeout);
    s.cast(guarded_door::push{});
    for (int i = 0; i < 3; ++i) (void)joist::receive<int>();
    s.stop();
  });
  in_simulation([] {
    const auto other = new_actor();
    other.cast(act{"soon", [](actor& a) { a.named_timeout_after(1s, act{"go", goes(place::work)}); }});
    EXPECT(other.call(actor::ask{"a", [](actor& a) {
                                   if (a.current_state() == place::home) a.postpone();
                                 }}) == "answer to a");
    expect_words({"home soon cast", "home a call", "home go named timeout", "work home enter", "work a call"});
    end(other, "work normal terminate");
  });
}

TEST_CASE("gen_statem: a machine that ends with calls postponed ends its clients, and destroys its events", "[ST09]") {
  everywhere([] {
    const auto s = joist::start<guarded_door>();
    const auto client = joist::spawn_monitor([s] { s.call(guarded_door::walk{}); });
    while (joist::sys::get_status(s).state.find("1 postponed") == std::string::npos) joist::yield();
    joist::exit(s, named_reason("over"));
    EXPECT(reason_of(client) == named_reason("over"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: inserted events come first, then what was postponed; both cancel an event timeout of 0", "[ST10]") {
  everywhere([] {
    const auto s = new_actor();
    s.cast(act{"1", [](actor& a) {
                 if (a.current_state() == place::home) a.postpone();
               }});
    s.cast(act{"2", [](actor& a) {
                 if (a.current_state() == place::home) a.postpone();
               }});
    s.cast(act{"go", [](actor& a) {
                 a.next_event(act{"3"});
                 a.next_event(act{"4", [](actor& b) { b.next_event(act{"5"}); }});
                 a.timeout_after(0ms);
                 a.next_state(place::work);
               }});
    s.cast(act{"6"});
    expect_words({"home 1 cast", "home 2 cast", "home go cast", "work home enter", "work 3 internal", "work 4 internal",
                  "work 5 internal", "work 1 cast", "work 2 cast", "work 6 cast"});
    end(s, "work normal terminate");
  });
}

TEST_CASE("gen_statem: calls, casts and infos may be inserted as if they had come, and be postponed too", "[ST11]") {
  struct decoder : joist::gen_statem<decoder, door> {
    struct line {
      using reply = int;
      std::string text;
    };
    struct length {
      using reply = int;
      std::string text;
    };
    decoder() : gen_statem(door::closed) {}
    void handle_call(const line& l, const joist::from<int>& client) { next_call(client, length{l.text}); }
    void handle_call(in<door::closed>, const length&, const joist::from<int>&) {
      postpone();
      next_state(door::open);
    }
    int handle_call(in<door::open>, const length& l) { return static_cast<int>(l.text.size()); }
  };
  everywhere([] {
    const auto s = new_actor();
    s.cast(act{"go", [](actor& a) {
                 a.next_cast(act{"1"});
                 a.next_info(act{"2", postpones});
                 a.next_event(act{"3", [](actor& b) {
                                    if (b.current_state() == place::home) b.postpone();
                                    b.next_state(place::work);
                                  }});
               }});
    expect_words({"home go cast", "home 1 cast", "home 2 info", "home 3 internal", "work home enter", "work 2 info",
                  "work 3 internal"});
    end(s, "work normal terminate");
    const auto d = joist::start_link<decoder>();
    EXPECT(d.call(decoder::line{"four"}) == 4);
    d.stop();
  });
}

TEST_CASE(
    "gen_statem: a state's timeout ends with the state, stays while it stays, and belongs to the next one if asked for "
    "with the change",
    "[ST12]") {
  in_simulation([] {
    const auto s = new_actor();
    s.cast(act{"start", [](actor& a) { a.state_timeout_after(10ms); }});
    s.cast(act{"repeat", [](actor& a) {
                 a.repeat_state();
                 a.next_state(place::home);
               }});
    expect_words({"home start cast", "home repeat cast", "home enter", "home state timeout"});
    s.cast(act{"start", [](actor& a) { a.state_timeout_after(10ms); }});
    s.cast(act{"go", goes(place::work)});
    expect_words({"home start cast", "home go cast", "work home enter"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"go", [](actor& a) {
                 a.state_timeout_after(10ms, act{"left"});
                 a.next_state(place::road);
               }});
    s.cast(act{"keep"});
    expect_words({"work go cast", "road work enter", "road keep cast", "road left state timeout"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"twice", [](actor& a) {
                 a.state_timeout_after(10ms, act{"first"});
                 a.state_timeout_after(5ms, act{"second"});
               }});
    expect_words({"road twice cast", "road second state timeout"});
    s.cast(act{"none", [](actor& a) { a.state_timeout_after(10ms); }});
    s.cast(act{"cancel", [](actor& a) { a.cancel_state_timeout(); }});
    s.cast(act{"again", [](actor& a) { a.state_timeout_after(10ms); }});
    s.cast(act{"infinity", [](actor& a) { a.state_timeout_after(joist::infinity); }});
    expect_words({"road none cast", "road cancel cast", "road again cast", "road infinity cast"});
    EXPECT(mailbox_stays_empty(100ms));
    end(s, "road normal terminate");
  });
}

TEST_CASE("gen_statem: an event timeout is cancelled by any event, and by nothing else", "[ST13]") {
  in_simulation([] {
    const auto s = new_actor();
    const auto start = [](actor& a) { a.timeout_after(10ms, act{"idle"}); };
    s.cast(act{"start", start});
    expect_words({"home start cast"});
    (void)joist::sys::get_status(s);
    expect_words({"home idle timeout"});
    s.cast(act{"start", start});
    joist::sleep_for(1ms);
    s.cast(act{"stops it"});
    expect_words({"home start cast", "home stops it cast"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"start", [](actor& a) {
                 a.named_timeout_after(5ms, act{"other"});
                 a.timeout_after(10ms);
               }});
    expect_words({"home start cast", "home other named timeout"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"start", [](actor& a) {
                 a.next_event(act{"inserted"});
                 a.timeout_after(10ms);
               }});
    expect_words({"home start cast", "home inserted internal"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"start", start});
    s.cast(act{"postponed", postpones});
    expect_words({"home start cast", "home postponed cast"});
    EXPECT(mailbox_stays_empty(100ms));
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: named timeouts go on whatever happens; one of a name; cancelled by name, or by infinity", "[ST14]") {
  in_simulation([] {
    const auto s = new_actor();
    s.cast(act{"start", [](actor& a) {
                 a.named_timeout_after(10ms, actor::ring{});
                 a.named_timeout_after("a", 20ms, act{"in a"});
                 a.named_timeout_after("b", 30ms, act{"in b"});
                 a.next_state(place::work);
               }});
    s.cast(act{"event"});
    expect_words({"home start cast", "work home enter", "work event cast", "work ring named timeout",
                  "work in a named timeout", "work in b named timeout"});
    s.cast(act{"again", [](actor& a) {
                 a.named_timeout_after(10ms, actor::ring{"early"});
                 a.named_timeout_after(20ms, actor::ring{"late"});
                 a.named_timeout_after("a", 10ms, act{"no"});
                 a.named_timeout_after("b", 10ms, act{"no"});
                 a.named_timeout_after("c", 15ms, actor::ring{"c"});
               }});
    s.cast(act{"cancel", [](actor& a) {
                 a.cancel_named_timeout("a");
                 a.named_timeout_after("b", joist::infinity, act{});
                 a.cancel_named_timeout("unknown");
                 a.cancel_named_timeout<act>();
               }});
    expect_words({"work again cast", "work cancel cast", "work c named timeout", "work late named timeout"});
    EXPECT(mailbox_stays_empty(100ms));
    s.cast(act{"start", [](actor& a) { a.named_timeout_after(10ms, actor::ring{}); }});
    s.cast(act{"cancel", [](actor& a) { a.cancel_named_timeout<actor::ring>(); }});
    expect_words({"work start cast", "work cancel cast"});
    EXPECT(mailbox_stays_empty(100ms));
    end(s, "work normal terminate");
  });
}

TEST_CASE("gen_statem: timeouts of 0 come in their order, after inserted and postponed events, before messages that wait",
          "[ST15]") {
  everywhere([] {
    const auto s = new_actor();
    s.cast(act{"p", [](actor& a) {
                 if (a.current_state() == place::home) a.postpone();
               }});
    s.cast(act{"go", [](actor& a) {
                 a.state_timeout_after(0ms);
                 a.named_timeout_after("x", 0ms, act{"x"});
                 a.named_timeout_after("y", 0ms, act{"y", [](actor& b) { b.next_event(act{"after y"}); }});
                 a.named_timeout_after("x", 0ms, act{"x again"});
                 a.next_event(act{"inserted"});
                 a.next_state(place::work);
               }});
    s.cast(act{"message"});
    expect_words({"home p cast", "home go cast", "work home enter", "work inserted internal", "work p cast",
                  "work state timeout", "work y named timeout", "work after y internal", "work x again named timeout",
                  "work message cast"});
    // One that the state ends, and one that is cancelled, before their turn.
    s.cast(act{"go", [](actor& a) {
                 a.named_timeout_after("x", 0ms, act{"x", [](actor& b) {
                                                       b.next_state(place::road);
                                                       b.cancel_named_timeout("y");
                                                     }});
                 a.state_timeout_after(0ms);
                 a.named_timeout_after("y", 0ms, act{"y"});
               }});
    // An event timeout of 0 alone.
    s.cast(act{"idle", [](actor& a) { a.timeout_after(0ms); }});
    s.cast(act{"message"});
    expect_words(
        {"work go cast", "work x named timeout", "road work enter", "road idle cast", "road timeout", "road message cast"});
    end(s, "road normal terminate");
  });
}

TEST_CASE("gen_statem: an update changes the message of a timeout and not its time; without one it comes at once",
          "[ST16]") {
  in_simulation([] {
    const auto s = new_actor();
    const auto begin = joist::clock::now();
    s.cast(act{"start", [](actor& a) {
                 a.state_timeout_after(20ms);
                 a.named_timeout_after(10ms, actor::ring{});
                 a.named_timeout_after("a", 15ms, act{"old"});
               }});
    joist::sleep_for(5ms);
    s.cast(act{"update", [](actor& a) {
                 a.update_state_timeout(act{"new"});
                 a.update_named_timeout(actor::ring{"new ring"});
                 a.update_named_timeout("a", act{"new a"});
               }});
    expect_words({"home start cast", "home update cast", "home new ring named timeout", "home new a named timeout",
                  "home new state timeout"});
    EXPECT(joist::clock::now() - begin >= 20ms && joist::clock::now() - begin < 25ms);
    s.cast(act{"update", [](actor& a) {
                 a.update_state_timeout(act{"state"});
                 a.update_named_timeout("a", act{"a"});
                 a.next_event(act{"inserted"});
               }});
    s.cast(act{"message"});
    expect_words({"home update cast", "home inserted internal", "home state state timeout", "home a named timeout",
                  "home message cast"});
    EXPECT(mailbox_stays_empty(100ms));
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: a deadline may be a point of time; one in the past is no timeout of 0, and comes as soon as it can",
          "[ST17]") {
  in_simulation([] {
    const auto s = new_actor();
    const auto begin = joist::clock::now();
    s.cast(act{"start", [begin](actor& a) {
                 a.state_timeout_after(begin + 10ms);
                 a.named_timeout_after(begin - 1ns, actor::ring{});
               }});
    expect_words({"home start cast", "home ring named timeout", "home state timeout"});
    EXPECT(joist::clock::now() - begin >= 10ms && joist::clock::now() - begin < 12ms);
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: a timeout that was cancelled, replaced or ended with its state never comes, whenever that was",
          "[ST18]") {
  everywhere([] {
    const auto s = new_actor();
    const auto wait = [](actor&) { joist::sleep_for(2ms); };  // in the handler: the timers' messages wait meanwhile
    s.cast(act{"start", [](actor& a) {
                 a.state_timeout_after(1ms, act{"never"});
                 a.timeout_after(1ms, act{"never"});
                 a.named_timeout_after("a", 1ms, act{"never"});
                 a.named_timeout_after("b", 1ms, act{"never"});
               }});
    s.cast(act{"wait", [wait](actor& a) {
                 wait(a);
                 a.next_state(place::work);
                 a.cancel_named_timeout("a");
                 a.named_timeout_after("b", 1ms, act{"new"});
               }});
    EXPECT(next_word() == "home start cast");
    std::string word = next_word();  // unless the time was over before the second event came
    if (word == "home wait cast") {
      expect_words({"work home enter", "work new named timeout"});
    } else {
      while (word != "work new named timeout") word = next_word();
    }
    end(s, "work normal terminate");
  });
  in_simulation([] {
    const auto s = new_actor();
    s.cast(act{"start", [](actor& a) { a.state_timeout_after(1ms, act{"never"}); }});
    // It is in the mailbox by now, and no event: it does not cancel this one. Nor does one that was cancelled in time wake
    // the machine.
    s.cast(act{"wait", [](actor& a) {
                 joist::sleep_for(2ms);
                 a.cancel_state_timeout();
                 a.named_timeout_after(20ms, actor::ring{});
                 a.timeout_after(5ms);
               }});
    expect_words({"home start cast", "home wait cast", "home timeout"});
    s.cast(act{"doze", [](actor& a) {
                 a.cancel_named_timeout<actor::ring>();
                 a.hibernate();
               }});
    expect_words({"home doze cast", "home hibernate"});
    joist::sleep_for(1s);
    EXPECT(joist::sys::get_status(s).hibernating);
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: stop() answers first, changes no state, and drops what waits; terminate sees the state", "[ST19]") {
  everywhere([] {
    const auto started = joist::start_monitor<actor>(joist::server_options{}, joist::self());
    started.server.cast(act{"p", postpones});
    EXPECT(started.server.call(actor::ask{"last", [](actor& a) {
                                            a.next_event(act{"never"});
                                            a.state_timeout_after(0ms);
                                            a.next_state(place::work);
                                            a.stop(named_reason("enough"));
                                          }}) == "answer to last");
    expect_words({"home enter", "home p cast", "home last call", "home enough terminate"});
    EXPECT(reason_of({started.server, started.monitor}) == named_reason("enough"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: terminate runs on the parent's end if exits are trapped", "[ST19]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const joist::pid parent = joist::spawn([me] {
      const auto child = joist::start_link<actor>(
          me, [](actor&) { joist::trap_exit(true); }, nullptr);
      joist::send(me, child);
      wait_for_ever();
    });
    const auto child = joist::receive<joist::server_ref<actor>>();
    expect_words({"home enter"});
    joist::exit(parent, exit_reason::shutdown);
    expect_words({"home shutdown terminate"});
    (void)await_end(child);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE(
    "gen_statem: what a handler throws ends the machine, and the caller has that reason; the report tells event and state",
    "[ST20]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(2);
  o.log = sink_of(log);
  joist::runtime rt{o};
  rt.ask([] {
    struct fragile : joist::gen_statem<fragile, door> {
      struct open {};
      struct drop {
        using reply = int;
      };
      struct knock {};
      fragile() : gen_statem(door::closed) {}
      void handle_cast(open) {
        next_state(door::open);
        state_timeout_after(1h);
        named_timeout_after("wind", 1h, knock{});
      }
      void handle_cast(in<door::open>, knock) { postpone(); }
      void handle_state_timeout() {}
      void handle_named_timeout(knock) {}
      int handle_call(in<door::open>, drop) { throw std::runtime_error{"broken"}; }
      std::string format_status() const { return "made of glass"; }
    };
    const auto s = joist::start<fragile>();
    s.cast(fragile::open{});
    s.cast(fragile::knock{});
    EXPECT(joist::sys::get_status(s).state == "open: made of glass; 1 postponed; timeouts: state, \"wind\"");
    EXPECT(s.try_call(fragile::drop{}).error().error()->what == "broken");
  });
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find("fragile ends by a crash\n  reason: error (std::runtime_error: broken)\n  last message: ") !=
        std::string::npos);
  CHECK(text.find("fragile::drop\n  called by: <") != std::string::npos);
  CHECK(text.find("  state: open: made of glass; 1 postponed; timeouts: state, \"wind\"\n") != std::string::npos);
}

TEST_CASE("gen_statem: a suspended machine handles no event and no timeout until it is resumed, and can be looked into",
          "[ST21]") {
  in_simulation([] {
    const auto s = new_actor();
    s.cast(act{"start", [](actor& a) { a.state_timeout_after(10ms); }});
    expect_words({"home start cast"});
    joist::sys::suspend(s);
    joist::sleep_for(20ms);
    s.cast(act{"later"});
    EXPECT(mailbox_stays_empty(100ms));
    EXPECT(joist::sys::get_state(s, [](const actor& a) { return a.current_state(); }) == place::home);
    const joist::sys::status status = joist::sys::get_status(s);
    EXPECT(status.suspended && status.parent == joist::self() && status.state == "home; timeouts: state");
    EXPECT(status.type.find("actor") != std::string::npos);
    joist::sys::resume(s);
    expect_words({"home state timeout", "home later cast"});
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: events are counted and shown to spies, inserted ones and timeouts too", "[ST21]") {
  everywhere([] {
    const auto s = new_actor();
    joist::sys::count(s, true);
    joist::sys::keep_events(s, 10);
    s.cast(act{"go", [](actor& a) {
                 a.next_event(act{"inserted"});
                 a.state_timeout_after(0ms);
               }});
    EXPECT(s.call(actor::ask{"a"}) == "answer to a");
    const auto counts = joist::sys::statistics(s);
    EXPECT(counts && counts->messages_in == 4 && counts->messages_out == 1);
    const auto events = joist::sys::events(s);
    EXPECT(events.size() == 5 && events[2].type.find("state_timeout") != std::string::npos &&
           events[3].whom == joist::self());
    expect_words({"home go cast", "home inserted internal", "home state timeout", "home a call"});
    end(s, "home normal terminate");
  });
}

TEST_CASE("gen_statem: hibernates when it says so, and goes on by what it asks for there", "[ST22]") {
  in_simulation([] {
    const auto s = new_actor();
    s.cast(act{"doze", [](actor& a) {
                 a.hibernate();
                 a.next_event(act{"first"});
               }});
    expect_words({"home doze cast", "home first internal", "home hibernate"});
    EXPECT(joist::sys::get_status(s).hibernating);
    s.cast(act{"doze", [](actor& a) {
                 a.at_hibernate = [](actor& b) {
                   b.at_hibernate = nullptr;
                   b.next_state(place::work);
                   b.next_event(act{"awake"});
                 };
                 a.hibernate();
               }});
    expect_words({"home doze cast", "home hibernate", "work home enter", "work awake internal"});
    end(s, "work normal terminate");
  });
}

TEST_CASE("gen_statem: is a child of supervisors, and starts again in its first state", "[ST23]") {
  everywhere([] {
    const auto top = joist::start_supervisor({}, {joist::child<guarded_door>("door")});
    const auto child = [top] { return joist::server_ref<guarded_door>{top.which_child("door")->process}; };
    const auto first = child();
    first.cast(guarded_door::turn_key{1});
    first.cast(guarded_door::push{});
    (void)await_end(first);
    while (child() == first || !child().process()) joist::yield();
    EXPECT(child().call(guarded_door::look{}) == "a door");
    top.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_statem: a hand-written process may go on as a machine", "[ST24]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const joist::pid process = joist::spawn([me] {
      actor state{me, [](actor& a) { a.next_state(place::road); }, nullptr};
      joist::enter_loop(state);
    });
    const joist::server_ref<actor> s{process};
    s.cast(act{"hello"});
    expect_words({"road enter", "road hello cast"});
    end(s, "road normal terminate");
  });
}

TEST_CASE("gen_statem: one that goes on for ever by itself ends when it is killed, and lets others run", "[ST25]") {
  everywhere([] {
    struct endless : joist::gen_statem<endless, door> {
      enum class way { events, timeouts, enters };
      struct more {};
      explicit endless(way w) : gen_statem(w == way::enters ? door::open : door::closed), by_events_{w == way::events} {
        if (w != way::enters) handle_internal(more{});
      }
      void handle_enter(in<door::open>) { repeat_state(); }
      void handle_internal(more) { by_events_ ? next_event(more{}) : state_timeout_after(0ms); }
      void handle_state_timeout() { handle_internal(more{}); }
      bool by_events_;
    };
    for (const auto way : {endless::way::events, endless::way::timeouts, endless::way::enters}) {
      const auto started = joist::start_monitor<endless>(joist::server_options{}, way);
      joist::exit(started.server, exit_reason::kill);
      EXPECT(reason_of({started.server, started.monitor}) == exit_reason::killed);
    }
  });
}

TEST_CASE("gen_statem: a call may be answered later, by any process; without an answer the client has a timeout", "[ST26]") {
  struct waiter : joist::gen_statem<waiter, door> {
    struct wait {
      using reply = int;
    };
    struct open {
      int number;
    };
    waiter() : gen_statem(door::closed) {}
    void handle_call(wait, const joist::from<int>& client) { clients_.push_back(client); }
    void handle_cast(open o) {
      joist::spawn_link([clients = std::exchange(clients_, {}), o] {
        for (const auto& client : clients) reply(client, o.number);
      });
    }
    std::vector<joist::from<int>> clients_;
  };
  everywhere([] {
    const auto s = joist::start_link<waiter>();
    EXPECT(s.try_call(waiter::wait{}, 1ms).error() == exit_reason::timeout);
    const joist::pid me = joist::self();
    joist::spawn_link([s, me] { joist::send(me, s.call(waiter::wait{}, joist::infinity)); });
    while (joist::sys::get_state(s, [](const waiter& w) { return w.clients_.size(); }) < 2) joist::yield();
    s.cast(waiter::open{7});
    EXPECT(joist::receive<int>() == 7);
    EXPECT(mailbox_stays_empty());
    s.stop();
  });
}

TEST_CASE("gen_statem: states may be structs with data: what changes in one is no change of the state", "[ST27]") {
  everywhere([] {
    const auto s = joist::start_link<phone>();
    for (const char d : {'1', '1'}) s.cast(phone::digit{d});
    s.cast(phone::lift{});
    EXPECT(s.call(phone::look{}) == "idle; rings; ");
    EXPECT(joist::sys::get_state(s, [](const phone& p) { return std::get<dialing>(p.current_state()).number; }) == "11");
    EXPECT(joist::sys::get_status(s).state.find("dialing") != std::string::npos);
    s.cast(phone::digit{'2'});
    s.cast(phone::note{std::make_unique<int>(1)});
    s.cast(phone::hang_up{});
    s.cast(phone::hang_up{});
    EXPECT(s.call(phone::look{}) == "idle; rings; talks to 112; talked to 112; ");
    s.stop();
  });
}

namespace {

struct resting {
  bool operator==(const resting&) const = default;
};
struct counting {
  int count = 0;
  bool operator==(const counting&) const = default;
};
/// Says that its state stays what it is, and changes it in its place.
struct counter : joist::gen_statem<counter, std::variant<resting, counting>> {
  struct begin {};
  struct add {};
  struct look {
    using reply = std::pair<int, int>;  // counted, entered
  };
  counter() : gen_statem(resting{}) {}
  void handle_enter(counting& c) {
    ++entered_;
    next_state(c);
  }
  void handle_cast(resting&, begin) { next_state(counting{}); }
  void handle_cast(counting& c, add) {
    next_state(resting{});
    next_state(c);
    ++c.count;
  }
  std::pair<int, int> handle_call(counting& c, look) const { return {c.count, entered_}; }

 private:
  int entered_ = 0;
};

}  // namespace

TEST_CASE("gen_statem: the same state as the next one is forgotten at once: what changes in it afterwards stays", "[ST27]") {
  everywhere([] {
    const auto s = joist::start_link<counter>();
    s.cast(counter::begin{});
    for (int i = 0; i < 3; ++i) s.cast(counter::add{});
    EXPECT(s.call(counter::look{}) == std::pair(3, 1));
    s.stop();
  });
}
