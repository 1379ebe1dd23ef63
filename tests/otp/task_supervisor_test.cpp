#include <joist/otp/task_supervisor.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::shutdown_policy;
using error_kind = joist::supervisor_error::kind;

namespace {

int answer_at_go() {
  joist::receive<go>();
  return 1;
}
int hang() { wait_for_ever(); }
int fail() { joist::exit(named_reason("oops")); }

joist::task_supervisor_ref at_most(std::size_t tasks) {
  joist::dynamic_supervisor_options o;
  o.max_children = tasks;
  return joist::start_task_supervisor(o);
}

bool linked_to(joist::pid process) {
  const auto links = joist::process_info(joist::self())->links;
  return std::find(links.begin(), links.end(), process) != links.end();
}

/// Of the tasks of a supervisor to which the caller is linked.
void expect_nothing_left(const joist::task_supervisor_ref& tasks) {
  const auto me = joist::process_info(joist::self());
  EXPECT(me->links == std::vector{tasks.process()});
  EXPECT(me->monitors.empty() && me->aliases == 0);
  EXPECT(mailbox_stays_empty());
}

}  // namespace

TEST_CASE("task_supervisor: async runs a task under the supervisor, linked to the caller", "[D18]") {
  everywhere([] {
    for (const bool traps : {false, true}) {
      joist::trap_exit(traps);
      const auto tasks = joist::start_task_supervisor();
      EXPECT(tasks.children().empty());
      auto t = tasks.async(answer_at_go);
      EXPECT(tasks.children() == std::vector{t.process()});
      EXPECT(linked_to(t.process()));
      joist::send(t.process(), go{});
      EXPECT(t.await() == 1);
      EXPECT(tasks.children().empty());
      expect_nothing_left(tasks);
      EXPECT(reason_after([tasks] { tasks.async(fail).await(); }) == named_reason("oops"));
      joist::unlink(tasks);
      tasks.stop();
    }
  });
}

TEST_CASE("task_supervisor: async_nolink is not linked: a crash is a result, and with await an exit", "[D18]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    auto fine = tasks.async_nolink([word = std::make_unique<std::string>("moved")] { return *word; });
    EXPECT(!linked_to(fine.process()));
    EXPECT(fine.await() == "moved");
    EXPECT(tasks.async_nolink(fail).try_await().error() == named_reason("oops"));
    auto thrown = tasks.async_nolink([]() -> int { throw std::runtime_error{"oops"}; });
    EXPECT(thrown.try_await().error().error()->what == "oops");
    auto killed = tasks.async_nolink(hang);
    joist::exit(killed.process(), exit_reason::kill);
    EXPECT(killed.try_await().error() == exit_reason::killed);
    EXPECT(reason_after([tasks] { tasks.async_nolink(fail).await(); }) == named_reason("oops"));
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: late results and ends of supervised tasks vanish too", "[D18][D10][D13]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    for (const bool linked : {false, true}) {
      auto start = [&](auto f) { return linked ? tasks.async(f) : tasks.async_nolink(f); };
      auto late = start(answer_at_go);
      EXPECT(late.try_await(1ms).error() == exit_reason::timeout);
      joist::send(late.process(), go{});
      (void)await_end(late.process());
      auto ignored = start(hang);
      EXPECT(!ignored.ignore());
      joist::exit(ignored.process(), named_reason("later"));
      (void)await_end(ignored.process());
      auto stopped = start(hang);
      EXPECT(!stopped.shutdown());
      EXPECT(!joist::is_alive(stopped.process()));
      {
        auto dropped = start([] { return 3; });
      }
    }
    while (!tasks.children().empty()) joist::yield();
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: a task whose owner ends goes on if it is not linked, and ends if it is", "[D18]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    const joist::pid me = joist::self();
    for (const bool linked : {false, true}) {
      const auto owner = joist::spawn_monitor([=] {
        auto waits = [me] {
          joist::receive<go>();
          joist::send(me, go{});
        };
        auto t = linked ? tasks.async(waits) : tasks.async_nolink(waits);
        joist::send(me, t.process());
        joist::exit(named_reason("gone"));
      });
      const auto task = joist::receive<joist::pid>();
      EXPECT(reason_of(owner) == named_reason("gone"));
      if (linked) {
        const exit_reason why = await_end(task);
        EXPECT(why == named_reason("gone") || why == exit_reason::noproc);
      } else {
        joist::send(task, go{});
        joist::receive<go>();
      }
    }
    while (!tasks.children().empty()) joist::yield();
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: an owner that is killed while it starts a task leaves none that waits for it", "[D18]") {
  in_simulation(
      [] {
        const auto tasks = joist::start_task_supervisor();
        for (int steps = 0; steps < 10; ++steps) {
          const auto owner = joist::spawn_monitor([tasks, steps] {
            auto t = steps % 2 == 0 ? tasks.async(answer_at_go) : tasks.async_nolink(answer_at_go);
            wait_for_ever();
          });
          for (int i = 0; i < steps; ++i) joist::yield();
          joist::exit(owner.process, exit_reason::kill);
          (void)reason_of(owner);
          joist::sleep_for(1s);
          for (const joist::pid task : tasks.children()) {  // not linked: it was begun, and works
            EXPECT(steps % 2 == 1);
            joist::send(task, go{});
            (void)await_end(task);
          }
          expect_nothing_left(tasks);
        }
      },
      usual_seeds / 5);
}

