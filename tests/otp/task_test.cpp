#include <joist/otp/async_stream.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/otp/task.hpp>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::poll_timeout;
using joist::shutdown_policy;

namespace {

/// A task that answers when it is told to.
joist::task<int> waits_for_go(int value) {
  return joist::async([value] {
    joist::receive<go>();
    return value;
  });
}

joist::task<int> hangs() {
  return joist::async([]() -> int { wait_for_ever(); });
}

/// One that does not end when it is asked to.
joist::task<int> stubborn() {
  auto made = joist::async([]() -> int {
    joist::trap_exit(true);
    joist::send(joist::parent(), go{});
    wait_for_ever();
  });
  joist::receive<go>();
  return made;
}

joist::task<int> fails(const char* text) {
  return joist::async([text]() -> int { joist::exit(named_reason(text)); });
}

/// Nothing of a task is left with its owner.
void expect_nothing_left() {
  const auto me = joist::process_info(joist::self());
  EXPECT(me->monitors.empty());
  EXPECT(me->aliases == 0);
  EXPECT(mailbox_stays_empty());
}

template <class T>
void await_answer_of(const joist::task<T>& t) {
  const joist::ref watch = joist::monitor(t.process());
  joist::receive<joist::down>([watch](const joist::down& d) { return d.monitor == watch; });
}

/// A server that does not wait for its tasks.
class boss : public joist::gen_server<boss> {
 public:
  struct sum {
    using reply = int;
  };
  using info_types = joist::type_list<joist::task_answer<int>>;
  boss() {
    for (int i = 1; i <= 3; ++i) tasks_.push_back(joist::async([i] { return i; }));
  }
  void handle_info(joist::task_answer<int> got) {
    for (auto& t : tasks_) {
      if (t.reference() == got.request) sum_ += got.value;
    }
    if (++seen_ == tasks_.size() && client_) reply(*client_, sum_);
  }
  void handle_call(sum, const joist::from<int>& client) {
    if (seen_ == tasks_.size()) return reply(client, sum_);
    client_ = client;
  }

 private:
  std::vector<joist::task<int>> tasks_;
  std::size_t seen_ = 0;
  int sum_ = 0;
  std::optional<joist::from<int>> client_;
};

}  // namespace

TEST_CASE("task: await gives the result, and leaves neither monitor nor alias nor message", "[D10]") {
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      auto number = joist::async([] { return 7; });
      auto text = joist::async([word = std::make_unique<std::string>("moved")] { return *word; });
      auto nothing = joist::async([me = joist::self()] { joist::send(me, go{}); });
      EXPECT(text.await() == "moved");
      EXPECT(number.await() == 7);
      nothing.await();
      joist::receive<go>();
      EXPECT(!number && !number.reference());
      expect_nothing_left();
      EXPECT(joist::process_info(joist::self())->links.empty());
    }
  });
}

TEST_CASE("task: its process is linked to the owner from the start, and may have options of its own", "[D10]") {
  everywhere([] {
    joist::spawn_options o;
    o.label = "errand";
    auto t = joist::async(o, [] {
      joist::receive<go>();
      return joist::process_info(joist::self())->label;
    });
    EXPECT(joist::process_info(joist::self())->links == std::vector{t.process()});
    joist::send(t.process(), go{});
    EXPECT(t.await() == "errand");
    expect_nothing_left();
  });
}

TEST_CASE("task: without a result in time the caller exits with timeout; a late result and a late end vanish", "[D10]") {
  everywhere([] {
    EXPECT(reason_after([] { hangs().await(5ms); }) == exit_reason::timeout);

    auto late = waits_for_go(1);
    EXPECT(late.try_await(5ms).error() == exit_reason::timeout);
    EXPECT(!late);
    joist::send(late.process(), go{});
    await_answer_of(late);
    expect_nothing_left();

    joist::trap_exit(true);
    auto ends = hangs();
    EXPECT(ends.try_await(0s).error() == exit_reason::timeout);
    joist::exit(ends.process(), named_reason("later"));
    EXPECT(joist::receive<joist::exited>().reason == named_reason("later"));  // it is linked as before
    expect_nothing_left();
  });
}

