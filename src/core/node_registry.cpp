// Node numbers: which runtime of this program a pid belongs to. Never destroyed, so a stale pid may always ask.
//
// A child made by fork() has the memory of every runtime but the thread of none: there all of them are marked lost, and
// their numbers lead nowhere. So calls fail clearly in it, instead of waiting for workers that are not there.
#include <pthread.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::size_t nodes = std::size_t{1} << pid::node_bits;
// The highest numbers are for simulated worlds.
constexpr std::uint32_t first_simulated = nodes - 256;

struct node_entry {
  std::atomic<scheduler*> here{nullptr};
  std::atomic<std::int32_t> inside{0};  // foreign threads that use `here`
  std::uint32_t next_generation = 1;    // under claims.mutex; 0 means none
  bool claimed = false;                 // under claims.mutex
};

struct node_claims {
  std::mutex mutex;
  std::uint32_t last_real = 0;
  std::uint32_t last_simulated = first_simulated - 1;
};

constinit std::array<node_entry, nodes> registry{};
constinit node_claims claims{};

void lose_all_in_fork() noexcept {
  for (node_entry& e : registry) {
    if (scheduler* s = e.here.exchange(nullptr)) s->lose_in_fork();
    e.inside.store(0);
  }
  claims.mutex.unlock();
}

void watch_forks() {
  [[maybe_unused]] static const int once =
      ::pthread_atfork([] { claims.mutex.lock(); }, [] { claims.mutex.unlock(); }, &lose_all_in_fork);
}

}  // namespace

node_claim claim_node(bool simulated) {
  watch_forks();
  const std::uint32_t first = simulated ? first_simulated : 1;
  const std::uint32_t end = simulated ? nodes : first_simulated;
  const std::scoped_lock lock{claims.mutex};
  std::uint32_t& last = simulated ? claims.last_simulated : claims.last_real;
  for (std::uint32_t tried = first; tried < end; ++tried) {
    if (++last >= end) last = first;
    node_entry& e = registry[last];
    if (e.claimed || e.next_generation >= (1U << pid::generation_bits)) continue;
    e.claimed = true;
    return {last, simulated ? 1 : e.next_generation};
  }
  throw error{errc::out_of_memory,
              fmt::format("{}: expected at most {} at a time", simulated ? "simulate" : "runtime", end - first)};
}

void publish_node(std::uint32_t node, scheduler* s) noexcept { registry[node].here.store(s, std::memory_order_seq_cst); }

void retract_node(std::uint32_t node) noexcept {
  registry[node].here.store(nullptr, std::memory_order_seq_cst);
  // Who came before is in a single push or spawn: microseconds.
  while (registry[node].inside.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
}

void free_node(std::uint32_t node, std::uint32_t highest_generation) noexcept {
  const std::scoped_lock lock{claims.mutex};
  if (node < first_simulated) registry[node].next_generation = highest_generation + 1;
  registry[node].claimed = false;
}

bool node_is_quiet(std::uint32_t node) noexcept { return registry[node].inside.load(std::memory_order_seq_cst) == 0; }

// Entering first and looking second, both seq_cst, pairs with retract_node, which does it the other way round.
node_guard::node_guard(std::uint32_t node) noexcept : node_{node} {
  registry[node_].inside.fetch_add(1, std::memory_order_seq_cst);
  found_ = registry[node_].here.load(std::memory_order_seq_cst);
}

node_guard::~node_guard() { registry[node_].inside.fetch_sub(1, std::memory_order_seq_cst); }

}  // namespace joist::inline v0::core
