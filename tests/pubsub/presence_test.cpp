#include <joist/pubsub/presence.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/presences.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::errc;
using joist::exit_reason;
using joist::presence;
using joist::presence_diff_ptr;
using joist::presence_error;
using joist::pubsub;

TEST_CASE("presence: who is tracked is listed at once, and told to the subscribers of the topic") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    joist::start_presence(online);
    bus.subscribe("room");
    const auto ref = online.track("room", "ann", "phone");
    EXPECT(ref.has_value());
    EXPECT(text(online, "room") == "ann=phone");
    EXPECT(online.list("hall").empty());
    EXPECT(online.topics() == std::vector<std::string>{"room"});
    const auto diff = next_diff();
    EXPECT(diff->topic == "room" && text(diff->joins) == "ann=phone" && diff->leaves.empty());
    const auto& meta = *diff->joins.front()->metas.front();
    EXPECT(meta.ref == *ref && !meta.previous && meta.process == joist::self().value() && *meta.topic == "room");
    EXPECT(online.untrack("room", "ann"));
    EXPECT(!online.untrack("room", "ann"));
    EXPECT(online.list("room").empty() && online.get_by_key("room", "ann") == nullptr);
    EXPECT(text(next_diff()->leaves) == "ann=phone");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("presence: an update is a join of the new and a leave of the old one, in one diff") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    joist::start_presence(online);
    const auto first = *online.track("room", "ann", "here");
    (void)online.track("room", "bob", "here");
    bus.subscribe("room");
    (void)mailbox_stays_empty();  // what is told now is told
    while (joist::receive<presence_diff_ptr>(joist::after(0ms))) {
    }
    const auto second = *online.update("room", "ann", "away");
    const auto diff = next_diff();
    EXPECT(text(diff->joins) == "ann=away" && text(diff->leaves) == "ann=here");
    EXPECT(diff->joins[0]->metas[0]->previous == first && diff->joins[0]->metas[0]->ref == second);
    EXPECT(online.update("room", "ann", [](const std::string& m) { return m + "!"; }).has_value());
    EXPECT(text(online, "room") == "ann=away! bob=here");
    EXPECT(online.get_by_key("room", "ann")->metas.front()->previous == second);
    EXPECT(online.update("room", "eve", "?").error() == presence_error::not_tracked);
    EXPECT(online.update("room", "eve", [](const std::string& m) { return m; }).error() == presence_error::not_tracked);
    EXPECT(online.track("room", "ann", "?").error() == presence_error::already_tracked);
  });
}

TEST_CASE("presence: a key has all who are there under it, in the order in which they came") {
  everywhere([] {
    const presence online{pubsub{}};
    joist::start_presence(online);
    (void)online.track("room", "ann", "1");
    (void)online.track("room", "bob", "2");
    const auto other = tracked(online, "room", "ann", "3");
    EXPECT(text(online, "room") == "ann=1,3 bob=2");
    EXPECT(online.untrack("room", "ann"));
    EXPECT(text(online, "room") == "ann=3 bob=2");
    EXPECT(online.untrack(other.process) == 1 && online.untrack(other.process) == 0);
    EXPECT(text(online, "room") == "bob=2");
  });
}

TEST_CASE("presence: a process that has ended is untracked, however it ended, from all topics") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    joist::start_presence(online);
    bus.subscribe("room");
    bus.subscribe("hall");
    for (const bool is_killed : {false, true}) {
      const auto ann = tracked(online, "room", "ann");
      EXPECT(online.track(ann.process, "hall", "ann", "0").has_value());
      await([&] { return !online.list("hall").empty(); });
      end(ann, is_killed ? exit_reason::kill : exit_reason::shutdown);
      await([&] { return online.topics().empty(); });
    }
    const auto gone = joist::spawn_monitor([] {});
    (void)reason_of(gone);
    EXPECT(online.track(gone.process, "room", "late", "0").has_value());
    await([&] { return online.topics().empty(); });
  });
}

TEST_CASE("presence: who subscribes and then lists knows by the diffs who is there, whatever happens meanwhile") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    joist::start_presence(online);
    std::vector<joist::monitored> busy;
    for (int n = 0; n < 4; ++n) {
      busy.push_back(joist::spawn_monitor([online, key = std::to_string(n % 3)] {
        for (int i = 0; i < 4; ++i) {
          (void)online.track("room", key, "0");
          (void)online.update("room", key, std::to_string(i));
          if (i % 2 == 0) online.untrack("room", key);
        }
      }));
    }
    bus.subscribe("room");
    std::map<joist::presence_ref, std::string> there;
    for (const auto& g : online.list("room"))
      for (const auto& m : g->metas) there[m->ref] = g->key;
    for (const auto& b : busy) (void)reason_of(b);
    (void)online.track("room", "last", "0");
    // As the client's Presence does: joins, then leaves, of which those that it does not know say nothing.
    bool has_last = false;
    while (!has_last || there.size() > 1) {
      const auto diff = next_diff();
      for (const auto& g : diff->joins) {
        for (const auto& m : g->metas) there[m->ref] = g->key;
        has_last = has_last || g->key == "last";
      }
      for (const auto& g : diff->leaves)
        for (const auto& m : g->metas) there.erase(m->ref);
    }
    EXPECT(there.begin()->second == "last");
    EXPECT(text(online, "room") == "last=0");
  });
}