TEST_CASE("task: a result that crosses the timeout is given or vanishes", "[D10]") {
  in_simulation([] {
    auto crossing = joist::async([] {
      joist::sleep_for(5ms);
      return 1;
    });
    const auto got = crossing.try_await(5ms);
    EXPECT(got ? *got == 1 : got.error() == exit_reason::timeout);
    await_answer_of(crossing);
    expect_nothing_left();
  });
}

TEST_CASE("task: who does not own it is refused, and so is a second wait", "[D11]") {
  using joist::errc;
  everywhere([] {
    const auto owned = std::make_unique<joist::task<int>>(waits_for_go(3));  // not on this stack: another looks
    joist::task<int>& t = *owned;
    const auto stranger = joist::spawn_monitor([&t] {  // the owner waits meanwhile
      EXPECT(refuses(errc::bad_wait, [&] { t.await(); }));
      EXPECT(refuses(errc::bad_wait, [&] { (void)t.poll(); }));
      EXPECT(refuses(errc::bad_wait, [&] { (void)t.shutdown(); }));
      EXPECT(refuses(errc::bad_wait, [&] { (void)t.ignore(); }));
      EXPECT(refuses(errc::bad_wait, [&] { joist::await_many(t); }));
      std::vector<joist::task<int>> several;
      several.push_back(std::move(t));
      EXPECT(refuses(errc::bad_wait, [&] { (void)joist::poll_many(several); }));
      EXPECT(refuses(errc::bad_wait, [&] { joist::await_many(several); }));
      t = std::move(several[0]);
    });
    EXPECT(reason_of(stranger) == exit_reason::normal);
    joist::send(t.process(), go{});
    EXPECT(t.await() == 3);
    EXPECT(refuses(errc::bad_argument, [&] { t.await(); }));
    joist::task<int> none;
    EXPECT(refuses(errc::bad_argument, [&] { (void)none.poll(); }));
    expect_nothing_left();
  });
}

TEST_CASE("task: what ends a linked task ends its owner: exit, exception, kill", "[D12]") {
  everywhere([] {
    EXPECT(reason_after([] { fails("unknown").await(); }) == named_reason("unknown"));
    const exit_reason thrown = reason_after([] { joist::async([]() -> int { throw std::runtime_error{"oops"}; }).await(); });
    EXPECT(thrown.error() != nullptr && thrown.error()->what == "oops");
    EXPECT(reason_after([] {
             auto t = hangs();
             joist::exit(t.process(), exit_reason::kill);
             t.await();
           }) == exit_reason::killed);
  });
}

TEST_CASE("task: an owner that traps exits has the reason of a failed task from await, once", "[D12]") {
  everywhere([] {
    EXPECT(reason_after([] {
             joist::trap_exit(true);
             fails("unknown").await();
           }) == named_reason("unknown"));
    joist::trap_exit(true);
    auto t = fails("unknown");
    EXPECT(t.try_await().error() == named_reason("unknown"));
    auto thrown = joist::async([]() -> int { throw std::runtime_error{"oops"}; });
    EXPECT(thrown.try_await().error().error()->what == "oops");
    expect_nothing_left();
  });
}

TEST_CASE("task: one that ends normally without a result does not end its waiting owner normally", "[D12]") {
  everywhere([] {
    const auto leaves = [] { return joist::async([]() -> int { joist::exit(exit_reason::normal); }); };
    EXPECT(!reason_after([leaves] { leaves().await(); }).is_orderly());
    EXPECT(leaves().try_await().error() == exit_reason::normal);
    expect_nothing_left();
  });
}

TEST_CASE("task: the owner's end ends its tasks, but for a normal one", "[D12]") {
  everywhere([] {
    for (const bool normal : {false, true}) {
      const joist::pid me = joist::self();
      joist::spawn([me, normal] {
        auto t = waits_for_go(1);
        joist::send(me, t.process());
        joist::receive<go>(joist::after(normal ? 0ms : 1ms));
        joist::exit(normal ? exit_reason::normal : named_reason("gone"));
      });
      const auto task = joist::receive<joist::pid>();
      const joist::ref watch = joist::monitor(task);
      if (normal) joist::send_after(5ms, task, go{});
      const exit_reason why = joist::receive<joist::down>([watch](const auto& d) { return d.monitor == watch; }).reason;
      EXPECT(why == exit_reason::noproc || why == (normal ? exit_reason::normal : named_reason("gone")));
    }
  });
}

