#include <joist/otp/registry.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "support/ends.hpp"
#include "support/registries.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::dispatch_mode;
using joist::duplicate_registry;
using joist::exit_reason;
using joist::start_error;
using joist::unique_registry;

namespace {

struct room : joist::gen_server<room> {
  struct name {
    using reply = std::string;
  };
  explicit room(std::string n, bool fails = false) : name_{std::move(n)} {
    if (fails) throw std::runtime_error{"no room"};
  }
  std::string handle_call(name) const { return name_; }

 private:
  std::string name_;
};

joist::server_options at(joist::via_name via) {
  joist::server_options o;
  o.via = std::move(via);
  return o;
}

}  // namespace

TEST_CASE("registry: a unique key has one process, and who comes second learns whose it is", "[P01]") {
  everywhere([] {
    const unique_registry<std::string, int> r{parts(3)};
    joist::start_registry(r);
    EXPECT(r.register_("a", 1).has_value());
    EXPECT(r.register_("b", 2).has_value());
    const auto again = r.register_("a", 3);
    EXPECT(!again && again.error().process == joist::self());
    EXPECT(again.error().to_string() == fmt::format("the key is taken: {} has it", joist::self()));
    const joist::pid me = joist::self();
    const auto other = joist::spawn_monitor([r, me] {
      const auto refused = r.register_("a", 4);
      EXPECT(!refused && refused.error().process == me);
      EXPECT(joist::process_info(joist::self())->links.empty());
      EXPECT(r.register_("c", 5).has_value());
      EXPECT(r.whereis("a") == me && r.whereis("c") == joist::self() && r.count() == 3);
    });
    EXPECT(reason_of(other) == exit_reason::normal);
    await_count(r, 2);
    EXPECT(r.lookup("a") == (joist::registration<int>{me, 1}));
    EXPECT(!r.lookup("c") && !r.whereis("z"));
    EXPECT(r.unregister("a") == 1 && r.unregister("a") == 0 && r.unregister("z") == 0);
    EXPECT(r.register_("a", 6).has_value() && r.lookup("a")->value == 6);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: of two that want a key at once one gets it, and the other learns of it", "[P01]") {
  everywhere([] {
    const unique_registry<int> r{parts(2)};
    joist::start_registry(r);
    const joist::pid me = joist::self();
    std::vector<joist::monitored> all;
    for (int i = 0; i < 5; ++i) {
      all.push_back(joist::spawn_monitor([r, me] {
        const auto got = r.register_(1);
        joist::send(me, got ? joist::self() : got.error().process);
        joist::receive<go>();
      }));
    }
    std::set<joist::pid> owners;
    for (int i = 0; i < 5; ++i) owners.insert(joist::receive<joist::pid>());
    EXPECT(owners.size() == 1 && r.whereis(1) == *owners.begin());
    for (const auto& m : all) joist::send(m.process, go{});
    for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
    await_count(r, 0);
  });
}

TEST_CASE("registry: keys are equal when their type says so", "[P04]") {
  everywhere([] {
    using number = std::variant<int, double>;
    const unique_registry<number, int> r{parts(2)};
    joist::start_registry(r);
    EXPECT(r.register_(number{1}, 10).has_value());
    EXPECT(r.register_(number{1.0}, 20).has_value());
    EXPECT(r.lookup(number{1})->value == 10 && r.lookup(number{1.0})->value == 20);
    EXPECT(r.count(number{1}) == 1);
    EXPECT(r.update_value(number{1.0}, [](int v) { return v + 1; }) == 21);
    EXPECT(r.unregister(number{1}) == 1 && !r.lookup(number{1}) && r.lookup(number{1.0})->value == 21);
  });
}

TEST_CASE("registry: entries are matched, selected and counted by predicates, which may call Joist", "[P05]") {
  everywhere([] {
    const duplicate_registry<std::string, int> r{parts(2)};
    joist::start_registry(r);
    for (int v = 1; v <= 4; ++v) r.register_("a", v);
    r.register_("b", 10);
    const auto other = ready([r] { r.register_("a", 5); });
    const auto even = [](int v) {
      joist::yield();
      return v % 2 == 0;
    };
    const auto matched = r.match("a", even);
    EXPECT(matched.size() == 2 && matched[0].value == 2 && matched[1].value == 4);
    EXPECT(r.match("z", even).empty());
    const auto selected =
        r.select([&](const std::string& key, joist::pid p, int v) { return key == "a" && p == other.process && v > 1; });
    EXPECT(selected.size() == 1 && selected[0].key == "a" && selected[0].process == other.process && selected[0].value == 5);
    EXPECT(r.count() == 6 && r.count("a") == 5 && r.count("z") == 0 && r.count("a", even) == 2);
    EXPECT(r.count([](const std::string&, joist::pid, int v) { return v >= 4; }) == 3);
    EXPECT(r.values("a", joist::self()) == (std::vector{1, 2, 3, 4}));
    EXPECT(r.values("a", other.process) == std::vector{5} && r.values("b", other.process).empty());
    EXPECT(r.unregister("a", even) == 2 && r.values("a", joist::self()) == (std::vector{1, 3}));
    EXPECT(r.unregister("a", [](int v) { return v == 5; }) == 0);  // another's
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a value is changed by its owner alone", "[P06]") {
  everywhere([] {
    const unique_registry<std::string, std::string> r{parts(2)};
    joist::start_registry(r);
    EXPECT(r.register_("key", "one").has_value());
    EXPECT(r.update_value("key", [](std::string v) {
      joist::yield();
      return v + " two";
    }) == "one two");
    EXPECT(!r.update_value("other", [](std::string v) { return v; }));
    const auto stranger = joist::spawn_monitor([r] {
      bool called = false;
      EXPECT(!r.update_value("key", [&](std::string v) {
        called = true;
        return v;
      }));
      EXPECT(!called && r.unregister("key") == 0);
    });
    EXPECT(reason_of(stranger) == exit_reason::normal);
    EXPECT(r.lookup("key")->value == "one two");
  });
}

TEST_CASE("registry: listeners are told of entries that come and go, also of those whose owners end", "[P07]") {
  using came = joist::key_registered<std::string, int>;
  using went = joist::key_unregistered<std::string>;
  everywhere([] {
    const unique_registry<std::string, int> r{parts(2, {"listener", "nobody"})};
    joist::start_registry(r);
    joist::register_name("listener");
    const joist::pid me = joist::self();
    EXPECT(r.register_("a", 1).has_value());
    const came first = joist::receive<came>();
    EXPECT(first.registry == "tested" && first.key == "a" && first.process == me && first.value == 1);
    EXPECT(!r.register_("a", 2).has_value());
    r.update_value("a", [](int v) { return v + 1; });
    r.unregister("a");
    const went last = joist::receive<went>();
    EXPECT(last.registry == "tested" && last.key == "a" && last.process == me);
    r.unregister("a");
    const auto owner = ready([r] { EXPECT(r.register_("b", 3).has_value()); });
    EXPECT(joist::receive<came>().process == owner.process);
    end(owner);
    const went gone = joist::receive<went>();
    EXPECT(gone.key == "b" && gone.process == owner.process);
    EXPECT(mailbox_stays_empty());
    joist::unregister_name("listener");
  });
}

TEST_CASE("registry: a listener that follows the events knows the entries, whoever comes and goes", "[P07]") {
  using came = joist::key_registered<int, joist::no_value>;
  using went = joist::key_unregistered<int>;
  everywhere([] {
    const duplicate_registry<int> r{parts(2, {"listener"})};
    joist::start_registry(r);
    joist::register_name("listener");
    std::vector<joist::monitored> all;
    for (int n = 0; n < 4; ++n) {
      all.push_back(joist::spawn_monitor([r, n] {
        for (int i = 0; i < 6; ++i) {
          r.register_(i % 3);
          if (i % 2 == n % 2) r.unregister(i % 2);
        }
        if (n == 3) throw std::runtime_error{"crash"};
        joist::receive<go>();
      }));
    }
    joist::exit(all[0].process, exit_reason::kill);
    (void)reason_of(all[0]);
    (void)reason_of(all[3]);
    for (const int n : {1, 2}) joist::send(all[static_cast<std::size_t>(n)].process, go{});
    for (const int n : {1, 2}) (void)reason_of(all[static_cast<std::size_t>(n)]);
    await_count(r, 0);
    std::multiset<std::pair<joist::pid, int>> known;
    bool more = true;
    while (more) {
      joist::receive(
          [&](came e) {
            known.insert({e.process, e.key});
          },
          [&](went e) {
            const auto at = known.find({e.process, e.key});
            EXPECT(at != known.end());  // never told before it came
            known.erase(at);
          },
          joist::after(20ms, [&] { more = false; }));
    }
    EXPECT(known.empty());
    joist::unregister_name("listener");
  });
}

TEST_CASE("registry: a server is started under a key, found by it, and the second one is already_started", "[P08]") {
  everywhere([] {
    const unique_registry<std::string, int> r{parts(2)};
    joist::start_registry(r);
    const auto server = joist::start_link<room>(at(joist::via(r, "hall", 42)), "the hall");
    EXPECT(joist::find_server<room>(r, "hall") == server);
    EXPECT(joist::find_server<room>(r, "hall")->call(room::name{}) == "the hall");
    EXPECT(r.lookup("hall")->value == 42 && !joist::find_server<room>(r, "cellar"));
    const auto second = joist::try_start_link<room>(at(joist::via(r, "hall")), "another hall");
    EXPECT(!second && second.error().what == start_error::kind::already_started && second.error().process == server);
    server.stop();
    EXPECT(joist::start_link<room>(at(joist::via(r, "hall")), "a new hall").call(room::name{}) == "a new hall");
    EXPECT(r.count() == 1 && r.lookup("hall")->value == 0);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a start that fails leaves key and name free", "[P08]") {
  everywhere([] {
    const unique_registry<std::string> r{parts(2)};
    const joist::supervisor_ref top = joist::start_registry(r);
    joist::server_options o = at(joist::via(r, "hall"));
    o.name = "hall";
    for (int i = 0; i < 3; ++i) {
      const auto failed = joist::try_start_link<room>(o, "the hall", true);
      EXPECT(!failed && failed.error().what == start_error::kind::failed);
      EXPECT(!r.whereis("hall") && !joist::whereis("hall"));
    }
    EXPECT(r.register_("hall").has_value());
    const auto refused = joist::try_start_link<room>(o, "the hall");
    EXPECT(!refused && refused.error().what == start_error::kind::already_started);
    EXPECT(refused.error().process == joist::self() && !joist::whereis("hall"));
    EXPECT(r.unregister("hall") == 1);
    top.stop();
    const auto without = joist::try_start<room>(o, "the hall");
    EXPECT(!without && without.error().reason.error()->what.find("does not run") != std::string::npos);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a server that is started again by its supervisor is found under its key again", "[P08][P01]") {
  everywhere([] {
    const unique_registry<std::string> r{parts(2)};
    joist::supervisor_options o;
    o.strategy = joist::supervision::rest_for_one;
    o.intensity = 10;
    const auto top = joist::start_supervisor(
        o, {joist::child_registry("rooms", r), joist::child<room>("hall", at(joist::via(r, "hall")), std::string{"hall"})});
    for (int i = 0; i < 3; ++i) {
      const joist::pid before = *r.whereis("hall");
      const joist::ref watch = joist::monitor(before);
      joist::exit(before, exit_reason::kill);
      (void)reason_of({before, watch});
      while (r.whereis("hall").value_or(before) == before) joist::yield();
      EXPECT(joist::find_server<room>(r, "hall")->call(room::name{}) == "hall");
    }
    const joist::pid before = *r.whereis("hall");
    joist::exit(top.which_child("rooms")->process, exit_reason::kill);  // and with it the room
    while (r.whereis("hall").value_or(before) == before) joist::yield();
    (void)top.count_children();
    EXPECT(joist::find_server<room>(r, "hall")->call(room::name{}) == "hall");
    EXPECT(r.count() == 1);
  });
}

TEST_CASE("registry: a duplicate key has many entries, also of one process, the oldest first", "[P09]") {
  everywhere([] {
    const duplicate_registry<std::string, int> r{parts(3)};
    joist::start_registry(r);
    r.register_("a", 1);
    const auto other = ready([r] { r.register_("a", 2); });
    r.register_("a", 1);
    r.register_("b", 3);
    const joist::pid me = joist::self();
    using all = std::vector<joist::registration<int>>;
    EXPECT(r.lookup("a") == (all{{me, 1}, {other.process, 2}, {me, 1}}));
    EXPECT(r.lookup("z").empty());
    auto keys = r.keys(me);
    std::sort(keys.begin(), keys.end());
    EXPECT(keys == (std::vector<std::string>{"a", "a", "b"}));
    EXPECT(r.unregister("a") == 2 && r.lookup("a") == (all{{other.process, 2}}));
    r.register_("a", 4);
    EXPECT(r.lookup("a") == (all{{other.process, 2}, {me, 4}}));
    end(other);
    await_count(r, 2);
    EXPECT(r.lookup("a") == (all{{me, 4}}));
  });
}

TEST_CASE("registry: dispatch calls the function for each entry of the key, in order, and not for an empty one", "[P10]") {
  everywhere([] {
    const duplicate_registry<std::string, int> r{parts(2)};
    joist::start_registry(r);
    for (int v = 0; v < 5; ++v) r.register_("a", v);
    std::vector<int> seen;
    r.dispatch("a", [&seen](joist::pid p, int v) {
      EXPECT(p == joist::self());
      joist::yield();
      seen.push_back(v);
    });
    EXPECT(seen == (std::vector{0, 1, 2, 3, 4}));
    r.dispatch("a", [](joist::pid p) { joist::send(p, go{}); });
    for (int i = 0; i < 5; ++i) joist::receive<go>();
    for (const auto mode : {dispatch_mode::serial, dispatch_mode::parallel}) {
      r.dispatch(
          "z", [](joist::pid) { throw std::runtime_error{"nobody is there"}; }, mode);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a parallel dispatch calls for each entry once, in other processes, and is over when they are",
          "[P10]") {
  struct heard {
    joist::pid by;
    int value;
  };
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      const duplicate_registry<int, int> r{parts(3)};
      joist::start_registry(r);
      for (int v = 0; v < 10; ++v) r.register_(1, v);
      r.dispatch(
          1,
          [](joist::pid p, int v) {
            joist::send(p, heard{joist::self(), v});
          },
          dispatch_mode::parallel);
      std::set<joist::pid> by;
      std::set<int> values;
      for (int i = 0; i < 10; ++i) {
        const auto h = joist::receive<heard>(joist::after(0ms));  // all have been sent
        EXPECT(h && h->by != joist::self());
        by.insert(h->by);
        values.insert(h->value);
      }
      EXPECT(by.size() == 3 && values.size() == 10);
      r.unregister(1);
      EXPECT(mailbox_stays_empty());
    }
  });
}

TEST_CASE("registry: a crash in the function is the dispatcher's", "[P10]") {
  everywhere([] {
    const duplicate_registry<int> r{parts(2)};
    joist::start_registry(r);
    for (int i = 0; i < 4; ++i) r.register_(1);
    for (const auto mode : {dispatch_mode::serial, dispatch_mode::parallel}) {
      const auto reason = reason_after([r, mode] {
        r.dispatch(
            1, [](joist::pid) { throw std::runtime_error{"boom"}; }, mode);
      });
      EXPECT(reason.error() != nullptr && reason.error()->what == "boom");
    }
    const auto trapping = reason_after([r] {
      joist::trap_exit(true);
      const auto failed = joist::catch_end([&] {
        r.dispatch(
            1, [](joist::pid) { joist::exit(named_reason("left")); }, dispatch_mode::parallel);
      });
      EXPECT(failed && *failed == named_reason("left"));
      EXPECT(mailbox_stays_empty());
    });
    EXPECT(trapping == exit_reason::normal);
    EXPECT(r.count() == 4);
    EXPECT(mailbox_stays_empty());
  });
}

namespace {

struct entered {
  int who;
};
struct left {
  int who;
};

/// A process that takes the lock, says so, and keeps it until it is told to go, or ends.
joist::monitored locks(const unique_registry<std::string>& r, const char* key, int who, const joist::pid to) {
  return joist::spawn_monitor([r, key = std::string{key}, who, to] {
    r.lock(key, [&] {
      joist::send(to, entered{who});
      joist::receive<go>();
    });
    joist::send(to, left{who});
  });
}

}  // namespace

TEST_CASE("registry: the lock of a key is had by one process at a time, those of other keys are free", "[P11]") {
  everywhere([] {
    const unique_registry<std::string> r{parts(2)};
    joist::start_registry(r);
    const joist::pid me = joist::self();
    const auto first = locks(r, "a", 1, me);
    EXPECT(joist::receive<entered>().who == 1);
    const auto second = locks(r, "a", 2, me);
    const auto third = locks(r, "b", 3, me);
    EXPECT(joist::receive<entered>().who == 3);
    joist::send(third.process, go{});
    EXPECT(joist::receive<left>().who == 3);
    EXPECT(reason_of(third) == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
    joist::send(first.process, go{});
    EXPECT(joist::receive<entered>().who == 2);
    joist::send(second.process, go{});
    for (const auto& m : {first, second}) EXPECT(reason_of(m) == exit_reason::normal);
    EXPECT(r.lock("a", [] { return 7; }) == 7);
    EXPECT(r.count() == 0);  // locks are no entries
  });
}

TEST_CASE("registry: a lock is free when its holder throws or dies; one that waits and dies is passed over", "[P11]") {
  everywhere([] {
    const unique_registry<std::string> r{parts(2)};
    joist::start_registry(r);
    const joist::pid me = joist::self();
    try {
      r.lock("a", []() -> int { throw std::runtime_error{"in the lock"}; });
      EXPECT(false);
    } catch (const std::runtime_error& e) {
      EXPECT(std::string{e.what()} == "in the lock");
    }
    const auto holder = locks(r, "a", 1, me);
    EXPECT(joist::receive<entered>().who == 1);
    const auto waits = locks(r, "a", 2, me);
    const auto last = locks(r, "a", 3, me);
    end(waits);
    end(holder);
    int who = joist::receive<entered>().who;
    EXPECT(who == 3);
    joist::send(last.process, go{});
    EXPECT(reason_of(last) == exit_reason::normal && joist::receive<left>().who == 3);
    EXPECT(r.lock("a", [] { return true; }));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a process that asks for a lock it has is refused, and has the others it likes", "[P11]") {
  everywhere([] {
    const unique_registry<int> r{parts(2)};
    joist::start_registry(r);
    EXPECT(r.lock(1, [&] {
      EXPECT(refuses(joist::errc::bad_wait, [&] { r.lock(1, [] {}); }));
      return r.lock(2, [] { return 3; });
    }) == 3);
    r.lock(1, [] {});
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: locks exclude each other, however often they are taken", "[P11]") {
  everywhere([] {
    const unique_registry<int> r{parts(2)};
    joist::start_registry(r);
    const auto inside = std::make_shared<std::atomic<int>>(0);
    std::vector<joist::monitored> all;
    for (int n = 0; n < 4; ++n) {
      all.push_back(joist::spawn_monitor([r, inside] {
        for (int i = 0; i < 5; ++i) {
          r.lock(1, [&] {
            EXPECT(inside->fetch_add(1) == 0);
            joist::yield();
            inside->fetch_sub(1);
          });
        }
      }));
    }
    for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
  });
}

TEST_CASE("registry: without a process behind it there are no entries, and none are taken", "[P01]") {
  everywhere([] {
    const unique_registry<std::string> r{parts(2)};
    EXPECT(!r.lookup("a") && r.count() == 0 && r.keys(joist::self()).empty() && r.unregister("a") == 0);
    EXPECT(refuses(joist::errc::not_running, [&] { (void)r.register_("a"); }));
    EXPECT(refuses(joist::errc::not_running, [&] { r.lock("a", [] {}); }));
    joist::trap_exit(true);
    const joist::supervisor_ref top = joist::start_registry(r);
    const auto second = joist::try_start_registry(r);
    EXPECT(!second && second.error().what == start_error::kind::already_started);
    EXPECT(r.register_("a").has_value());
    top.stop();
    EXPECT(joist::receive<joist::exited>([](const joist::exited& e) { return e.reason == exit_reason::shutdown; }).process);
    EXPECT(joist::receive<joist::exited>().process == top.process());
    EXPECT(r.count() == 0 && !r.whereis("a"));
    EXPECT(refuses(joist::errc::not_running, [&] { (void)r.register_("a"); }));
    joist::start_registry(r);
    EXPECT(r.register_("a").has_value() && r.whereis("a") == joist::self());
    EXPECT(mailbox_stays_empty());
  });
  CHECK(refuses(joist::errc::bad_argument, [] { const unique_registry<int> r{parts(65)}; }));
}

TEST_CASE("registry: a handle is a value that may be sent, and its copies are the same registry", "[P01]") {
  everywhere([] {
    using topics = duplicate_registry<std::string>;
    const topics r;
    joist::start_registry(r);
    const auto other = joist::spawn_monitor([] {
      const auto mine = joist::receive<topics>();
      mine.register_("news");
      joist::receive<go>();
    });
    joist::send(other.process, r);
    while (r.count("news") == 0) joist::yield();
    EXPECT(r.lookup("news").front().process == other.process);
    EXPECT(!(r == topics{}));
    joist::send(other.process, go{});
    EXPECT(reason_of(other) == exit_reason::normal);
  });
}

namespace {

/// A value that counts those that live, and whose copies may fail.
struct fragile {
  std::shared_ptr<const std::atomic<int>> alive;
  std::shared_ptr<const std::atomic<bool>> breaks;
  int number = 0;

  fragile(std::shared_ptr<std::atomic<int>> a, std::shared_ptr<std::atomic<bool>> b, int n)
      : alive{std::move(a)}, breaks{std::move(b)}, number{n} {
    count(1);
  }
  fragile(const fragile& other) : alive{other.alive}, breaks{other.breaks}, number{other.number} {
    if (*breaks) throw std::runtime_error{"cannot be copied now"};
    count(1);
  }
  fragile& operator=(const fragile& other) {
    if (*breaks) throw std::runtime_error{"cannot be copied now"};
    number = other.number;
    return *this;
  }
  ~fragile() { count(-1); }
  void count(int by) const { const_cast<std::atomic<int>&>(*alive) += by; }
};

}  // namespace

TEST_CASE("registry: a value whose copy throws changes nothing, blocks nobody, and none is leaked", "[P01][P02]") {
  everywhere([] {
    const auto alive = std::make_shared<std::atomic<int>>(0);
    const auto breaks = std::make_shared<std::atomic<bool>>(false);
    const unique_registry<int, fragile> r{parts(1)};
    joist::start_registry(r);
    EXPECT(r.register_(1, fragile{alive, breaks, 10}).has_value());
    auto throws = [&](auto f) {
      *breaks = true;
      const auto failed = joist::catch_end(f);
      *breaks = false;
      return failed && failed->error() != nullptr && failed->error()->what == "cannot be copied now";
    };
    const fragile value{alive, breaks, 20};
    EXPECT(throws([&] { (void)r.lookup(1); }));
    EXPECT(throws([&] { (void)r.register_(2, value); }));
    EXPECT(throws([&] { (void)r.update_value(1, [](fragile v) { return v; }); }));
    EXPECT(r.count() == 1 && r.lookup(1)->value.number == 10 && r.keys(joist::self()) == std::vector{1});
    EXPECT(r.register_(2, value).has_value() && r.lookup(2)->value.number == 20);
    EXPECT(r.unregister(1) == 1 && r.unregister(2) == 1);
    EXPECT(*alive == 1);
  });
}

TEST_CASE("registry: entries come, go and die in all orders, and in the end nothing is left", "[P02][P09]") {
  everywhere([] {
    const unique_registry<int, int> names{parts(2)};
    const duplicate_registry<int, int> topics{parts(3)};
    joist::start_registry(names);
    joist::start_registry(topics);
    std::vector<joist::monitored> all;
    for (int n = 0; n < 6; ++n) {
      all.push_back(joist::spawn_monitor([=] {
        for (int i = 0; i < 8; ++i) {
          const int key = (i * 5 + n) % 4;
          const auto got = names.register_(key, n);
          topics.register_(key, n);
          if (got) EXPECT(names.whereis(key) == joist::self());
          for (const auto& e : topics.lookup(key)) EXPECT(e.process && e.value < 6);
          if (i % 3 == 0) topics.unregister(key);
          if (got && i % 2 == 0) EXPECT(names.unregister(key) == 1);
        }
        if (n % 2 == 0) throw std::runtime_error{"crash"};
      }));
    }
    joist::exit(all[1].process, exit_reason::kill);
    joist::exit(all[4].process, exit_reason::kill);
    for (const auto& m : all) (void)reason_of(m);
    await_count(names, 0);
    await_count(topics, 0);
    for (const auto& m : all) EXPECT(names.keys(m.process).empty() && topics.keys(m.process).empty());
    for (int key = 0; key < 4; ++key) EXPECT(names.register_(key, 0).has_value());
    EXPECT(names.count() == 4);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: threads that are no processes look up while processes come and go", "[P02]") {
  const duplicate_registry<std::string, std::string> r{parts(4)};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> seen{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        for (int k = 0; k < 8; ++k) {
          const std::string key = fmt::format("key {}", k);
          for (const auto& e : r.lookup(key)) {
            if (e.value != "value of " + key) std::abort();
            ++seen;
          }
        }
        seen += r.count() > 100'000 ? 1 : 0;
      }
    });
  }
  on_workers(
      [r, &seen] {
        const joist::supervisor_ref top = joist::start_registry(r);
        const std::uint64_t before = seen;
        while (seen == before) {
          std::vector<joist::monitored> all;
          for (int n = 0; n < 20; ++n) {
            all.push_back(joist::spawn_monitor([r] {
              for (int i = 0; i < 40; ++i) {
                const std::string key = fmt::format("key {}", i % 8);
                r.register_(key, "value of " + key);
                if (i % 3 == 0) r.unregister(key);
              }
            }));
          }
          for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
        }
        await_count(r, 0);
        top.stop();
      },
      10);
  done = true;
  for (auto& t : readers) t.join();
  CHECK(seen > 0);
}
