// Links: joist/link.hpp. The ids are those of docs/semantics.md.
#include "support/ends.hpp"
#include "support/world.hpp"

#include <algorithm>
#include <atomic>

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::named_reason;
using support::reason_of;

TEST_CASE("link: a linked process dies with the same reason, and a trapper receives it as one message", "[L02]") {
  support::everywhere([] {
    trap_exit(true);
    const pid child = spawn_link([] { joist::exit(exit_reason::of(std::string{"tired"})); });
    const exited message = receive<exited>();
    EXPECT(message.process == child);
    EXPECT(message.reason == exit_reason::of(std::string{"tired"}));
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("link: a peer that does not trap dies of it with the same reason, in both directions", "[L02]") {
  support::everywhere([] {
    const auto leader = spawn_monitor([] {
      receive<go>();
      joist::exit(named_reason("ill"));
    });
    const auto follower = spawn_monitor([leader] {
      link(leader.process);
      send(leader.process, go{});
      support::wait_for_ever();
    });
    EXPECT(reason_of(leader) == named_reason("ill"));
    EXPECT(reason_of(follower) == named_reason("ill"));
    const auto accepted = spawn_monitor([] { support::wait_for_ever(); });
    const auto maker = spawn_monitor([accepted] {
      link(accepted.process);
      joist::exit(named_reason("done for"));
    });
    EXPECT(reason_of(maker) == named_reason("done for"));
    EXPECT(reason_of(accepted) == named_reason("done for"));
  });
}

TEST_CASE("link: it is one, both ways, however often it was made, and gives one exit", "[L01]") {
  support::everywhere([] {
    trap_exit(true);
    const pid child = spawn_link([main = self()] {
      link(main);
      receive<go>();
    });
    link(child);
    link(child);
    EXPECT(process_info(self())->links == std::vector<pid>{child});
    EXPECT(process_info(child)->links == std::vector<pid>{self()});
    send(child, go{});
    EXPECT(receive<exited>().process == child);
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("link: unlink from either end removes both ends, and one unlink undoes any number of links", "[L01]") {
  support::everywhere([] {
    trap_exit(true);
    for (const bool by_parent : {true, false}) {
      const auto child = spawn_monitor([main = self(), by_parent] {
        link(main);
        link(main);
        if (!by_parent) unlink(main);
        send(main, go{});
        receive<go>();
        joist::exit(named_reason("alone"));
      });
      receive<go>();
      link(child.process);
      unlink(child.process);
      EXPECT(process_info(self())->links.empty());
      EXPECT(process_info(child.process)->links.empty());
      unlink(child.process);  // without a link: nothing
      send(child.process, go{});
      EXPECT(reason_of(child) == named_reason("alone"));
    }
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("link: to oneself, and unlink of nobody and of the dead, do nothing", "[L01]") {
  support::everywhere([] {
    link(self());
    EXPECT(process_info(self())->links.empty());
    unlink(self());
    unlink(pid{});
    const auto dead = spawn_monitor([] {});
    EXPECT(reason_of(dead) == exit_reason::normal);
    unlink(dead.process);
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::reason_after([] {
             link(self());
             joist::exit(named_reason("self"));
           }) == named_reason("self"));
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("link: a normal end does not disturb a peer, and a trapper receives it", "[L03]") {
  support::everywhere([] {
    const pid quiet = spawn_link([] {});
    (void)support::await_end(quiet);
    EXPECT(support::mailbox_stays_empty());
    EXPECT(process_info(self())->links.empty());
    trap_exit(true);
    const pid child = spawn_link([] {});
    const exited message = receive<exited>();
    EXPECT(message.process == child);
    EXPECT(message.reason == exit_reason::normal);
  });
}

TEST_CASE("link: to a dead process throws no_process, or sends exited with noproc to a trapper", "[L04]") {
  support::everywhere([] {
    const auto dead = spawn_monitor([] {});
    (void)reason_of(dead);
    EXPECT(support::refuses(errc::no_process, [&] { link(dead.process); }));
    EXPECT(support::refuses(errc::bad_argument, [] { link(pid{}); }));
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty());
    trap_exit(true);
    link(dead.process);
    const exited message = receive<exited>();
    EXPECT(message.process == dead.process);
    EXPECT(message.reason == exit_reason::noproc);
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty());
  });
}

TEST_CASE("link: to a process that is just ending answers noproc or its reason, once, and never hangs", "[L04]") {
  support::everywhere([] {
    trap_exit(true);
    const auto child = spawn_monitor([] { joist::exit(named_reason("early")); });
    link(child.process);
    const exited message = receive<exited>();
    EXPECT(message.process == child.process);
    EXPECT(message.reason == named_reason("early") || message.reason == exit_reason::noproc);
    (void)reason_of(child);
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("link: after unlink no exit of that peer arrives, and one in the mailbox stays", "[L05]") {
  support::everywhere([] {
    trap_exit(true);
    const auto racer = spawn_monitor([main = self()] {
      link(main);
      send(main, go{});
      joist::exit(named_reason("race"));
    });
    receive<go>();
    unlink(racer.process);
    (void)receive<exited>(after(0s));  // may have come before the unlink, but not later
    EXPECT(reason_of(racer) == named_reason("race"));
    EXPECT(support::mailbox_stays_empty(1ms));

    const pid early = spawn_link([] { joist::exit(named_reason("early")); });
    (void)support::await_end(early);
    unlink(early);
    const auto kept = receive<exited>(after(0s));
    EXPECT(kept && kept->process == early && kept->reason == named_reason("early"));
  });
}

TEST_CASE("link: link, unlink and link again against an ending peer gives exactly one exit", "[L05][L01]") {
  support::everywhere([] {
    trap_exit(true);
    const auto peer = spawn_monitor([] {
      receive<go>();
      joist::exit(named_reason("gone"));
    });
    send(peer.process, go{});
    link(peer.process);
    unlink(peer.process);
    while (receive<exited>(after(0s))) {
    }
    link(peer.process);
    const exited message = receive<exited>();
    EXPECT(message.process == peer.process);
    EXPECT(message.reason == named_reason("gone") || message.reason == exit_reason::noproc);
    EXPECT(reason_of(peer) == named_reason("gone"));
    EXPECT(process_info(self())->links.empty());
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("link: both ends link and unlink at the same time, and agree in the end", "[L01]") {
  support::everywhere([] {
    trap_exit(true);
    const auto peer = spawn_monitor([main = self()] {
      for (int i = 0; i < 20; ++i) {
        link(main);
        unlink(main);
      }
      send(main, go{});
      receive<go>();
      joist::exit(named_reason("over"));
    });
    for (int i = 0; i < 20; ++i) {
      link(peer.process);
      unlink(peer.process);
    }
    receive<go>();
    const bool mine = !process_info(self())->links.empty();
    const bool its = !process_info(peer.process)->links.empty();
    EXPECT(!mine && !its);
    send(peer.process, go{});
    EXPECT(reason_of(peer) == named_reason("over"));
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

namespace {

// A chain of `length` processes, each linked to the next; the last one is returned first.
std::vector<monitored> make_chain(int length) {
  std::vector<monitored> chain;
  for (int i = 0; i < length; ++i) {
    const pid before = chain.empty() ? pid{} : chain.back().process;
    chain.push_back(spawn_monitor([before, main = self()] {
      if (before) link(before);
      send(main, go{});
      receive<go>();
      joist::exit(exit_reason::kill);
    }));
    receive<go>();
  }
  return chain;
}

}  // namespace

TEST_CASE("kill: the rest of a link chain sees killed, which can be trapped", "[L16]") {
  support::everywhere([] {
    for (const int length : {1, 2, 9, 10}) {
      const auto chain = make_chain(length);
      trap_exit(true);
      link(chain.front().process);
      joist::exit(chain.back().process, exit_reason::kill);
      const exited message = receive<exited>();
      EXPECT(message.process == chain.front().process);
      EXPECT(message.reason == exit_reason::killed);
      for (const auto& m : chain) EXPECT(reason_of(m) == exit_reason::killed);
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("kill: a process that exits by itself with kill passes kill on, which can be trapped", "[L16]") {
  support::everywhere([] {
    for (const int length : {1, 2, 9, 10}) {
      const auto chain = make_chain(length);
      trap_exit(true);
      link(chain.front().process);
      send(chain.back().process, go{});
      EXPECT(receive<exited>().reason == exit_reason::kill);
      for (const auto& m : chain) EXPECT(reason_of(m) == exit_reason::kill);
    }
    EXPECT(support::mailbox_stays_empty(1ms));
  });
}

TEST_CASE("link: a large reason arrives intact along links, as exit signal and at monitors", "[L17]") {
  support::everywhere([] {
    trap_exit(true);
    const std::vector<std::string> large(200, std::string(200, 'x'));
    const auto reason = exit_reason::of(large);
    const pid child = spawn_link([reason] { joist::exit(reason); });
    const exited message = receive<exited>();
    EXPECT(message.process == child);
    EXPECT(message.reason.value<std::vector<std::string>>() != nullptr);
    EXPECT(*message.reason.value<std::vector<std::string>>() == large);
    const auto victim = spawn_monitor([] { support::wait_for_ever(); });
    joist::exit(victim.process, reason);
    EXPECT(reason_of(victim) == reason);
    joist::exit(self(), reason);
    EXPECT(*receive<exited>().reason.value<std::vector<std::string>>() == large);
  });
}

TEST_CASE("link: wrong calls outside of a process answer not_a_process", "[L01]") {
  EXPECT(support::refuses(errc::not_a_process, [] { link(pid{1, 1, 1}); }));
  EXPECT(support::refuses(errc::not_a_process, [] { unlink(pid{1, 1, 1}); }));
}

TEST_CASE("link: one that is being ended links in vain, and each time the other hears of its end", "[L04]") {
  struct links_late {
    pid to;
    ~links_late() {
      for (int i = 0; i < 3; ++i) link(to);
    }
  };
  support::everywhere([] {
    trap_exit(true);
    const auto child = spawn_monitor([main = self()] {
      const links_late late{main};
      send(main, go{});
      support::wait_for_ever();
    });
    receive<go>();
    joist::exit(child.process, named_reason("enough"));
    EXPECT(reason_of(child) == named_reason("enough"));
    for (int i = 0; i < 3; ++i) {
      const auto told = receive<exited>();
      EXPECT(told.process == child.process && told.reason == named_reason("enough"));
    }
    EXPECT(support::mailbox_stays_empty());
    EXPECT(process_info(self())->links.empty());
  });
}