TEST_CASE("task: ignore discards results, also those that are there, and unlinks", "[D13]") {
  everywhere([] {
    joist::trap_exit(true);
    auto late = waits_for_go(1);
    EXPECT(!late.ignore());
    EXPECT(!late && joist::process_info(joist::self())->links.empty());
    joist::send(late.process(), go{});
    await_answer_of(late);

    auto fine = joist::async([] { return 5; });
    await_answer_of(fine);
    const auto there = fine.ignore();
    EXPECT(there && there->value() == 5);

    auto failed = fails("early");
    await_answer_of(failed);
    const auto why = failed.ignore();
    EXPECT(why && why->error() == named_reason("early"));

    auto fails_later = hangs();
    EXPECT(!fails_later.ignore());
    joist::exit(fails_later.process(), named_reason("later"));
    await_answer_of(fails_later);
    expect_nothing_left();
  });
}

TEST_CASE("task: a handle that is destroyed leaves no result behind; the task goes on, linked", "[D13]") {
  everywhere([] {
    joist::pid process;
    {
      auto dropped = waits_for_go(1);
      process = dropped.process();
    }
    EXPECT(joist::process_info(joist::self())->links == std::vector{process});
    joist::send(process, go{});
    (void)await_end(process);
    {
      auto there = joist::async([] { return 1; });
      await_answer_of(there);
    }
    {
      auto replaced = joist::async([] { return 1; });
      replaced = joist::async([] { return 2; });
      EXPECT(replaced.await() == 2);
    }
    try {
      auto unwound = joist::async([] { return 1; });
      await_answer_of(unwound);
      throw go{};
    } catch (const go&) {
    }
    expect_nothing_left();
  });
}

TEST_CASE("task: its owner may be killed at any moment, and no task stays", "[D13][D14]") {
  in_simulation(
      [] {
        const joist::pid me = joist::self();
        for (int steps = 0; steps < 15; ++steps) {
          const auto owner = joist::spawn_monitor([me] {
            auto a = hangs();
            joist::send(me, a.process());
            auto b = hangs();
            joist::send(me, b.process());
            (void)b.shutdown(1ms);
            (void)a.ignore();
            wait_for_ever();
          });
          for (int i = 0; i < steps; ++i) joist::yield();
          joist::exit(owner.process, exit_reason::kill);
          (void)reason_of(owner);
          const auto first = joist::receive<joist::pid>(joist::after(0s));
          if (first) joist::exit(*first, exit_reason::kill);  // ignored, it may stay
          joist::sleep_for(1s);
          EXPECT(joist::processes() == std::vector{me});
          while (joist::receive<joist::pid>(joist::after(0s))) {
          }
        }
      },
      usual_seeds / 5);
}

TEST_CASE("task: shutdown gives what was answered, why it ended, or nothing where it was ended by that", "[D14]") {
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      for (const shutdown_policy& how : {shutdown_policy{5s}, shutdown_policy::brutal_kill()}) {
        auto done = joist::async([] { return 5; });
        await_answer_of(done);
        const auto value = done.shutdown(how);
        EXPECT(value && value->value() == 5);
        auto runs = hangs();
        EXPECT(!runs.shutdown(how));
        EXPECT(!runs && !joist::is_alive(runs.process()));
        if (!traps) continue;
        auto failed = fails("early");
        await_answer_of(failed);
        const auto why = failed.shutdown(how);
        EXPECT(why && why->error() == named_reason("early"));
      }
      auto late = stubborn();
      const auto killed = late.shutdown(1ms);
      EXPECT(killed && killed->error() == exit_reason::killed);
      auto at_once = stubborn();
      EXPECT(!at_once.shutdown(shutdown_policy::brutal_kill()));
      expect_nothing_left();
      EXPECT(joist::process_info(joist::self())->links.empty());
    }
  });
}

TEST_CASE("task: shutdown tells reasons of its own from those of others", "[D14]") {
  everywhere([] {
    joist::trap_exit(true);
    auto ended_by_others = [](const exit_reason& reason) {
      auto t = hangs();
      joist::exit(t.process(), reason);
      await_answer_of(t);
      return t;
    };
    EXPECT(!ended_by_others(exit_reason::shutdown).shutdown());
    EXPECT(ended_by_others(exit_reason::kill).shutdown()->error() == exit_reason::killed);
    EXPECT(!ended_by_others(exit_reason::kill).shutdown(shutdown_policy::brutal_kill()));
    EXPECT(ended_by_others(exit_reason::shutdown).shutdown(shutdown_policy::brutal_kill())->error() ==
           exit_reason::shutdown);
    EXPECT(ended_by_others(exit_reason::shutdown_with(1)).shutdown()->error() == exit_reason::shutdown_with(1));
    expect_nothing_left();
  });
}

