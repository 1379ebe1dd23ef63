// What nodes do with the presences of others: 10 000, a thousand in each of ten topics.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pubsub/presence_state.hpp"
#include "pubsub/presence_view.hpp"
#include "pubsub/presence_wire.hpp"

namespace {

using namespace joist::detail;

constexpr int many = 10'000;

presence_packet told_by_a() {
  presence_state a{{"a", 1}};
  std::vector<std::shared_ptr<const std::string>> topics;
  for (int i = 0; i < 10; ++i) topics.push_back(std::make_shared<const std::string>("room:" + std::to_string(i)));
  for (int i = 0; i < many; ++i) {
    a.join(topics[static_cast<std::size_t>(i) / 1000], "user-" + std::to_string(i), static_cast<std::uint64_t>(i) + 1,
           R"({"status":"online"})");
  }
  presence_packet p{presence_packet::kind::transfer, a.own()};
  p.part = a.missing({});
  return p;
}

void presence_merge_10000(benchmark::State& state) {
  const presence_packet p = told_by_a();
  for (auto _ : state) {
    presence_state b{{"b", 1}};
    presence_view view;
    b.up(p.from);
    view.apply(b.merge(p.from, p.part));
    benchmark::DoNotOptimize(view);
  }
}
BENCHMARK(presence_merge_10000)->Unit(benchmark::kMillisecond);

// It has them all, and asks whether.
void presence_merge_10000_known(benchmark::State& state) {
  const presence_packet p = told_by_a();
  presence_state b{{"b", 1}};
  b.up(p.from);
  b.merge(p.from, p.part);
  for (auto _ : state) benchmark::DoNotOptimize(b.merge(p.from, p.part));
}
BENCHMARK(presence_merge_10000_known)->Unit(benchmark::kMillisecond);

void presence_write_10000(benchmark::State& state) {
  const presence_packet p = told_by_a();
  std::size_t bytes = 0;
  for (auto _ : state) bytes = write_packet(p).size();
  state.counters["bytes_each"] = static_cast<double>(bytes) / many;
}
BENCHMARK(presence_write_10000)->Unit(benchmark::kMillisecond);

void presence_read_10000(benchmark::State& state) {
  const std::string bytes = write_packet(told_by_a());
  for (auto _ : state) benchmark::DoNotOptimize(read_packet(bytes));
}
BENCHMARK(presence_read_10000)->Unit(benchmark::kMillisecond);

// A topic of ten thousand, of which one is updated before each list.
void presence_list_10000(benchmark::State& state) {
  presence_state a{{"a", 1}};
  presence_view view;
  const auto topic = std::make_shared<const std::string>("room");
  for (int i = 0; i < many; ++i) view.apply({{a.join(topic, std::to_string(i), 1, "m")}, {}});
  for (auto _ : state) {
    const auto found = a.find(1, "room", "5000");
    view.apply({{a.update(found, "m")}, {found}});
    benchmark::DoNotOptimize(view.list("room"));
  }
}
BENCHMARK(presence_list_10000)->Unit(benchmark::kMicrosecond);

}  // namespace
