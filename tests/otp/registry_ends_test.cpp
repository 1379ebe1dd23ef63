// What becomes of entries when owners end, and of owners when partitions do.
#include <joist/otp/registry.hpp>
#include <joist/otp/sys.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/registries.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::duplicate_registry;
using joist::exit_reason;
using joist::unique_registry;

TEST_CASE("registry: who has ended is in nobody's way, also before its partition has heard of it", "[P01]") {
  everywhere([] {
    const unique_registry<int> r{parts(2)};
    const auto partitions = partitions_of(joist::start_registry(r));
    const auto owner = ready([r] {
      for (int key = 0; key < 200; ++key) EXPECT(r.register_(key).has_value());
    });
    for (const joist::pid p : partitions) joist::suspend(p);
    end(owner);
    EXPECT(r.whereis(7) == owner.process);  // not heard of yet
    EXPECT(r.register_(7).has_value() && r.whereis(7) == joist::self());
    EXPECT(r.count() == 1 && r.keys(owner.process).empty());
    for (const joist::pid p : partitions) joist::resume(p);
    for (int i = 0; i < 20; ++i) joist::yield();
    EXPECT(r.register_(8).has_value());
    EXPECT(r.whereis(7) == joist::self() && r.count() == 2);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: all keys of a process that ends vanish, whichever way it ends", "[P02]") {
  everywhere([] {
    const duplicate_registry<std::string, int> r{parts(4)};
    joist::start_registry(r);
    r.register_("shared", 0);
    for (const exit_reason& why : {exit_reason::kill, exit_reason::shutdown, named_reason("crash")}) {
      std::vector<joist::monitored> all;
      for (int n = 0; n < 5; ++n) {
        all.push_back(ready([r, n] {
          for (int i = 0; i < 70; ++i) r.register_(fmt::format("key {}", i % 40), n);
          r.register_("shared", n);
        }));
      }
      EXPECT(r.count() == 5 * 71 + 1);
      for (const auto& m : all) joist::exit(m.process, why);
      for (const auto& m : all) (void)reason_of(m);
      await_count(r, 1);
      for (const auto& m : all) EXPECT(r.keys(m.process).empty());
      EXPECT(processes_of(r.lookup("shared")) == std::vector{joist::self()});
      EXPECT(r.select([](const std::string&, joist::pid, int) { return true; }).size() == 1);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a destructor takes its entry out, also of a process that is being ended", "[P02]") {
  struct membership {
    duplicate_registry<int> topics;
    joist::pid to;
    membership(const duplicate_registry<int>& t, joist::pid p) : topics{t}, to{p} { topics.register_(1); }
    ~membership() { joist::send(to, topics.unregister(1)); }
  };
  everywhere([] {
    const duplicate_registry<int> r{parts(2)};
    joist::start_registry(r);
    const joist::pid me = joist::self();
    const std::uint64_t abandoned = joist::system_info().abandoned_stacks;
    for (const bool by_itself : {true, false}) {
      const auto member = joist::spawn_monitor([r, me] {
        const membership m{r, me};
        joist::send(me, go{});
        joist::receive<go>();
      });
      joist::receive<go>();
      by_itself ? (void)joist::send(member.process, go{}) : joist::exit(member.process, exit_reason::kill);
      EXPECT(reason_of(member) == (by_itself ? exit_reason::normal : exit_reason::killed));
      const auto taken_out = joist::receive<std::size_t>();
      EXPECT(taken_out == 1 || (!by_itself && taken_out == 0));  // the partition may be faster
      await_count(r, 0);
    }
    EXPECT(joist::system_info().abandoned_stacks == abandoned);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: an owner is linked to a partition from its first key to its last", "[P03]") {
  everywhere([] {
    const unique_registry<int> r{parts(3)};
    const auto partitions = partitions_of(joist::start_registry(r));
    EXPECT(!is_linked_to_one_of(partitions));
    EXPECT(r.register_(1).has_value() && r.register_(2).has_value());
    EXPECT(is_linked_to_one_of(partitions));
    r.unregister(1);
    EXPECT(is_linked_to_one_of(partitions));
    r.unregister(2);
    EXPECT(!is_linked_to_one_of(partitions));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a partition that crashes takes its owners along; one that traps exits may register again", "[P03]") {
  everywhere([] {
    const unique_registry<int> r{parts(1)};
    const joist::supervisor_ref top = joist::start_registry(r);
    const joist::pid first = partitions_of(top).front();
    const auto follows = ready([r] { EXPECT(r.register_(1).has_value()); });
    joist::trap_exit(true);
    EXPECT(r.register_(2).has_value());
    joist::exit(first, exit_reason::kill);
    EXPECT(reason_of(follows) == exit_reason::killed);
    EXPECT(joist::receive<joist::exited>().process == first);
    while (partitions_of(top).front() == first) joist::yield();
    EXPECT(r.count() == 0 && r.keys(joist::self()).empty());
    EXPECT(r.register_(2).has_value() && r.register_(1).has_value());
    EXPECT(is_linked_to_one_of(partitions_of(top)));
    EXPECT(r.unregister(2) == 1);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("registry: a crash of a partition while an owner registers leaves no entry of an owner that nobody looks after",
          "[P03][P02]") {
  in_simulation([] {
    const unique_registry<int> r{parts(1)};
    const joist::supervisor_ref top = joist::start_registry(r);
    const auto owner = joist::spawn_monitor([r] {
      joist::trap_exit(true);
      for (int key = 0; key < 5; ++key) {
        try {
          (void)r.register_(key);
        } catch (const joist::error& e) {
          EXPECT(e.code() == joist::errc::not_running);
        }
      }
    });
    const joist::pid first = partitions_of(top).front();
    joist::exit(first, exit_reason::kill);
    EXPECT(reason_of(owner) == exit_reason::normal);
    while (partitions_of(top).front() == first) joist::yield();
    EXPECT(r.register_(9).has_value());
    await_count(r, 1);
    EXPECT(r.keys(owner.process).empty());
  });
}

namespace {

/// Registers while its process is being ended, each time when the entries before have been forgotten, most likely.
template <class Registry>
struct late_comer {
  Registry registry;
  joist::pid to;
  ~late_comer() {
    std::size_t refused = 0;
    for (int key = 10; key < 13; ++key) {
      for (int i = 0; i < 1000 && registry.count() > 0; ++i) joist::yield();
      if (refuses(joist::errc::no_process, [&] { (void)registry.register_(key); })) ++refused;
    }
    joist::send(to, refused);
  }
};

template <class Registry>
void kill_a_late_comer(bool was_there) {
  const Registry r{parts(2)};
  joist::start_registry(r);
  const joist::pid me = joist::self();
  const auto owner = joist::spawn_monitor([r, me, was_there] {
    if (was_there) (void)r.register_(1);
    const late_comer<Registry> comes{r, me};
    joist::send(me, go{});
    wait_for_ever();
  });
  joist::receive<go>();
  end(owner);
  EXPECT(joist::receive<std::size_t>() == 3);
  await_count(r, 0);
  EXPECT(r.keys(owner.process).empty());
  EXPECT(mailbox_stays_empty());
}

/// Loops without a call of the runtime until it is released, and registers when its end makes it leave.
template <class Registry>
struct loops {
  Registry registry;
  std::shared_ptr<std::atomic<bool>> released;
  void operator()() const {
    (void)registry.register_(1);
    const late_comer<Registry> comes{registry, joist::parent()};
    joist::send(joist::parent(), go{});
    while (!released->load(std::memory_order_relaxed)) {
    }
    (void)registry.register_(2);
  }
};

}  // namespace

TEST_CASE("registry: a process that is being ended is refused, and so leaves nothing behind", "[P14]") {
  everywhere([] {
    for (const bool was_there : {false, true}) {
      kill_a_late_comer<unique_registry<int>>(was_there);
      kill_a_late_comer<duplicate_registry<int>>(was_there);
    }
  });
}

TEST_CASE("registry: one that loops on when it is dead leaves nothing behind when it comes back", "[P14]") {
  joist::runtime_options o = quiet(2);
  o.kill_after = 10ms;
  joist::runtime rt{o};
  rt.ask(
      [] {
        const duplicate_registry<int> r{parts(2)};
        joist::start_registry(r);
        const auto released = std::make_shared<std::atomic<bool>>(false);
        const auto stuck = joist::spawn_monitor(loops<duplicate_registry<int>>{r, released});
        joist::receive<go>();
        end(stuck);
        EXPECT(joist::has_ended(stuck.process));
        await_count(r, 0);
        *released = true;
        EXPECT(joist::receive<std::size_t>() == 3);
        EXPECT(r.count() == 0);
        EXPECT(mailbox_stays_empty());
      },
      60s);
  CHECK(rt.stop(10s).clean());
}

TEST_CASE("registry: an exit signal that an owner sends to its partition by hand takes nothing away", "[P02]") {
  everywhere([] {
    const unique_registry<int> r{parts(1)};
    const joist::pid partition = partitions_of(joist::start_registry(r)).front();
    EXPECT(r.register_(1).has_value());
    joist::exit(partition, exit_reason::shutdown);
    (void)joist::sys::get_status(partition);  // answered after that
    EXPECT(r.whereis(1) == joist::self());
  });
}

TEST_CASE("registry: of two that start it at once one does, and the other learns of it", "[P01]") {
  everywhere([] {
    const unique_registry<int> r{parts(2)};
    std::vector<joist::monitored> starters;
    for (int i = 0; i < 2; ++i) {
      starters.push_back(joist::spawn_monitor([r, to = joist::self()] {
        joist::trap_exit(true);
        const auto started = joist::try_start_registry(r);
        joist::send(to, started.has_value());
        if (started) wait_for_ever();
        EXPECT(started.error().what == joist::start_error::kind::already_started);
      }));
    }
    const bool one = joist::receive<bool>();
    const bool other = joist::receive<bool>();
    EXPECT(one != other);
    std::vector<joist::monitored> owners;
    for (int key = 0; key < 8; ++key) owners.push_back(ready([r, key] { EXPECT(r.register_(key).has_value()); }));
    EXPECT(r.count() == 8);
    for (const auto& m : owners) end(m);
    await_count(r, 0);
    for (const auto& m : starters) end(m, exit_reason::kill);
  });
}

TEST_CASE("registry: of two that take over a shard in the same moment one has it", "[P01]") {
  everywhere([] {
    const auto table = std::make_shared<joist::detail::registry_table<int, int>>();
    std::vector<joist::monitored> both;
    for (int i = 0; i < 2; ++i) {
      both.push_back(joist::spawn_monitor([table, to = joist::self()] {
        bool taken = true;
        try {
          (void)joist::detail::take_over(*table, 0, joist::self(), joist::detail::owners_fate::end);
        } catch (const joist::start_error& e) {
          taken = false;
          EXPECT(e.what == joist::start_error::kind::already_started && e.process == table->keeper(0));
        }
        joist::send(to, taken);
        joist::receive<go>();
      }));
    }
    EXPECT(joist::receive<bool>() != joist::receive<bool>());
    for (const auto& m : both) joist::send(m.process, go{});
    for (const auto& m : both) EXPECT(reason_of(m) == exit_reason::normal);
  });
}

TEST_CASE("registry: when its supervisor is killed, the next one waits for the partitions, and starts at the first attempt",
          "[P03]") {
  everywhere([] {
    const unique_registry<int> r{parts(3)};
    joist::supervisor_options once;
    once.intensity = 1;
    const auto top = joist::start_supervisor(once, {joist::child_registry("registry", r)});
    const joist::pid before = top.which_child("registry")->process;
    joist::exit(before, exit_reason::kill);
    (void)await_end(before);
    (void)top.count_children();  // answered when it has started the next
    EXPECT(top.which_child("registry")->process != before);
    EXPECT(r.register_(1).has_value() && r.whereis(1) == joist::self());
    r.unregister(1);
    top.stop();
  });
}

TEST_CASE("registry: what is registered with a keeper that has taken over stays, also of an owner of the one before",
          "[P03]") {
  everywhere([] {
    const unique_registry<int> r{parts(1, {"nobody"})};  // whose name is looked up before owners are forgotten
    const joist::supervisor_ref top = joist::start_registry(r);
    const joist::pid first = partitions_of(top).front();
    const auto owner = joist::spawn_monitor([r, to = joist::self()] {
      joist::trap_exit(true);
      EXPECT(r.register_(1).has_value());
      joist::send(to, go{});
      joist::receive<go>();
      EXPECT(r.register_(2).has_value());
      joist::send(to, go{});
      wait_for_ever();
    });
    joist::receive<go>();
    // It registers as soon as its shard has a keeper: another owner of the shard sees that, which starts anew.
    const auto same_shard = [owner](joist::pid p) {
      return joist::detail::shard_of(p) == joist::detail::shard_of(owner.process);
    };
    joist::monitored neighbour{};
    do {
      if (neighbour.process) end(neighbour);
      neighbour = joist::spawn_monitor([r, to = owner.process] {
        joist::receive<go>();
        while (refuses(joist::errc::not_running, [&] { EXPECT(r.register_(3).has_value()); })) joist::yield();
        joist::send(to, go{});
        wait_for_ever();
      });
    } while (!same_shard(neighbour.process));
    joist::exit(first, exit_reason::kill);
    (void)await_end(first);
    joist::send(neighbour.process, go{});
    joist::receive<go>();
    while (partitions_of(top).front() == first) joist::yield();
    EXPECT(r.whereis(2) == owner.process && r.whereis(3) == neighbour.process);
    end(owner);
    end(neighbour);
    await_count(r, 0);
  });
}