TEST_CASE("task: shutdown gives an answer that it was just about to give", "[D14]") {
  everywhere([] {
    auto t = joist::async([] {
      joist::trap_exit(true);
      joist::send(joist::parent(), go{});
      joist::receive<joist::exited>();
      return std::string{"last words"};
    });
    joist::receive<go>();
    const auto got = t.shutdown();
    EXPECT(got && got->value() == "last words");
    expect_nothing_left();
  });
}

TEST_CASE("task: poll gives a result when there is one, and may be asked again", "[D16]") {
  everywhere([] {
    auto t = waits_for_go(4);
    EXPECT(!t.poll());
    EXPECT(!t.poll(1ms));
    EXPECT(t);
    joist::send(t.process(), go{});
    const auto got = t.poll(5s);
    EXPECT(got && got->value() == 4 && !t);
    joist::trap_exit(true);
    const auto failed = fails("oops").poll(joist::infinity);
    EXPECT(failed && failed->error() == named_reason("oops"));
    expect_nothing_left();
  });
}

TEST_CASE("task: await_many gives results in the order of the tasks, however they come", "[D15]") {
  everywhere([] {
    std::vector<joist::task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(waits_for_go(i));
    for (int i = 9; i >= 0; --i) joist::send(tasks[static_cast<std::size_t>(i)].process(), go{});
    EXPECT(joist::await_many(tasks) == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});

    auto number = joist::async([] { return 7; });
    auto nothing = joist::async([] {});
    const auto [seven, none, text] = joist::await_many(number, nothing, joist::async([] { return std::string{"x"}; }));
    EXPECT(seven == 7 && text == "x");
    (void)none;

    std::vector<joist::task<void>> silent;
    for (int i = 0; i < 3; ++i) silent.push_back(joist::async([me = joist::self()] { joist::send(me, go{}); }));
    joist::await_many(silent);
    for (int i = 0; i < 3; ++i) joist::receive<go>();
    EXPECT(joist::await_many(std::vector<joist::task<int>>{}).empty());
    expect_nothing_left();
  });
}

TEST_CASE("task: the first failure ends await_many, though others have not answered, and so does the common limit",
          "[D15]") {
  everywhere([] {
    const exit_reason one = reason_after([] {
      joist::trap_exit(true);
      std::vector<joist::task<int>> tasks;
      tasks.push_back(hangs());
      tasks.push_back(fails("second"));
      joist::await_many(tasks, joist::infinity);
    });
    EXPECT(one == named_reason("second"));
    const exit_reason other = reason_after([] {
      joist::trap_exit(true);
      joist::await_many(joist::infinity, hangs(), fails("second"));
    });
    EXPECT(other == named_reason("second"));
  });
  in_simulation([] {
    const auto begin = joist::clock::now();
    EXPECT(reason_after([] {
             std::vector<joist::task<int>> tasks;
             for (int i = 0; i < 5; ++i) tasks.push_back(hangs());
             joist::await_many(tasks, 100ms);
           }) == exit_reason::timeout);
    EXPECT(reason_after([] { joist::await_many(100ms, hangs(), hangs(), hangs()); }) == exit_reason::timeout);
    EXPECT(joist::clock::now() - begin < 250ms);
  });
}

TEST_CASE("task: poll_many says of each what it has come to", "[D16]") {
  everywhere([] {
    joist::trap_exit(true);
    std::vector<joist::task<int>> tasks;
    tasks.push_back(joist::async([] { return 1; }));
    tasks.push_back(waits_for_go(2));
    tasks.push_back(fails("third"));
    await_answer_of(tasks[0]);
    await_answer_of(tasks[2]);
    auto got = joist::poll_many(tasks, {.timeout = 0s});
    EXPECT(got.size() == 3);
    EXPECT(got[0] && got[0]->value() == 1);
    EXPECT(!got[1]);
    EXPECT(got[2] && got[2]->error() == named_reason("third"));
    joist::send(tasks[1].process(), go{});
    got = joist::poll_many(tasks, {.timeout = joist::infinity});  // the others were given before
    EXPECT(!got[0] && got[1]->value() == 2 && !got[2]);
    got = joist::poll_many(tasks);
    EXPECT(!got[0] && !got[1] && !got[2]);
    expect_nothing_left();
  });
}

