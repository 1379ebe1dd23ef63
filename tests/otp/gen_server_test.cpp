#include <joist/otp/gen_server.hpp>

#include <joist/otp/child_spec.hpp>
#include <joist/otp/sys.hpp>
#include <joist/otp/task.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::monitored;
using joist::pid;
using joist::start_error;

namespace {

class account : public joist::gen_server<account> {
 public:
  struct deposit {
    int cents;
  };
  struct balance {
    using reply = int;
  };
  struct later {
    using reply = int;
    int cents;
  };
  struct answer_all {};
  struct clear {
    using reply = void;
  };
  struct crash {
    using reply = int;
    std::string what;
  };
  struct leave {
    using reply = int;
    exit_reason why;
  };
  struct note {
    int cents;
  };

  explicit account(int start) : cents_{start} {}
  void handle_cast(deposit d) { cents_ += d.cents; }
  void handle_cast(answer_all) {
    for (const auto& client : waiting_) reply(client, cents_);
    waiting_.clear();
  }
  int handle_call(balance) const { return cents_; }
  void handle_call(later l, const joist::from<int>& client) {
    cents_ += l.cents;
    waiting_.push_back(client);
  }
  void handle_call(clear) { cents_ = 0; }
  int handle_call(crash c) { throw std::runtime_error{c.what}; }
  int handle_call(leave l) {
    stop(l.why);
    return cents_;
  }
  void handle_info(note n) { cents_ += n.cents; }
  std::string format_status() const { return fmt::format("{} cents", cents_); }

 private:
  int cents_;
  std::vector<joist::from<int>> waiting_;
};

/// Starts in many ways.
struct moody : joist::gen_server<moody> {
  enum class mood { fine, throws, exits, ignores, refuses, stops, hangs };
  struct ping {
    using reply = bool;
  };
  explicit moody(mood m) {
    switch (m) {
      case mood::fine: return;
      case mood::throws: throw std::runtime_error{"no mood"};
      case mood::exits: joist::exit(named_reason("left"));
      case mood::ignores: throw joist::start_ignored{};
      case mood::refuses: throw joist::start_refused{named_reason("not today")};
      case mood::stops: stop(named_reason("stopped")); return;
      case mood::hangs: wait_for_ever();
    }
  }
  bool handle_call(ping) { return true; }
};

/// Ends by a call.
struct shop : joist::gen_server<shop> {
  struct close {
    using reply = std::string;
  };
  struct quickly {
    using reply = void;
    joist::pid who;
  };
  shop(std::shared_ptr<std::atomic<bool>> terminated, bool crashes)
      : terminated_{std::move(terminated)}, crashes_{crashes} {}
  std::string handle_call(close) {
    stop();
    return "closed";
  }
  void handle_call(quickly, const joist::from<void>& client) {
    waits_ = true;
    stop();
    reply(client);
  }
  void terminate(const exit_reason&) {
    if (waits_) joist::receive<go>();  // the client goes on meanwhile
    for (int i = 0; i < 3; ++i) joist::yield();
    *terminated_ = true;
    if (crashes_) throw std::runtime_error{"in terminate"};
  }

 private:
  std::shared_ptr<std::atomic<bool>> terminated_;
  bool crashes_;
  bool waits_ = false;
};

/// Tells what it goes through.
struct teller : joist::gen_server<teller> {
  struct said {
    std::string text;
  };
  struct go_on {
    int rounds;
  };
  struct begin {
    int rounds;
  };
  struct rest {
    std::chrono::milliseconds limit;
  };
  struct doze {};
  struct end {
    exit_reason why;
  };
  struct raw {
    int number;
  };
  using info_types = joist::type_list<raw>;

