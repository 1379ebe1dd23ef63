// Names: joist/names.hpp. The ids are those of docs/semantics.md.
#include "support/ends.hpp"
#include "support/world.hpp"

#include <algorithm>

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::reason_of;

TEST_CASE("names: a name leads to its process until it is given back", "[L23]") {
  support::everywhere([] {
    EXPECT(!whereis("main"));
    register_name("main");
    EXPECT(whereis("main") == self());
    EXPECT(process_info(self())->name == "main");
    EXPECT(registered_names() == std::vector<std::string>{"main"});
    send("main", 3);
    EXPECT(receive<int>() == 3);
    unregister_name("main");
    EXPECT(!whereis("main"));
    EXPECT(registered_names().empty());
    EXPECT(process_info(self())->name.empty());
    register_name("another");
    EXPECT(whereis("another") == self());
  });
}

TEST_CASE("names: a taken name, a second name, a dead process and bad names are refused", "[L23]") {
  support::everywhere([] {
    const pid child = spawn([] { support::wait_for_ever(); });
    register_name("taken", child);
    EXPECT(support::refuses(errc::name_taken, [] { register_name("taken"); }));
    EXPECT(support::refuses(errc::already_named, [&] { register_name("second", child); }));
    EXPECT(support::refuses(errc::already_named, [&] { register_name("taken", child); }));
    EXPECT(!whereis("second"));
    const auto dead = spawn_monitor([] {});
    (void)reason_of(dead);
    EXPECT(support::refuses(errc::no_process, [&] { register_name("ghost", dead.process); }));
    EXPECT(support::refuses(errc::no_process, [&] { register_name("ghost", pid{}); }));
    EXPECT(!whereis("ghost"));
    EXPECT(support::refuses(errc::bad_argument, [] { register_name(""); }));
    EXPECT(support::refuses(errc::bad_argument, [] { register_name("undefined"); }));
    EXPECT(support::refuses(errc::bad_argument, [] { register_name(std::string(longest_name_bytes + 1, 'n')); }));
    register_name(std::string(longest_name_bytes, 'n'));
    EXPECT(whereis(std::string(longest_name_bytes, 'n')) == self());
    EXPECT(support::refuses(errc::name_unknown, [] { unregister_name("unknown"); }));
    EXPECT(support::refuses(errc::name_unknown, [] { send("unknown", 1); }));
    EXPECT(support::refuses(errc::name_unknown, [] { send("", 1); }));
    EXPECT(whereis("taken") == child);
    joist::exit(child, exit_reason::kill);
    (void)support::await_end(child);
  });
}

TEST_CASE("names: are for processes", "[L23]") {
  CHECK(support::refuses(errc::not_a_process, [] { register_name("thread"); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)whereis("thread"); }));
  CHECK(support::refuses(errc::not_a_process, [] { unregister_name("thread"); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)registered_names(); }));
  CHECK(support::refuses(errc::not_a_process, [] { send("thread", 1); }));
}

TEST_CASE("names: register, kill and whereis race, and never give a wrong process", "[L23]") {
  support::everywhere([] {
    for (int i = 0; i < 10; ++i) {
      const pid child = spawn([] { support::wait_for_ever(); });
      const auto killer = spawn_monitor([child] { joist::exit(child, exit_reason::kill); });
      const auto looker = spawn_monitor([child] {
        for (int k = 0; k < 5; ++k) {
          const auto found = whereis("raced");
          EXPECT(!found || *found == child);
          yield();
        }
      });
      bool registered = true;
      try {
        register_name("raced", child);
      } catch (const error& e) {
        registered = false;
        EXPECT(e.code() == errc::no_process);
      }
      EXPECT(reason_of(killer) == exit_reason::normal);
      (void)support::await_end(child);
      EXPECT(!whereis("raced"));
      EXPECT(reason_of(looker) == exit_reason::normal);
      (void)registered;
    }
    EXPECT(registered_names().empty());
  });
}

TEST_CASE("names: one of many that ask for the same name gets it", "[L23]") {
  support::everywhere([] {
    std::vector<monitored> rivals;
    for (int i = 0; i < 6; ++i) {
      rivals.push_back(spawn_monitor([main = self()] {
        bool won = true;
        try {
          register_name("crown");
        } catch (const error& e) {
          EXPECT(e.code() == errc::name_taken);
          won = false;
        }
        if (won) EXPECT(whereis("crown") == self());
        send(main, won ? 1 : 0);
        receive<go>();
      }));
    }
    int winners = 0;
    for (int i = 0; i < 6; ++i) winners += receive<int>();
    EXPECT(winners == 1);
    for (const auto& r : rivals) send(r.process, go{});
    for (const auto& r : rivals) EXPECT(reason_of(r) == exit_reason::normal);
    EXPECT(!whereis("crown"));
  });
}

TEST_CASE("names: a message to a name goes to its holder even while holders change", "[L23]") {
  support::everywhere([] {
    const auto sender = spawn_monitor([] {
      for (int i = 0; i < 20; ++i) {
        try {
          send("holder", i);
        } catch (const error& e) {
          EXPECT(e.code() == errc::name_unknown);
        }
      }
    });
    for (int i = 0; i < 5; ++i) {
      const auto holder = spawn_monitor([] {
        register_name("holder");
        yield();
      });
      EXPECT(reason_of(holder) == exit_reason::normal);
    }
    EXPECT(reason_of(sender) == exit_reason::normal);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}