TEST_CASE("task: poll_many stops at its limit of results, and then ends nobody", "[D16]") {
  everywhere([] {
    std::vector<joist::task<int>> tasks;
    tasks.push_back(hangs());
    tasks.push_back(joist::async([] { return 2; }));
    auto got = joist::poll_many(tasks, {.timeout = joist::infinity, .on_timeout = poll_timeout::kill, .limit = 1});
    EXPECT(!got[0] && got[1]->value() == 2);
    EXPECT(joist::is_alive(tasks[0].process()) && tasks[0]);
    got = joist::poll_many(tasks, {.timeout = 0s, .on_timeout = poll_timeout::kill, .limit = 1});
    EXPECT(!got[0] && !tasks[0]);
    EXPECT(!joist::is_alive(tasks[0].process()));
    expect_nothing_left();
  });
}

TEST_CASE("task: poll_many kills or ignores those that are late, and leaves the others", "[D16]") {
  everywhere([] {
    joist::trap_exit(true);
    for (const poll_timeout how : {poll_timeout::nothing, poll_timeout::ignore, poll_timeout::kill}) {
      std::vector<joist::task<int>> tasks;
      for (int i = 0; i < 3; ++i) tasks.push_back(waits_for_go(i));
      joist::send(tasks[2].process(), go{});
      await_answer_of(tasks[2]);
      const auto got = joist::poll_many(tasks, {.timeout = 1ms, .on_timeout = how});
      EXPECT(!got[0] && !got[1] && got[2]->value() == 2);
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT(static_cast<bool>(tasks[i]) == (how == poll_timeout::nothing));
        EXPECT(joist::is_alive(tasks[i].process()) == (how != poll_timeout::kill));
        joist::send(tasks[i].process(), go{});
        (void)await_end(tasks[i].process());
        if (how == poll_timeout::nothing) EXPECT(tasks[i].await() == static_cast<int>(i));
      }
      expect_nothing_left();
    }
  });
}

TEST_CASE("task: many at once, each with its own result", "[D15]") {
  on_workers(
      [] {
        std::vector<joist::task<int>> tasks;
        constexpr int count = checked_build ? 500 : 10'000;
        for (int i = 0; i < count; ++i) tasks.push_back(joist::async([i] { return i; }));
        const std::vector<int> got = joist::await_many(tasks, 60s);
        for (int i = 0; i < count; ++i) EXPECT(got[static_cast<std::size_t>(i)] == i);
        expect_nothing_left();
      },
      3);
}

TEST_CASE("task: knows who asked for it, and who asked for that; its ancestors are the same", "[D19]") {
  struct line {
    joist::pid self;
    std::vector<joist::pid> callers;
    std::vector<joist::pid> ancestors;
  };
  everywhere([] {
    EXPECT(joist::callers().empty());
    auto here = [] { return line{joist::self(), joist::callers(), joist::ancestors()}; };
    auto outer = joist::async([here] {
      auto inner = joist::async(here);
      return std::pair{here(), inner.await()};
    });
    const auto [first, second] = outer.await();
    EXPECT(first.callers == std::vector{joist::self()});
    EXPECT(first.ancestors == first.callers);
    EXPECT((second.callers == std::vector{first.self, joist::self()}));
    EXPECT(second.ancestors == second.callers);
    auto tell = [me = joist::self(), here] { joist::send(me, here()); };
    const std::vector<joist::pid> me{joist::self()};
    joist::start_task(tell);
    line told = joist::receive<line>();
    EXPECT(told.callers == me && told.ancestors == me);
    joist::start_task_link(tell);
    told = joist::receive<line>();
    EXPECT(told.callers == me && told.ancestors == me);
  });
}

TEST_CASE("task: knows at most 64 of its callers", "[D19]") {
  struct deep {
    std::size_t operator()(int below) const {
      if (below == 0) return joist::callers().size();
      return joist::async([this_one = *this, below] { return this_one(below - 1); }).await();
    }
  };
  everywhere([] {
    EXPECT(deep{}(3) == 3);
    EXPECT(deep{}(70) == 64);
  });
}

