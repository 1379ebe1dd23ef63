// Channels under load, as the official client speaks to them: clients that have joined and are silent, rounds of one message
// to all, and pushes that are answered.
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "channel_client.hpp"
#include "histogram.hpp"
#include "server_side.hpp"

namespace load {
namespace {

void run_joined(const settings& how) {
  const silent_costs c = measure_silent(how, "have joined", [](const settings& to) { return join(to); });
  if (how.json) {
    fmt::print(
        "{{\"load\":\"joined\",\"connections\":{},\"bytes_each\":{:.0f},\"join_cpu_us\":{:.1f},\"joins_per_second\":{:.0f},"
        "\"idle_cpu\":{:.4f}}}\n",
        how.connections, c.bytes_each, c.open_cpu_us, c.opened_per_second, c.idle_cpu);
  } else {
    fmt::print(
        "{} clients that have joined, from {} on: {:.0f} bytes each, {:.1f} us of CPU to open and join one, {:.0f} a "
        "second; {:.1f} % CPU while all are silent\n",
        how.connections, c.first, c.bytes_each, c.open_cpu_us, c.opened_per_second, 100 * c.idle_cpu);
  }
}

// -- one to all

struct ready {};
struct round_over {};

// What all receivers count in together.
struct crowd {
  std::atomic<std::size_t> left{0};
  joist::pid conductor;
};

void listen(const settings& how, const std::shared_ptr<crowd>& all) {
  client c = join(how);
  joist::send(all->conductor, ready{});
  for (;;) {
    const std::size_t got = c.in.next_all(c.stream);
    if (all->left.fetch_sub(got, std::memory_order_acq_rel) == got) joist::send(all->conductor, round_over{});
  }
}

void run_fanout(const settings& how) {
  const auto all = std::make_shared<crowd>();
  all->conductor = joist::self();
  const auto shared = std::make_shared<const settings>(how);
  constexpr std::size_t at_once = 64;  // that join at the same time
  for (std::size_t i = 0; i < how.connections; ++i) {
    (void)joist::spawn_link([shared, all] { listen(*shared, all); });
    if (i >= at_once) joist::receive<ready>();
  }
  for (std::size_t i = 0; i < std::min(at_once, how.connections); ++i) joist::receive<ready>();
  client speaker = join(how);
  const std::string said =
      text_frame(R"(["1","2",")" + how.topic + R"(","new_msg",{"body":")" + std::string(how.bytes, 'x') + R"("}])");
  histogram rounds;
  const double cpu_before = how.pid != 0 ? cpu_of(how.pid) : 0;
  const auto start = joist::clock::now(), end = start + std::chrono::seconds{how.seconds};
  const auto period = how.rate > 0 ? std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 / how.rate)} : 0ns;
  for (auto due = start; due < end;) {
    if (period.count() > 0) joist::sleep_for(due);
    all->left.store(how.connections, std::memory_order_release);
    speaker.stream.write(said);
    (void)speaker.in.next(speaker.stream);
    joist::receive<round_over>();
    const auto now = joist::clock::now();
    rounds.add(static_cast<std::uint64_t>((now - due).count()));
    due = period.count() > 0 ? due + period : now;
  }
  const double seconds = std::chrono::duration<double>(joist::clock::now() - start).count();
  const double cpu = how.pid != 0 ? cpu_of(how.pid) - cpu_before : 0;
  const double deliveries = static_cast<double>(rounds.count()) * static_cast<double>(how.connections + 1);
  if (how.json) {
    fmt::print(
        "{{\"load\":\"fanout\",\"connections\":{},\"deliveries_per_second\":{:.0f},\"rounds\":{},\"p50_us\":{:.0f},\"p99_"
        "us\":{:.0f},"
        "\"max_us\":{:.0f},\"server_cpu_us\":{:.2f}}}\n",
        how.connections, deliveries / seconds, rounds.count(), micro(rounds.at(0.5)), micro(rounds.at(0.99)),
        micro(rounds.most()), cpu / deliveries * 1e6);
  } else {
    fmt::print("rounds to {}: {} rounds, {:.0f} deliveries a second; ms of a round: p50 {:.2f}  p99 {:.2f}  max {:.2f}\n",
               how.connections, rounds.count(), deliveries / seconds, micro(rounds.at(0.5)) / 1000,
               micro(rounds.at(0.99)) / 1000, micro(rounds.most()) / 1000);
    if (how.pid != 0) fmt::print("  CPU of the server for each delivery: {:.2f} us\n", cpu / deliveries * 1e6);
  }
}

// -- a push, an answer

struct done {
  std::unique_ptr<histogram> times;
};
struct begin {};

void ping(const settings& how, joist::pid parent) {
  auto times = std::make_unique<histogram>();
  client c = join(how);
  const std::string push =
      text_frame(R"(["1","2",")" + how.topic + R"(","ping",{"body":")" + std::string(how.bytes, 'x') + R"("}])");
  joist::send(parent, ready{});
  joist::receive<begin>();
  const auto end = joist::clock::now() + std::chrono::seconds{how.seconds};
  for (auto now = joist::clock::now(); now < end;) {
    c.stream.write(push);
    (void)c.in.next(c.stream);
    const auto later = joist::clock::now();
    times->add(static_cast<std::uint64_t>((later - now).count()));
    now = later;
  }
  joist::send(parent, done{std::move(times)});
}

