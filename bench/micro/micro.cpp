// The pieces, one by one: Google Benchmark.
#include <benchmark/benchmark.h>

#include <joist/joist.hpp>
#include <joist/telemetry.hpp>

#include <memory>

#include "base/pool.hpp"
#include "core/signal_word.hpp"
#include "core/timer_wheel.hpp"
#include "fiber/slot.hpp"
#include "fiber/stack_pool.hpp"
#include "fiber/switch.hpp"

namespace {

using namespace joist;

void leave_for_ever(fiber::fiber& self, fiber::thread_frame& thread) {
  for (fiber::thread_frame* at = &thread;;) at = &fiber::leave(self, *at, false);
}

void context_switch(benchmark::State& state) {
  fiber::stack_pool stacks{4, 64 << 10};
  fiber::slot_cache cache;
  fiber::thread_frame thread;
  fiber::describe_thread(thread, nullptr);
  fiber::fiber f;
  stacks.assign(f, cache);
  for (auto _ : state) fiber::enter(f, thread, &leave_for_ever);
}
BENCHMARK(context_switch);

// Two fibers of one slot in turn: each switch moves the frames of both.
void slot_conflict(benchmark::State& state) {
  fiber::stack_pool stacks{1, 64 << 10};
  fiber::slot_cache cache;
  fiber::thread_frame thread;
  fiber::describe_thread(thread, nullptr);
  fiber::fiber two[2];
  for (auto& f : two) stacks.assign(f, cache);
  std::size_t turn = 0;
  for (auto _ : state) {
    fiber::fiber& f = two[turn++ % 2];
    benchmark::DoNotOptimize(fiber::acquire(f));
    fiber::make_resident(f);
    fiber::enter(f, thread, &leave_for_ever);
    benchmark::DoNotOptimize(fiber::release(*f.stack));
  }
}
BENCHMARK(slot_conflict);

void pool_block(benchmark::State& state) {
  base::pool_attach_thread();
  for (auto _ : state) {
    void* block = base::pool_allocate(48);
    benchmark::DoNotOptimize(block);
    base::pool_release(block, 48);
  }
  base::pool_detach_thread();
}
BENCHMARK(pool_block);

void mailbox_push_and_pop(benchmark::State& state) {
  base::pool_attach_thread();
  core::signal_word word;
  const std::atomic<std::uint32_t> generation{1};
  word.open(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(word.push(detail::make_node<int>(7).release(), 1, generation));
    detail::destroy_node(word.take());
  }
  base::pool_detach_thread();
}
BENCHMARK(mailbox_push_and_pop);

void timer_start_and_cancel(benchmark::State& state) {
  core::timer_wheel wheel;
  std::int64_t deadline = 1;
  for (auto _ : state) {
    core::timer& t = wheel.make();
    t.deadline = deadline += 1'000'000;
    wheel.start(t);
    wheel.stop(t);
    wheel.drop(t);
  }
}
BENCHMARK(timer_start_and_cancel);

void spawn_and_end(benchmark::State& state) {
  runtime_options options;
  options.workers = 1;
  runtime rt{options};
  rt.ask([&state] {
    struct done {};
    const pid parent = self();
    for (auto _ : state) {
      spawn([parent] { send(parent, done{}); });
      receive<done>();
    }
  });
}
BENCHMARK(spawn_and_end);

void send_to_oneself_and_receive(benchmark::State& state) {
  runtime_options options;
  options.workers = 1;
  runtime rt{options};
  rt.ask([&state] {
    const pid me = self();
    for (auto _ : state) {
      send(me, 7);
      benchmark::DoNotOptimize(receive<int>());
    }
  });
}
BENCHMARK(send_to_oneself_and_receive);

struct happened {
  static constexpr std::string_view event_name = "bench.happened";
  struct {
    int times;
  } measurements;
  struct {
  } metadata;
};

// With so many handlers of it.
void telemetry_event(benchmark::State& state) {
  runtime_options options;
  options.workers = 1;
  runtime rt{options};
  rt.ask([&state] {
    for (std::int64_t i = 0; i < state.range(0); ++i)
      telemetry::attach<happened>(std::to_string(i),
                                  [](const happened& e) { benchmark::DoNotOptimize(e.measurements.times); });
    for (auto _ : state) telemetry::execute(happened{{1}, {}});
  });
}
BENCHMARK(telemetry_event)->Arg(0)->Arg(1)->Arg(4);

}  // namespace

BENCHMARK_MAIN();