TEST_CASE("task: started for their side effects, they answer nobody, and are linked if asked to be", "[D12]") {
  everywhere([] {
    joist::trap_exit(true);
    const joist::pid free = joist::start_task([]() -> int { joist::exit(named_reason("free")); });
    (void)await_end(free);
    const joist::pid linked = joist::start_task_link([]() -> int { joist::exit(named_reason("linked")); });
    const auto end = joist::receive<joist::exited>();
    EXPECT(end.process == linked && end.reason == named_reason("linked"));
    expect_nothing_left();
  });
}

TEST_CASE("task: as a child it is temporary: it runs once, whatever it ends by", "[D19]") {
  everywhere([] {
    const joist::pid me = joist::self();
    const auto top = joist::start_supervisor({}, {joist::child_task("once", [me] {
                                               joist::send(me, joist::callers());
                                               joist::exit(named_reason("failed"));
                                             })});
    EXPECT(joist::receive<std::vector<joist::pid>>() == std::vector{top.process()});
    while (top.count_children().specs > 0) joist::yield();
    top.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("task: a server need not wait for its tasks: results come to handle_info", "[D10]") {
  everywhere([] {
    const auto server = joist::start_link<boss>();
    EXPECT(server.call(boss::sum{}) == 6);
    server.stop();
  });
}

TEST_CASE("task: handles are moved, and do not travel to other processes", "[D11]") {
  STATIC_REQUIRE(!std::is_copy_constructible_v<joist::task<int>>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<joist::task<int>>);
  STATIC_REQUIRE(!joist::sendable<joist::task<int>>);
  STATIC_REQUIRE(joist::sendable<joist::task_answer<std::string>>);
}

TEST_CASE("task: the report of who ends by an await names the task and the limit, and tells its own end from the task's") {
  std::vector<joist::pid> tasks;
  const std::string text = logged_while([&tasks] {
    const auto me = joist::self();
    // What ends a process that does this with a task; its end does not end its owner first.
    const auto with = [&tasks, me](auto make, auto wait) {
      const exit_reason why = reason_after([=] {
        joist::trap_exit(true);
        auto t = make();
        joist::send(me, t.process());
        wait(t);
      });
      tasks.push_back(joist::receive<joist::pid>());
      return why;
    };
    const auto throws = [] { return joist::async([]() -> int { throw std::runtime_error{"why"}; }); };
    EXPECT(with(hangs, [](auto& t) { t.await(20ms); }) == exit_reason::timeout);
    EXPECT(with(throws, [](auto& t) { t.await(); }).error()->what == "why");
    EXPECT(with(hangs, [](auto& t) { joist::await_many(30ms, t); }) == exit_reason::timeout);
    EXPECT(with(throws, [](auto& t) { joist::await_many(t); }).error()->what == "why");
    const auto together = [](joist::task<int>& t) {
      std::vector<joist::task<int>> all;
      all.push_back(std::move(t));
      joist::await_many(all, 2s);
    };
    EXPECT(with([] { return fails("done"); }, together) == named_reason("done"));
    EXPECT(reason_after([] {
             std::vector<joist::task<int>> all;
             all.push_back(hangs());
             joist::await_many(all, 40ms);
           }) == exit_reason::timeout);
    EXPECT(reason_after([] {
             const std::vector<int> inputs{1};
             for (auto& r : joist::async_stream(inputs, [](int) -> int { wait_for_ever(); }, {.timeout = 50ms})) (void)r;
           }) == exit_reason::timeout);
  });
  INFO(text);
  const auto says = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
  const auto ended = [&](std::size_t i, const char* limit, const char* what) {
    return says(
        fmt::format("  exited in: an await of task {}, limit {}; the reason{} {}\n", tasks[i], limit, what, tasks[i]));
  };
  CHECK(says(fmt::format("reason: timeout\n  in: an await of task {}, limit 20 ms\n", tasks[0])));
  CHECK(ended(1, "5 s", ", and where it was thrown, are those of"));
  CHECK(says(fmt::format("reason: timeout\n  in: an await of task {}, limit 30 ms\n", tasks[2])));
  CHECK(ended(3, "5 s", ", and where it was thrown, are those of"));
  CHECK(ended(4, "2 s", " is that of"));
  CHECK(says("reason: timeout\n  in: an await of several tasks, limit 40 ms\n"));
  CHECK(says("reason: timeout\n  in: a stream of tasks, in that of <"));
}