TEST_CASE("presence: what fetch adds is in lists and diffs, and what it throws spoils lists alone") {
  everywhere([] {
    const pubsub bus;
    const auto throws = std::make_shared<std::atomic<bool>>(false);
    const presence online{bus, {.fetch = [throws](std::string_view topic, std::span<joist::presence_group> groups) {
                            if (*throws) throw std::runtime_error{"no database"};
                            for (auto& g : groups) g.extra = std::string{topic} + '/' + g.key;
                          }}};
    joist::start_presence(online);
    bus.subscribe("room");
    (void)online.track("room", "ann", "0");
    EXPECT(next_diff()->joins.front()->extra == "room/ann");
    EXPECT(online.list("room").front()->extra == "room/ann");
    EXPECT(online.get_by_key("room", "ann")->extra == "room/ann");
    *throws = true;
    (void)online.track("room", "bob", "0");
    EXPECT(text(next_diff()->joins) == "bob=0");
    bool has_thrown = false;
    try {
      (void)online.list("room");
    } catch (const std::runtime_error&) {
      has_thrown = true;
    }
    EXPECT(has_thrown);
  });
}

TEST_CASE("presence: a fetch that ends by an exit, as a call without an answer does, spoils no diff and ends nothing") {
  everywhere([] {
    const pubsub bus;
    const presence online{
        bus, {.fetch = [](std::string_view, std::span<joist::presence_group>) { joist::exit(exit_reason::timeout); }}};
    const auto top = joist::start_presence(online);
    const auto processes = [&top] {
      std::vector<joist::pid> all;
      for (const auto& c : top.which_children()) all.push_back(c.process);
      return all;
    };
    const auto before = processes();
    bus.subscribe("room");
    (void)online.track("room", "ann", "0");
    EXPECT(text(next_diff()->joins) == "ann=0");
    EXPECT(processes() == before);
  });
}

TEST_CASE("presence: diffs go where `tell` says") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus, {.tell = [bus](const presence_diff_ptr& d) { bus.local_broadcast("told", d->topic); }}};
    joist::start_presence(online);
    bus.subscribe("room");
    bus.subscribe("told");
    (void)online.track("room", "ann", "0");
    EXPECT(joist::receive<std::string>() == "room");
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("presence: a crash of its processes forgets nobody, and who ended meanwhile is untracked") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    const auto top = joist::start_presence(online);
    bus.subscribe("room");
    const auto ann = tracked(online, "room", "ann");
    const auto bob = tracked(online, "room", "bob");
    const std::string before = text(online, "room");
    for (const std::string id : {"server", "teller"}) {
      const joist::pid process = top.which_child(id)->process;
      joist::exit(process, exit_reason::kill);
      if (id == "server") end(ann);
      (void)await_end(process);
      (void)top.which_children();
    }
    (void)online.track("room", "eve", "0");
    await([&] { return online.get_by_key("room", "ann") == nullptr; });
    EXPECT(text(online, "room") == "bob=0 eve=0");
    end(bob);
    await([&] { return text(online, "room") == "eve=0"; });
  });
}

TEST_CASE("presence: before it has been started nobody is tracked; started twice, it says who runs") {
  everywhere([] {
    const pubsub bus;
    const presence online{bus};
    EXPECT(refuses(errc::not_running, [&] { (void)online.track("room", "ann", "0"); }));
    EXPECT(!online.untrack("room", "ann") && online.untrack(joist::self()) == 0);
    EXPECT(online.list("room").empty() && online.nodes().empty());
    const auto top = joist::start_presence(online);
    const auto again = joist::try_start_presence(online);
    EXPECT(!again && again.error().what == joist::start_error::kind::already_started);
    EXPECT(again.error().process == top.which_child("server")->process);
  });
}

TEST_CASE("presence: what makes no sense is refused") {
  everywhere([] {
    const pubsub bus;
    EXPECT(refuses(errc::bad_argument, [&] { const presence p{bus, {.period = 0ms}}; }));
    EXPECT(refuses(errc::bad_argument, [&] { const presence p{bus, {.down_after = 2s}}; }));
    EXPECT(refuses(errc::bad_argument, [&] { const presence p{bus, {.forget_after = 30s}}; }));
    const presence online{bus};
    joist::start_presence(online);
    const std::string longest(65'535, 'x');
    EXPECT(online.track(longest, longest, longest).has_value());
    EXPECT(refuses(errc::bad_argument, [&] { (void)online.track(longest + 'x', "k", "m"); }));
    EXPECT(refuses(errc::bad_argument, [&] { (void)online.track("t", longest + 'x', "m"); }));
    EXPECT(refuses(errc::bad_argument, [&] { (void)online.track("t", "k", longest + 'x'); }));
    EXPECT(refuses(errc::bad_argument, [&] { (void)online.track(joist::pid{}, "t", "k", "m"); }));
    EXPECT(refuses(errc::bad_argument, [&] { (void)online.update(longest, longest, longest + 'x'); }));
  });
}
