// Aliases: joist/alias.hpp. The ids are those of docs/semantics.md.
#include <utility>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

TEST_CASE("alias: demonitor of a reference that is only an alias is harmless", "[M15]") {
  support::everywhere([] {
    const alias a = make_alias();
    EXPECT(!demonitor(a.reference()));
    EXPECT(!demonitor(a.reference(), demonitor_option::flush));
    send(a, 1);
    EXPECT(receive<int>() == 1);
    EXPECT(unalias(a));
  });
}

TEST_CASE("alias: one made with a monitor ends with it, or stays, as its mode says", "[M15]") {
  support::everywhere([] {
    const pid child = spawn([] { support::wait_for_ever(); });
    for (const auto mode : {alias_mode::explicit_unalias, alias_mode::demonitor, alias_mode::reply_demonitor}) {
      const ref m = monitor(child, mode);
      EXPECT(process_info(self())->aliases == 1);
      EXPECT(demonitor(m));
      const bool stays = mode == alias_mode::explicit_unalias;
      send(alias_of(m), 5);
      EXPECT(receive<int>(after(0s)).has_value() == stays);
      EXPECT(process_info(self())->aliases == (stays ? 1 : 0));
      EXPECT(unalias(m) == stays);
    }
    const ref plain = monitor(child);
    send(alias_of(plain), 5);
    EXPECT(!unalias(plain));
    EXPECT(demonitor(plain));
    joist::exit(child, exit_reason::kill);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: the down ends the aliases of the demonitor modes and leaves the explicit one", "[M15]") {
  support::everywhere([] {
    for (const auto mode : {alias_mode::explicit_unalias, alias_mode::demonitor, alias_mode::reply_demonitor}) {
      const pid child = spawn([] { receive<go>(); });
      const ref m = monitor(child, mode);
      send(child, go{});
      EXPECT(receive<down>().monitor == m);
      const bool stays = mode == alias_mode::explicit_unalias;
      send(alias_of(m), 6);
      EXPECT(receive<int>(after(0s)).has_value() == stays);
      EXPECT(unalias(m) == stays);
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: no down after demonitor with flush, whatever came through an explicit alias", "[M16]") {
  support::everywhere([] {
    for (int i = 0; i < 10; ++i) {
      const pid server = spawn([] {
        const alias to = receive<alias>();
        send(to, 1);
        joist::exit(named_reason("served"));
      });
      const ref m = monitor(server, alias_mode::explicit_unalias);
      send(server, alias_of(m));
      if (i % 2 == 0) EXPECT(receive<int>() == 1);
      for (int k = 0; k < i; ++k) yield();
      demonitor(m, demonitor_option::flush);
      (void)unalias(m);
      (void)receive<int>(after(0s));
      EXPECT(!receive<down>(after(0s)));
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: of a monitor of a process that does not exist works as its mode says", "[M17]") {
  support::everywhere([] {
    const auto dead = spawn_monitor([] {});
    (void)reason_of(dead);
    for (const pid target : {dead.process, pid{}}) {
      const ref kept = monitor(target, alias_mode::explicit_unalias);
      const down d = receive<down>();
      EXPECT(d.monitor == kept && d.reason == exit_reason::noproc);
      send(alias_of(kept), 3);
      EXPECT(receive<int>() == 3);
      EXPECT(unalias(kept));
      const ref gone = monitor(target, alias_mode::reply_demonitor);
      EXPECT(receive<down>().monitor == gone);
      send(alias_of(gone), 4);
      EXPECT(!unalias(gone));
      const ref tagged = monitor_tagged(target, 'd', alias_mode::explicit_unalias);
      EXPECT(receive<tagged_down<char>>().ended.monitor == tagged);
      EXPECT(unalias(tagged));
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: what is sent after unalias vanishes, what came before stays", "[M18]") {
  support::everywhere([] {
    const alias a = make_alias();
    EXPECT(a.owner() == self());
    send(a, 1);
    send(a, 2);
    EXPECT(receive<int>() == 1);
    EXPECT(receive<int>() == 2);
    const auto sender = spawn_monitor([a] {
      for (int i = 0; i < 20; ++i) send(a, i);
    });
    EXPECT(unalias(a));
    EXPECT(!unalias(a));
    while (receive<int>(after(0s))) {
    }
    const auto before = process_info(self())->message_queue_length;
    EXPECT(before <= 1);  // its down perhaps
    EXPECT(reason_of(sender) == exit_reason::normal);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: one_reply takes exactly one message, whoever sends it", "[M18]") {
  support::everywhere([] {
    const alias a = make_alias(alias_use::one_reply);
    std::vector<monitored> senders;
    for (int i = 0; i < 3; ++i) {
      senders.push_back(spawn_monitor([a, i] {
        send(a, i);
        send(a, i + 10);
      }));
    }
    for (const auto& s : senders) EXPECT(reason_of(s) == exit_reason::normal);
    EXPECT(receive<int>() < 10);
    EXPECT(!unalias(a));
    EXPECT(process_info(self())->aliases == 0);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: reply_demonitor stops monitor and alias at the first reply", "[M18]") {
  support::everywhere([] {
    const auto server = spawn_monitor([] {
      const alias to = receive<alias>();
      send(to, 1);
      send(to, 2);
      joist::exit(named_reason("gone"));
    });
    const ref m = monitor(server.process, alias_mode::reply_demonitor);
    send(server.process, alias_of(m));
    EXPECT(receive<int>() == 1);
    EXPECT(reason_of(server) == named_reason("gone"));
    EXPECT(!demonitor(m));
    EXPECT(process_info(self())->monitors.empty());
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: of another process or of the dead cannot be switched off, and takes nothing", "[M18]") {
  support::everywhere([] {
    const alias mine = make_alias();
    EXPECT(support::reason_after([mine] { EXPECT(!unalias(mine)); }) == exit_reason::normal);
    send(mine, 1);
    EXPECT(receive<int>() == 1);
    const auto child = spawn_monitor([main = self()] { send(main, make_alias()); });
    const alias its = receive<alias>();
    EXPECT(reason_of(child) == exit_reason::normal);
    send(its, 1);
    EXPECT(!unalias(its));
    send(alias{}, 1);
    EXPECT(!unalias(ref{}));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
  CHECK(support::refuses(errc::not_a_process, [] { (void)make_alias(); }));
  CHECK(support::refuses(errc::not_a_process, [] { (void)unalias(ref{1}); }));
}

TEST_CASE("alias: the watched one that replies to a reply_demonitor has forgotten its watcher when send returns", "[M18]") {
  support::everywhere([] {
    const pid watched = spawn([] {
      const alias to = receive<alias>();
      EXPECT(process_info(self())->monitored_by == std::vector{to.owner()});
      send(to, 1);
      EXPECT(process_info(self())->monitored_by.empty());
      receive<go>();
    });
    const ref m = monitor(watched, alias_mode::reply_demonitor);
    send(watched, alias_of(m));
    EXPECT(receive<int>() == 1);
    EXPECT(process_info(self())->monitors.empty() && process_info(self())->aliases == 0);
    EXPECT(!demonitor(m));
    send(watched, go{});
    (void)support::await_end(watched);
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: switched off while a reply is on its way, its monitor watches on: a reply or a down comes, never neither",
          "[M18]") {
  support::everywhere([] {
    const pid watched = spawn([] {
      send(receive<alias>(), 1);
      receive<go>();
      joist::exit(named_reason("later"));
    });
    const ref m = monitor(watched, alias_mode::reply_demonitor);
    send(watched, alias_of(m));
    if (make_ref().value() % 2 == 0) yield();
    const bool off = unalias(m);
    send(watched, go{});
    if (off) {
      EXPECT(receive<down>([m](const down& d) { return d.monitor == m; }).reason == named_reason("later"));
    } else {
      EXPECT(receive<int>() == 1);
      (void)support::await_end(watched);
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("alias: a reply that a full mailbox drops ends no monitor", "[M18]") {
  support::everywhere([] {
    const monitored asker = spawn_monitor({.mailbox_limit = 2}, [] {
      const pid watched = spawn([] {
        const alias to = receive<alias>();
        for (int i = 0; i < 3; ++i) send(to.owner(), i);
        send(to, 'a');  // dropped, or taken: others were received meanwhile
        joist::exit(named_reason("later"));
      });
      const ref m = monitor(watched, alias_mode::reply_demonitor);
      send(watched, alias_of(m));
      const bool replied = receive([](char) { return true; }, when([m](const down& d) { return d.monitor == m; },
                                                                   [](const down& d) {
                                                                     EXPECT(d.reason == named_reason("later"));
                                                                     return false;
                                                                   }));
      (void)replied;
    });
    EXPECT(reason_of(asker) == exit_reason::normal);
  });
}

TEST_CASE("alias: the reference of a timer, none, and what nobody has made, are no aliases", "[M15]") {
  support::everywhere([] {
    const ref timer = send_after(1h, self(), 1);
    for (const ref r : {timer, ref{}, ref{std::uint64_t{1} << 63 | 7}, ref{std::uint64_t{3} << 62 | 7}}) {
      send(alias_of(r), 1);
      (void)send_after(1ms, alias_of(r), 1);
    }
    EXPECT(support::mailbox_stays_empty(5ms));
    EXPECT(cancel_timer(timer).has_value());
  });
}

namespace {

/// A message whose destructor may do what destructors may.
struct returned_lease {
  explicit returned_lease(pid to) : owner{to} {}
  returned_lease(returned_lease&& from) noexcept : owner{std::exchange(from.owner, pid{})} {}
  returned_lease& operator=(returned_lease&& from) noexcept {
    std::swap(owner, from.owner);
    return *this;
  }
  ~returned_lease() {
    if (!owner) return;
    (void)demonitor(ref{1});
    log(log_level::debug, "a lease is back");
    send(owner, in_process());
  }
  pid owner;
};

}  // namespace
template <>
struct joist::enable_sendable<returned_lease> : std::true_type {};

TEST_CASE("alias: what comes too late is destroyed in a process, whoever took it in", "[M15]") {
  support::everywhere([] {
    const alias off = make_alias();
    EXPECT(unalias(off));
    const pid sender = spawn([off, me = self()] { send(off, returned_lease{me}); });
    EXPECT(receive<bool>(after(10s)) == std::optional{true});
    send(off, returned_lease{self()});
    EXPECT(receive<bool>(after(10s)) == std::optional{true});
    (void)support::await_end(sender);
    // To nobody, by a timer, and to one that has ended.
    (void)send_after(1ms, "nobody of that name", returned_lease{self()});
    EXPECT(receive<bool>(after(10s)) == std::optional{true});
  });
}