  explicit teller(joist::pid to, bool traps = false, bool at_once = false) : to_{to} {
    joist::trap_exit(traps);
    if (at_once) continue_with(go_on{2});
  }
  void handle_cast(begin b) {
    tell("begin");
    continue_with(go_on{b.rounds});
  }
  void handle_continue(go_on g) {
    tell("continue");
    if (g.rounds > 1) continue_with(go_on{g.rounds - 1});
  }
  void handle_cast(rest r) {
    tell("rest");
    timeout_after(r.limit);
  }
  void handle_cast(doze) { hibernate(); }
  void handle_cast(end e) { stop(e.why); }
  void handle_timeout() { tell("timeout"); }
  void handle_hibernate() { tell("hibernate"); }
  void handle_info(raw r) { tell(fmt::format("raw {}", r.number)); }
  void handle_info(joist::exited e) { tell(fmt::format("exited {}", e.reason)); }
  void handle_info(joist::down d) { tell(fmt::format("down {}", d.reason)); }
  void handle_info(joist::any_message) { tell("any"); }
  void terminate(const exit_reason& why) {
    tell(fmt::format("terminate {}", why));
    if (why == named_reason("crash again")) throw std::runtime_error{"in terminate"};
  }

 private:
  void tell(std::string text) { joist::send(to_, said{std::move(text)}); }
  joist::pid to_;
};

std::string next_word() { return joist::receive<teller::said>().text; }

}  // namespace