TEST_CASE("task_supervisor: more than max_children are refused, in words", "[D18][D01]") {
  everywhere([] {
    const auto tasks = at_most(1);
    auto first = tasks.async(answer_at_go);
    EXPECT(refuses(joist::errc::process_limit, [&] { (void)tasks.async(hang); }));
    EXPECT(refuses(joist::errc::process_limit, [&] { (void)tasks.async_nolink(hang); }));
    EXPECT(tasks.try_async(hang).error().what == error_kind::max_children);
    EXPECT(tasks.try_async_nolink(hang).error().what == error_kind::max_children);
    EXPECT(tasks.start_child(hang).error().what == error_kind::max_children);
    EXPECT(refuses(joist::errc::process_limit, [&] {
      for (auto& got : tasks.async_stream(std::vector{1}, [](int n) { return n; })) (void)got;
    }));
    joist::send(first.process(), go{});
    EXPECT(first.await() == 1);
    EXPECT(tasks.try_async(hang).value().shutdown() == std::nullopt);
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: a task whose result was given counts no more", "[D18]") {
  everywhere([] {
    const auto tasks = at_most(1);
    for (int i = 0; i < 10; ++i) EXPECT(tasks.async_nolink([i] { return i; }).await() == i);
    int sum = 0;
    joist::stream_options o;
    o.max_concurrency = 1;
    for (auto& got : tasks.async_stream(
             std::vector{1, 2, 3, 4}, [](int n) { return n; }, o))
      sum += got.value();
    EXPECT(sum == 10);
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: streams run under it; without links a failure is a result with its reason", "[D18][D17]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    joist::stream_options o;
    o.max_concurrency = 3;
    auto works = [](int n) {
      if (n % 2 == 0) joist::exit(exit_reason::of(n));
      return n;
    };
    int expected = 1;
    for (auto& got : tasks.async_stream_nolink(std::vector{1, 2, 3, 4}, works, o)) {
      if (expected % 2 == 0) {
        EXPECT(got.error() == exit_reason::of(expected));
      } else {
        EXPECT(got.value() == expected);
      }
      ++expected;
    }
    EXPECT(expected == 5);
    expect_nothing_left(tasks);
    const exit_reason why = reason_after([=] {
      for (auto& got : tasks.async_stream(std::vector{1, 2}, works, o)) (void)got;
    });
    EXPECT(why == exit_reason::of(2));
    for (auto& [input, got] : tasks.async_stream_nolink(std::vector{2}, joist::with_input(works), o))
      EXPECT(got.error() == exit_reason::of(input));
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: a stream that is left early, or late, leaves no task under it", "[D18][D17]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    joist::stream_options o;
    o.max_concurrency = 3;
    o.on_timeout = joist::stream_timeout::kill;
    auto works = [](int n) { return n == 0 ? n : hang(); };
    for (auto& got : tasks.async_stream_nolink(std::vector{0, 1, 2}, works, o)) {
      EXPECT(got.value() == 0);
      break;
    }
    EXPECT(tasks.children().empty());
    o.timeout = 5ms;
    int late = 0;
    for (auto& got : tasks.async_stream(std::vector{1, 2}, works, o)) late += !got && got.error() == exit_reason::timeout;
    EXPECT(late == 2);
    EXPECT(tasks.children().empty());
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: start_child runs a task that answers nobody; terminate_child stops one", "[D18]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    const joist::pid me = joist::self();
    const joist::pid told = tasks.start_child([me] { joist::send(me, joist::self()); }).value();
    EXPECT(joist::receive<joist::pid>() == told);
    const joist::pid first = tasks.start_child(hang).value();
    const joist::pid second = tasks.start_child(hang).value();
    EXPECT(!linked_to(first));
    EXPECT(tasks.terminate_child(second));
    EXPECT(!joist::is_alive(second));
    EXPECT(tasks.children() == std::vector{first});
    EXPECT(tasks.terminate_child(me).error().what == error_kind::not_found);
    expect_nothing_left(tasks);
    joist::unlink(tasks);
    tasks.stop();
    EXPECT(!joist::is_alive(first));
  });
}

TEST_CASE("task_supervisor: its tasks are temporary; those that answer nobody may be started again", "[D18]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    EXPECT(!tasks.async_nolink(fail).try_await());
    EXPECT(tasks.children().empty());
    const joist::pid me = joist::self();
    auto works = [me] {
      joist::send(me, joist::self());
      wait_for_ever();
    };
    (void)tasks.start_child(works, joist::restart_type::permanent);
    const auto first = joist::receive<joist::pid>();
    joist::exit(first, exit_reason::shutdown);
    EXPECT(joist::receive<joist::pid>() != first);
    expect_nothing_left(tasks);
  });
}