void run_ping(const settings& how) {
  const auto shared = std::make_shared<const settings>(how);
  std::vector<joist::pid> all;
  for (std::size_t i = 0; i < how.connections; ++i)
    all.push_back(joist::spawn_link([shared, parent = joist::self()] { ping(*shared, parent); }));
  for (std::size_t i = 0; i < all.size(); ++i) joist::receive<ready>();
  const double cpu_before = how.pid != 0 ? cpu_of(how.pid) : 0;
  const auto start = joist::clock::now();
  for (const joist::pid p : all) joist::send(p, begin{});
  histogram times;
  for (std::size_t i = 0; i < all.size(); ++i) times.add(*joist::receive<done>().times);
  const double seconds = std::chrono::duration<double>(joist::clock::now() - start).count();
  const double cpu = how.pid != 0 ? cpu_of(how.pid) - cpu_before : 0;
  const auto count = static_cast<double>(times.count());
  if (how.json) {
    fmt::print(
        "{{\"load\":\"ping\",\"connections\":{},\"per_second\":{:.0f},\"p50_us\":{:.1f},\"p99_us\":{:.1f},\"max_us\":{:.1f},"
        "\"server_cpu_us\":{:.2f}}}\n",
        how.connections, count / seconds, micro(times.at(0.5)), micro(times.at(0.99)), micro(times.most()),
        cpu / count * 1e6);
  } else {
    fmt::print("pushes answered on {} connections: {:.0f} a second; us: p50 {:.1f}  p99 {:.1f}  max {:.1f}\n",
               how.connections, count / seconds, micro(times.at(0.5)), micro(times.at(0.99)), micro(times.most()));
    if (how.pid != 0) fmt::print("  CPU of the server for each: {:.2f} us\n", cpu / count * 1e6);
  }
}

// -- who comes and goes

// Hears of all, and counts it.
void watch(const settings& how, const std::string& key, const std::shared_ptr<std::atomic<std::uint64_t>>& heard,
           joist::pid parent) {
  client c = join(how, R"({"key":")" + key + R"("})");
  joist::send(parent, ready{});
  for (;;) heard->fetch_add(c.in.next_all(c.stream), std::memory_order_relaxed);
}

// One after the other, each on a connection of its own: joins, hears who is there, and is gone.
void come_and_go(const settings& how, const std::string& key, joist::pid parent) {
  auto times = std::make_unique<histogram>();
  const auto end = joist::clock::now() + std::chrono::seconds{how.seconds};
  for (auto now = joist::clock::now(); now < end;) {
    client c = join(how, R"({"key":")" + key + R"("})");
    while (c.in.next(c.stream).find("presence_state") == std::string_view::npos) {
    }
    c.stream.reset();
    const auto later = joist::clock::now();
    times->add(static_cast<std::uint64_t>((later - now).count()));
    now = later;
  }
  joist::send(parent, done{std::move(times)});
}

void run_churn(const settings& wanted) {
  constexpr std::size_t at_once = 16;
  auto with_topic = std::make_shared<settings>(wanted);
  if (wanted.topic == settings{}.topic) with_topic->topic = "presence:load";
  const std::shared_ptr<const settings> how = with_topic;
  const auto heard = std::make_shared<std::atomic<std::uint64_t>>(0);
  for (std::size_t i = 0; i < how->connections; ++i) {
    (void)joist::spawn_link(
        [how, i, heard, parent = joist::self()] { watch(*how, fmt::format("k{}", i % 100), heard, parent); });
    joist::receive<ready>();
  }
  const std::uint64_t heard_before = heard->load();
  const double cpu_before = how->pid != 0 ? cpu_of(how->pid) : 0;
  const auto start = joist::clock::now();
  for (std::size_t i = 0; i < at_once; ++i)
    (void)joist::spawn_link([how, i, parent = joist::self()] { come_and_go(*how, fmt::format("c{}", i), parent); });
  histogram times;
  for (std::size_t i = 0; i < at_once; ++i) times.add(*joist::receive<done>().times);
  const double seconds = std::chrono::duration<double>(joist::clock::now() - start).count();
  const double cpu = how->pid != 0 ? cpu_of(how->pid) - cpu_before : 0;
  const auto count = static_cast<double>(times.count());
  const double diffs = static_cast<double>(heard->load() - heard_before);
  if (how->json) {
    fmt::print(
        "{{\"load\":\"churn\",\"present\":{},\"per_second\":{:.0f},\"p50_us\":{:.1f},\"p99_us\":{:.1f},\"diffs_per_second\":"
        "{:.0f},"
        "\"server_cpu_us\":{:.1f}}}\n",
        how->connections, count / seconds, micro(times.at(0.5)), micro(times.at(0.99)), diffs / seconds, cpu / count * 1e6);
  } else {
    fmt::print("{} present: {:.0f} a second come and go; us: p50 {:.1f}  p99 {:.1f}; {:.0f} diffs a second are heard\n",
               how->connections, count / seconds, micro(times.at(0.5)), micro(times.at(0.99)), diffs / seconds);
    if (how->pid != 0) fmt::print("  CPU of the server for each who comes and goes: {:.1f} us\n", cpu / count * 1e6);
  }
}

}  // namespace

void run_channels(const settings& how) {
  if (how.what == "joined") return run_joined(how);
  if (how.what == "fanout") return run_fanout(how);
  if (how.what == "churn") return run_churn(how);
  if (how.what == "listen") return run_listen(how);
  if (how.what == "say") return run_say(how);
  run_ping(how);
}

}  // namespace load