TEST_CASE("gen_server: casts are done in order, calls are answered with what the handlers return", "[G12][G21]") {
  everywhere([] {
    const auto server = joist::start_link<account>(100);
    server.cast(account::deposit{50});
    EXPECT(server.call(account::balance{}) == 150);
    server.call(account::clear{});
    server.info(account::note{7});
    EXPECT(server.try_call(account::balance{}, 1s).value() == 7);
    server.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: a call may be answered later, by any process", "[G12][G27]") {
  everywhere([] {
    const auto server = joist::start_link<account>(1);
    const joist::pid me = joist::self();
    for (int i = 0; i < 3; ++i) joist::spawn_link([server, me] { joist::send(me, server.call(account::later{10})); });
    while (server.call(account::balance{}) < 31) joist::yield();
    server.cast(account::answer_all{});
    for (int i = 0; i < 3; ++i) EXPECT(joist::receive<int>() == 31);
    server.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: without an answer in time the caller exits with timeout, the late answer vanishes, the server lives",
          "[G12][G13]") {
  everywhere([] {
    const auto server = joist::start<account>(1);
    EXPECT(reason_after([server] { server.call(account::later{1}, 5ms); }) == exit_reason::timeout);
    const auto got = server.try_call(account::later{1}, 5ms);
    EXPECT(!got && got.error() == exit_reason::timeout);
    server.cast(account::answer_all{});
    EXPECT(server.call(account::balance{}) == 3);
    EXPECT(mailbox_stays_empty());
    server.stop();
  });
}

TEST_CASE("gen_server: an answer that crosses the caller's timeout is given or vanishes, and never stays in the mailbox",
          "[G13]") {
  in_simulation([] {
    const auto server = joist::start<account>(1);
    joist::send_after(5ms, joist::self(), go{});
    const joist::pid answers = joist::spawn([server] {
      joist::sleep_for(5ms);
      server.cast(account::answer_all{});
    });
    (void)server.try_call(account::later{1}, 5ms);
    joist::receive<go>();
    (void)await_end(answers);
    EXPECT(mailbox_stays_empty());
    server.stop();
  });
}

TEST_CASE("gen_server: the caller of a server that dies meanwhile, or is dead, exits at once and with its reason",
          "[G03][G15]") {
  everywhere([] {
    const auto server = joist::start<account>(1);
    const auto watched = joist::spawn_monitor([server] { server.call(account::later{1}, joist::infinity); });
    while (server.call(account::balance{}) == 1) joist::yield();
    joist::exit(server, named_reason("boom"));
    EXPECT(reason_of(watched) == named_reason("boom"));
    EXPECT(reason_after([server] { server.call(account::balance{}); }) == exit_reason::noproc);
    EXPECT(server.try_call(account::balance{}).error() == exit_reason::noproc);
    server.cast(account::deposit{1});  // whether it lives or not
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: what a handler throws ends the server, and the caller has that reason", "[G08][G14]") {
  everywhere([] {
    const auto started = joist::start_monitor<account>(joist::server_options{}, 1);
    const auto got = started.server.try_call(account::crash{"of no worth"});
    EXPECT(!got && got.error().error() != nullptr);
    EXPECT(got.error().error()->what == "of no worth");
    EXPECT(!got.error().error()->backtrace.empty());
    EXPECT(reason_of({started.server, started.monitor}) == got.error());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: stop() in a handle_call ends with the reason, and what that returns is answered after terminate",
          "[G03]") {
  everywhere([] {
    const auto started = joist::start_monitor<account>(joist::server_options{}, 12);
    EXPECT(started.server.call(account::leave{named_reason("enough")}) == 12);
    EXPECT(reason_of({started.server, started.monitor}) == named_reason("enough"));
    for (const bool crashes : {false, true}) {
      const auto terminated = std::make_shared<std::atomic<bool>>(false);
      const auto closing = joist::start_monitor<shop>(joist::server_options{}, terminated, crashes);
      EXPECT(closing.server.call(shop::close{}) == "closed");
      EXPECT(*terminated);
      EXPECT((reason_of({closing.server, closing.monitor}) == exit_reason::normal) == !crashes);
      terminated->store(false);
      const auto other = joist::start_monitor<shop>(joist::server_options{}, terminated, crashes);
      (void)other.server.call(shop::quickly{joist::self()});
      joist::send(other.server.process(), go{});  // for which terminate waits
      (void)reason_of({other.server, other.monitor});
      EXPECT(*terminated);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: lent text that it is started with arrives as its own") {
  everywhere([] {
    struct called : joist::gen_server<called> {
      struct what {
        using reply = std::string;
      };
      explicit called(std::string name) : name_{std::move(name)} {}
      explicit called(std::string_view lent) : name_(lent.size(), '?') {}
      std::string handle_call(what) const { return name_; }
      std::string name_;
    };
    const std::string text = "short";  // its bytes are on this stack, which is another process's while this one waits
    EXPECT(joist::start<called>(std::string_view{text}).call(called::what{}) == text);
    const auto by_spec = joist::starts<called>(std::string_view{text})();
    EXPECT(by_spec && joist::server_ref<called>{by_spec->process}.call(called::what{}) == text);
  });
}

TEST_CASE("gen_server: a start that fails says why, also when it cannot leave what it has entered by via", "[G01]") {
  everywhere([] {
    joist::server_options o;
    o.via.enter = []() -> std::optional<joist::pid> { return std::nullopt; };
    o.via.leave = [] { throw std::runtime_error{"cannot leave"}; };
    const auto failed = joist::try_start<moody>(o, moody::mood::throws);
    EXPECT(!failed && failed.error().reason.error()->what == "no mood");
    EXPECT(joist::try_start<moody>(o, moody::mood::ignores).error().what == start_error::kind::ignored);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: a server that calls itself is refused at once", "[G16]") {
  struct selfish : joist::gen_server<selfish> {
    struct ask {
      using reply = bool;
    };
    bool handle_call(ask) {
      return refuses(joist::errc::bad_wait, [this] { self_ref().call(ask{}); });
    }
  };
  everywhere([] {
    const auto server = joist::start<selfish>();
    EXPECT(server.call(selfish::ask{}));
    server.stop();
  });
}

TEST_CASE("gen_server: every way not to start has its error, leaves nothing, and does not end the starter",
          "[G01][G04][G07]") {
  using mood = moody::mood;
  everywhere([] {
    auto error_of = [](mood m, bool linked) {
      joist::server_options o;
      if (m == mood::hangs) o.init_limit = 5ms;  // the others take as long as they take
      auto r = linked ? joist::try_start_link<moody>(o, m) : joist::try_start<moody>(o, m);
      EXPECT(!r);
      return r.error();
    };
    for (const bool linked : {false, true}) {
      for (int round = 0; round < 3; ++round) {
        EXPECT(error_of(mood::throws, linked).reason.error()->what == "no mood");
        EXPECT(error_of(mood::exits, linked).reason == named_reason("left"));
        EXPECT(error_of(mood::stops, linked).reason == named_reason("stopped"));
        EXPECT(error_of(mood::ignores, linked).what == start_error::kind::ignored);
        const start_error refused = error_of(mood::refuses, linked);
        EXPECT(refused.what == start_error::kind::refused && refused.reason == named_reason("not today"));
        EXPECT(error_of(mood::hangs, linked).what == start_error::kind::timeout);
      }
    }
    EXPECT(mailbox_stays_empty());
    bool threw = false;
    try {
      (void)joist::start<moody>(mood::throws);
    } catch (const joist::start_failed& e) {
      threw = e.error().what == start_error::kind::failed && std::string{e.what()}.find("no mood") != std::string::npos;
    }
    EXPECT(threw);
  });
}

TEST_CASE(
    "gen_server: a name has one server, is known when start returns, and free when a start has failed or a server ended",
    "[G02][G05]") {
  everywhere([] {
    joist::server_options named;
    named.name = "moody";
    named.init_limit = 5ms;
    for (const auto m : {moody::mood::throws, moody::mood::ignores, moody::mood::refuses, moody::mood::hangs}) {
      EXPECT(!joist::try_start<moody>(named, m));
      EXPECT(!joist::whereis("moody"));
    }
    named.init_limit = joist::infinity;
    const auto server = joist::start<moody>(named, moody::mood::fine);
    EXPECT(joist::find_server<moody>("moody") == server);
    const auto second = joist::try_start_link<moody>(named, moody::mood::fine);
    EXPECT(!second && second.error().what == start_error::kind::already_started);
    EXPECT(second.error().process == server.process());
    server.stop();
    EXPECT(!joist::whereis("moody"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: who is linked or monitors hears of a server's end with its reason", "[G03]") {
  everywhere([] {
    joist::trap_exit(true);
    const auto linked = joist::start_link<account>(1);
    linked.stop(named_reason("done"));
    const auto end = joist::receive<joist::exited>();
    EXPECT(end.process == linked.process() && end.reason == named_reason("done"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE(
    "gen_server: stop waits for the end; a dead one is noproc, one that takes too long lives on, another reason is told",
    "[G07][Y09]") {
  struct slow : joist::gen_server<slow> {
    explicit slow(bool other) : other_{other} {}
    void handle_cast(int) { joist::sleep_for(20ms); }
    void terminate(const exit_reason&) {
      if (other_) joist::exit(named_reason("other"));
    }
    bool other_;
  };
  everywhere([] {
    const auto server = joist::start<slow>(false);
    server.cast(1);
    EXPECT(reason_after([server] { server.stop(exit_reason::normal, 1ms); }) == exit_reason::timeout);
    (void)await_end(server);  // the stop that was asked for comes all the same
    EXPECT(reason_after([server] { server.stop(); }) == exit_reason::noproc);
    const auto stubborn = joist::start<slow>(true);
    EXPECT(reason_after([stubborn] { stubborn.stop(); }) == named_reason("other"));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: terminate runs before an end of the server's own; on the parent's exit only if exits are trapped",
          "[G11]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const auto ends = joist::start<teller>(me);
    ends.cast(teller::end{named_reason("enough")});
    EXPECT(next_word() == "terminate enough");

    for (const bool traps : {false, true}) {
      const joist::pid parent = joist::spawn([me, traps] {
        const auto child = joist::start_link<teller>(me, traps);
        joist::send(me, child);
        wait_for_ever();
      });
      const auto child = joist::receive<joist::server_ref<teller>>();
      if (traps) {
        const joist::pid other = joist::spawn([child] {
          joist::link(child);
          joist::exit(named_reason("not yours"));
        });
        EXPECT(next_word() == "exited not yours");
        (void)other;
      }
      joist::exit(parent, exit_reason::shutdown);
      (void)await_end(child);
      if (traps) EXPECT(next_word() == "terminate shutdown");
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: a terminate that throws replaces the reason", "[G09]") {
  everywhere([] {
    const auto started = joist::start_monitor<teller>(joist::server_options{}, joist::self());
    started.server.cast(teller::end{named_reason("crash again")});
    const exit_reason why = reason_of({started.server, started.monitor});
    EXPECT(why.error() != nullptr && why.error()->what == "in terminate");
  });
}

TEST_CASE("gen_server: continuations run before any message that waits, also the constructor's", "[G24]") {
  everywhere([] {
    const auto server = joist::start<teller>(joist::self(), false, true);
    server.cast(teller::begin{2});
    server.cast(teller::rest{1h});
    for (const char* word : {"continue", "continue", "begin", "continue", "continue", "rest"}) EXPECT(next_word() == word);
    server.stop();
    EXPECT(next_word() == "terminate normal");
  });
}

TEST_CASE("gen_server: a timeout comes if no message does; 0 comes before those that wait; sys does not cancel it",
          "[G06][G25]") {
  in_simulation([] {
    const auto server = joist::start<teller>(joist::self());
    server.cast(teller::rest{10ms});
    EXPECT(next_word() == "rest");
    EXPECT(joist::sys::get_status(server).suspended == false);
    EXPECT(next_word() == "timeout");
    server.cast(teller::rest{10ms});
    server.cast(teller::begin{1});
    for (const char* word : {"rest", "begin", "continue"}) EXPECT(next_word() == word);
    joist::sleep_for(50ms);
    server.cast(teller::rest{0ms});
    server.cast(teller::begin{1});
    for (const char* word : {"rest", "timeout", "begin", "continue"}) EXPECT(next_word() == word);
    server.stop();
    EXPECT(next_word() == "terminate normal");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: hibernates when it says so, or after idle time, once for each time that it was awake", "[G26]") {
  in_simulation([] {
    joist::server_options o;
    o.hibernate_after = 100ms;
    const auto server = joist::start<teller>(o, joist::self());
    server.cast(teller::doze{});
    EXPECT(next_word() == "hibernate");
    EXPECT(joist::sys::get_status(server).hibernating);
    joist::sleep_for(1s);
    EXPECT(mailbox_stays_empty());
    server.cast(teller::begin{1});
    EXPECT(next_word() == "begin");
    EXPECT(next_word() == "continue");
    EXPECT(!joist::sys::get_status(server).hibernating);
    EXPECT(next_word() == "hibernate");
    server.stop();
    EXPECT(next_word() == "terminate normal");
  });
}

TEST_CASE("gen_server: one that hibernates has no stack: its state stays, and it goes back after what sys asks", "[G26]") {
  struct sleeper : joist::gen_server<sleeper> {
    struct add {
      using reply = int;
      int n;
    };
    explicit sleeper(joist::pid end_to) : end_to_{end_to} { hibernate(); }
    ~sleeper() { joist::send(end_to_, std::string{"destroyed"}); }
    int handle_call(add a) {
      much_.back() += a.n;
      hibernate();
      return much_.back();
    }
    void terminate(const exit_reason&) { joist::send(end_to_, std::string{"terminate"}); }

   private:
    std::array<int, 200> much_{};
    joist::pid end_to_;
  };
  everywhere([] {
    const auto server = joist::start_monitor<sleeper>(joist::self());
    const joist::pid process = server.server;
    const auto sleeps = [&] {
      const auto info = joist::process_info(process);
      return info && info->stack_bytes == 0;
    };
    for (int i = 1; i <= 3; ++i) {
      while (!sleeps()) joist::yield();
      EXPECT(joist::sys::get_status(process).hibernating);
      while (!sleeps()) joist::yield();
      EXPECT(server.server.call(sleeper::add{2}) == 2 * i);
    }
    server.server.stop();
    EXPECT(joist::receive<std::string>() == "terminate" && joist::receive<std::string>() == "destroyed");
    EXPECT(reason_of({process, server.monitor}) == exit_reason::normal);
    const auto other = joist::start_monitor<sleeper>(joist::self());
    joist::exit(other.server, exit_reason::kill);
    EXPECT(joist::receive<std::string>() == "destroyed");
    EXPECT(reason_of({other.server, other.monitor}) == exit_reason::killed);
  });
}

TEST_CASE("gen_server: handle_hibernate is for a server without messages; hibernate_on_return is not for servers and tasks",
          "[G26]") {
  struct busy : joist::gen_server<busy> {
    struct end {};
    struct slip {};
    explicit busy(joist::pid to) : to_{to} {}
    void handle_cast(int) {}
    void handle_cast(slip) { joist::hibernate_on_return(); }
    void handle_cast(end) { stop(); }
    void handle_hibernate() { joist::send(to_, go{}); }

   private:
    joist::pid to_;
  };
  in_simulation([] {
    joist::server_options o;
    o.hibernate_after = 0ms;
    const auto server = joist::start_monitor<busy>(o, joist::self());
    joist::receive<go>();
    joist::suspend(server.server);
    for (int i = 0; i < 50; ++i) server.server.cast(i);
    joist::resume(server.server);
    joist::receive<go>();
    EXPECT(mailbox_stays_empty());
    server.server.cast(busy::slip{});
    server.server.cast(busy::end{});
    EXPECT(reason_of({server.server, server.monitor}) == exit_reason::normal);
    auto task = joist::async([] {
      joist::hibernate_on_return();
      return 7;
    });
    EXPECT(task.await() == 7);
  });
}

TEST_CASE("gen_server: a server may end when it has been idle for long", "[G26]") {
  struct idler : joist::gen_server<idler> {
    void handle_hibernate() { stop(exit_reason::shutdown); }
  };
  in_simulation([] {
    joist::server_options o;
    o.hibernate_after = 100ms;
    const auto started = joist::start_monitor<idler>(o);
    EXPECT(reason_of({started.server, started.monitor}) == exit_reason::shutdown);
  });
}

TEST_CASE("gen_server: one that goes on for ever by itself ends when it is killed, and lets others run", "[G24]") {
  struct endless : joist::gen_server<endless> {
    struct more {};
    explicit endless(bool by_timeout) { by_timeout ? timeout_after(0ms) : continue_with(more{}); }
    void handle_continue(more) { continue_with(more{}); }
    void handle_timeout() { timeout_after(0ms); }
  };
  everywhere([] {
    for (const bool by_timeout : {false, true}) {
      const auto started = joist::start_monitor<endless>(joist::server_options{}, by_timeout);
      joist::exit(started.server, exit_reason::kill);
      EXPECT(reason_of({started.server, started.monitor}) == exit_reason::killed);
    }
  });
}

TEST_CASE("gen_server: who calls a server that ends normally meanwhile does not end normally", "[G15]") {
  everywhere([] {
    const auto server = joist::start<account>(1);
    const auto caller = joist::spawn_monitor([server] { server.call(account::later{1}); });
    while (server.call(account::balance{}) == 1) joist::yield();
    server.stop();
    EXPECT(!reason_of(caller).is_orderly());
  });
}

TEST_CASE("gen_server: a constructor that is killed fails the start, and leaves a starter that traps exits nothing",
          "[G04]") {
  everywhere([] {
    joist::trap_exit(true);
    struct doomed : joist::gen_server<doomed> {
      doomed() {
        joist::exit(joist::self(), exit_reason::kill);
        joist::yield();
      }
    };
    const auto r = joist::try_start_link<doomed>(joist::server_options{});
    EXPECT(!r && r.error().what == start_error::kind::failed && r.error().reason == exit_reason::killed);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("gen_server: messages that anybody sends come to handle_info by their types, others to any_message", "[G21]") {
  everywhere([] {
    const auto server = joist::start<teller>(joist::self());
    joist::send(server, teller::raw{3});
    EXPECT(next_word() == "raw 3");
    joist::send(server, std::string{"else"});
    EXPECT(next_word() == "any");
    server.stop();
    EXPECT(next_word() == "terminate normal");
  });
}

TEST_CASE("gen_server: a message that no handler takes is logged and dropped, the server lives", "[G09]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(2);
  o.log = sink_of(log);
  joist::runtime rt{o};
  rt.ask([] {
    const auto server = joist::start<account>(1);
    joist::send(server, 3.5);
    EXPECT(server.call(account::balance{}) == 1);
    EXPECT(!server.try_call(account::crash{"why"}));
  });
  CHECK(rt.stop(10s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find("no handle_info takes a message of type double") != std::string::npos);
  // Two reports of a crash: the server's and its process's.
  CHECK(text.find("account ends by a crash\n  reason: error (std::runtime_error: why)\n  last message: ") !=
        std::string::npos);
  CHECK(text.find("account::crash\n  called by: <") != std::string::npos);
  CHECK(text.find("  state: 1 cents\n") != std::string::npos);
  CHECK(text.find("crashed\n  reason: error (std::runtime_error: why)") != std::string::npos);
}

TEST_CASE("gen_server: the report of who ends by a call without an answer names the server, the message and the limit",
          "[G08]") {
  pid server;
  const std::string text = logged_while([&server] {
    const auto till = joist::start<account>({.name = "till"}, 1);
    server = till.process();
    EXPECT(reason_after([till] { till.call(account::later{1}, 20ms); }) == exit_reason::timeout);
    EXPECT(reason_after([till] { till.call(account::later{1}, joist::clock::now() + 20ms); }) == exit_reason::timeout);
    till.stop();
    EXPECT(reason_after([till] { till.call(account::balance{}); }) == exit_reason::noproc);
  });
  INFO(text);
  const auto says = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
  const std::string later = joist::type_name(typeid(account::later));
  const std::string balance = joist::type_name(typeid(account::balance));
  CHECK(says(fmt::format("crashed\n  reason: timeout\n  in: a call of {} to {} \"till\", limit 20 ms\n", later, server)));
  CHECK(says(fmt::format("in: a call of {} to {} \"till\"\n", later, server)));  // until a point of time
  CHECK(says(fmt::format("reason: noproc\n  in: a call of {} to {}, limit 5 s\n", balance, server)));
}

TEST_CASE("gen_server: who ends by the end of a server that it calls is reported so: the place of the throw is the server's",
          "[G08]") {
  std::vector<pid> servers;
  const std::string text = logged_while([&servers] {
    // A server with a call that it has not answered yet, and who waits for that.
    const auto called = [&servers] {
      const auto server = joist::start<account>(1);
      servers.push_back(server.process());
      const auto caller = joist::spawn_monitor([server] { server.call(account::later{1}); });
      while (server.call(account::balance{}) == 1) joist::yield();
      return std::pair{server, caller};
    };
    const auto [thrower, callers] = called();
    const monitored watched{thrower.process(), joist::monitor(thrower.process())};
    EXPECT(!thrower.try_call(account::crash{"why"}));
    const exit_reason why = reason_of(callers);
    EXPECT(why == reason_of(watched) && why.error()->what == "why");
    const auto [leaver, leavers] = called();
    leaver.stop(named_reason("done"));
    EXPECT(reason_of(leavers) == named_reason("done"));
    const auto [normal, normals] = called();
    normal.stop();
    EXPECT(reason_of(normals) == named_reason("the server ended normally during the call"));
  });
  INFO(text);
  const auto says = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
  const auto call = [&](std::size_t i) {
    return fmt::format("a call of {} to {}, limit 5 s", joist::type_name(typeid(account::later)), servers.at(i));
  };
  CHECK(says(fmt::format("exited in: {}; the reason, and where it was thrown, are those of {}\n", call(0), servers.at(0))));
  CHECK(says(fmt::format("exited in: {}; the reason is that of {}\n", call(1), servers.at(1))));
  CHECK(says(fmt::format("during the call\n  in: {}\n", call(2))));
}

TEST_CASE("gen_server: a server that ends by a call of its own says so beside what it handled", "[G08]") {
  struct clerk : joist::gen_server<clerk> {
    struct ask {};
    explicit clerk(joist::server_ref<account> till) : till_{till} {}
    void handle_cast(ask) { till_.call(account::later{1}, 1ms); }
    joist::server_ref<account> till_;
  };
  const std::string text = logged_while([] {
    const auto till = joist::start<account>(1);
    const auto asks = joist::start<clerk>(till);
    const monitored watched{asks.process(), joist::monitor(asks.process())};
    asks.cast(clerk::ask{});
    EXPECT(reason_of(watched) == exit_reason::timeout);
  });
  INFO(text);
  const std::size_t own = text.find("ends by a crash\n  reason: timeout\n  in: a call of ");
  CHECK(own != std::string::npos);
  CHECK(text.find("limit 1 ms\n  last message: ", own) != std::string::npos);
  CHECK(text.find("crashed\n  reason: timeout\n  in: a call of ", own) != std::string::npos);
}

TEST_CASE("gen_server: a call that failed before is not said to be why a process ends by something else", "[G08]") {
  const auto text_after = [](auto then) {
    return logged_while([then] {
      const auto silent = joist::start<account>(1);
      (void)reason_after([silent, then] { then(*joist::catch_end([&] { silent.call(account::later{1}, 1ms); })); });
    });
  };
  const auto says_call = [&](auto then) { return text_after(then).find("in: a call of ") != std::string::npos; };
  CHECK(says_call([](const exit_reason& why) { joist::exit(why); }));
  CHECK_FALSE(says_call([](const exit_reason&) { joist::exit(named_reason("another")); }));
  CHECK_FALSE(says_call([](const exit_reason&) { throw std::runtime_error{"another"}; }));
  CHECK_FALSE(says_call([](const exit_reason& why) { joist::exit(joist::self(), why); }));
  CHECK_FALSE(says_call([](const exit_reason& why) {
    (void)joist::catch_end([] { throw std::runtime_error{"in between"}; });
    joist::exit(why);
  }));
}

TEST_CASE("gen_server: orderly ends are silent", "[G08]") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options o = quiet(2);
  o.log = sink_of(log);
  joist::runtime rt{o};
  rt.ask([] {
    for (const exit_reason& why : {exit_reason::normal, exit_reason::shutdown, exit_reason::shutdown_with(1)})
      joist::start<account>(1).stop(why);
    (void)joist::try_start<moody>(joist::server_options{}, moody::mood::refuses);
    (void)joist::try_start<moody>(joist::server_options{}, moody::mood::ignores);
  });
  CHECK(rt.stop(10s).clean());
  CHECK(log->get().empty());
}

TEST_CASE("gen_server: calls cost the same with half a million messages in the caller's mailbox", "[G23]") {
  joist::runtime rt{quiet(1)};
  rt.ask([] {
    const auto server = joist::start<account>(1);
    auto timed = [&server] {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < 10'000; ++i) server.call(account::balance{});
      return std::chrono::steady_clock::now() - begin;
    };
    const auto empty = timed();
    for (int i = 0; i < (checked_build ? 50'000 : 500'000); ++i) joist::send(joist::self(), i);
    EXPECT(timed() < 10 * empty);
  });
}

TEST_CASE("gen_server: a hand-written process may go on as a server", "[G10]") {
  everywhere([] {
    const joist::pid process = joist::spawn([] {
      joist::receive<go>();
      account state{5};
      joist::enter_loop(state);
    });
    joist::send(process, go{});
    EXPECT(joist::server_ref<account>{process}.call(account::balance{}) == 5);
    joist::server_ref<account>{process}.stop();
  });
}