TEST_CASE("task_supervisor: tasks end with it, each as it was said", "[D18]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    joist::unlink(tasks);
    auto stubborn = [] {
      joist::trap_exit(true);
      return hang();
    };
    auto asked = tasks.async_nolink(hang);
    auto killed = tasks.async_nolink(stubborn, shutdown_policy::brutal_kill());
    auto patient = tasks.async_nolink(stubborn, 1ms);
    const joist::pid child = tasks.start_child(hang, joist::restart_type::temporary, shutdown_policy::brutal_kill()).value();
    const joist::ref watch = joist::monitor(child);
    joist::exit(tasks, exit_reason::shutdown);  // its parent's
    EXPECT(asked.try_await().error() == exit_reason::shutdown);
    EXPECT(killed.try_await().error() == exit_reason::killed);
    const exit_reason why = patient.try_await().error();
    EXPECT(why == exit_reason::killed || why == exit_reason::shutdown);  // before it trapped
    EXPECT(reason_of({child, watch}) == exit_reason::killed);
    (void)await_end(tasks);
    EXPECT(reason_after([tasks] { (void)tasks.async_nolink(hang); }) == exit_reason::noproc);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("task_supervisor: callers are those who asked, ancestors those who started", "[D19]") {
  everywhere([] {
    const auto tasks = joist::start_task_supervisor();
    const joist::pid me = joist::self();
    const std::vector<joist::pid> ancestors{tasks.process(), me};
    auto outer = tasks.async([=] {
      EXPECT(joist::callers() == std::vector{me});
      EXPECT(joist::ancestors() == ancestors);
      auto inner = tasks.async_nolink([=] {
        EXPECT(joist::ancestors() == ancestors);
        return joist::callers();
      });
      EXPECT((inner.await() == std::vector{joist::self(), me}));
      (void)tasks.start_child([=] {
        EXPECT(joist::ancestors() == ancestors);
        joist::send(me, joist::callers());
      });
      return joist::self();
    });
    const joist::pid task = outer.await();
    EXPECT((joist::receive<std::vector<joist::pid>>() == std::vector{task, me}));
  });
}

TEST_CASE("task_supervisor: is a child of other supervisors, and found by its name", "[D18]") {
  everywhere([] {
    joist::dynamic_supervisor_options o;
    o.name = "tasks";
    const auto top = joist::start_supervisor({}, {joist::child_task_supervisor("tasks", o)});
    const joist::task_supervisor_ref tasks{joist::whereis("tasks").value()};
    EXPECT(top.which_child("tasks")->process == tasks.process());
    EXPECT(tasks.async([] { return 2; }).await() == 2);
    top.stop();
    EXPECT(!joist::try_start_task_supervisor({.name = {}, .period = 0ms}));
    EXPECT(mailbox_stays_empty());
  });
}
