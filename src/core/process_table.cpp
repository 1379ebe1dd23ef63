#include "core/process_table.hpp"

#include <new>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::uint32_t last_generation = (1U << pid::generation_bits) - 1;
// Small tables keep an exact count; in large ones each worker holds some places in advance.
constexpr std::size_t exact_limit = 65536;

std::size_t bytes_of(std::size_t places) noexcept {
  const std::size_t huge = std::size_t{2} << 20;
  return (places * sizeof(process_control) + huge - 1) / huge * huge;
}

}  // namespace

process_table::process_table(std::size_t limit, std::size_t caches, std::uint32_t first_generation)
    : limit_{limit},
      capacity_{limit + caches * 4 * chain},
      credit_batch_{limit > exact_limit ? chain : 1},
      first_generation_{first_generation},
      places_{static_cast<process_control*>(base::reserve_pages(bytes_of(capacity_), limit > exact_limit))},
      highest_generation_{first_generation} {
  JOIST_ASSERT(capacity_ <= (std::size_t{1} << pid::index_bits), "the process limit fits the index bits of a pid");
}

process_table::~process_table() {
  for_each_place([](process_control& p) { delete p.waits.load(std::memory_order_relaxed); });
  base::release_pages(places_, bytes_of(capacity_));
}

bool process_table::take_credit(cache& mine) noexcept {
  if (mine.credits > 0) {
    --mine.credits;
    return true;
  }
  for (std::uint32_t wanted : {credit_batch_, 1U}) {
    // relaxed: a count, it publishes nothing.
    if (credits_given_.fetch_add(wanted, std::memory_order_relaxed) + wanted <= limit_) {
      mine.credits = wanted - 1;
      return true;
    }
    credits_given_.fetch_sub(wanted, std::memory_order_relaxed);
  }
  return false;
}

process_control* process_table::take(cache& mine) {
  if (!take_credit(mine)) return nullptr;
  if (mine.free == nullptr) {
    try {
      refill(mine);
    } catch (...) {
      ++mine.credits;
      throw;
    }
  }
  if (mine.free == nullptr) {  // every place has had all its generations
    ++mine.credits;
    return nullptr;
  }
  process_control* p = mine.free;
  mine.free = static_cast<process_control*>(p->next);
  --mine.free_count;
  return p;
}

void process_table::refill(cache& mine) {
  const std::scoped_lock lock{mutex_};
  if (!resting_.empty() && grace_.is_over(resting_.front().since)) {
    mine.free = resting_.front().place;
    mine.free->next = nullptr;
    mine.free_count = 1;
    resting_.erase(resting_.begin());
  } else if (!chains_.empty()) {
    std::tie(mine.free, mine.free_count) = chains_.back();
    chains_.pop_back();
  } else {
    make_places(mine);
  }
}

void process_table::make_places(cache& mine) {
  const std::size_t first = made_.load(std::memory_order_relaxed);
  const std::size_t end = std::min(first + chain, capacity_);
  for (std::size_t i = end; i-- > first;) {
    auto* p = ::new (static_cast<void*>(places_ + i)) process_control;
    p->index = static_cast<std::uint32_t>(i);
    p->generation.store(first_generation_, std::memory_order_relaxed);
    p->next = mine.free;
    mine.free = p;
  }
  mine.free_count += static_cast<std::uint32_t>(end - first);
  made_.store(end, std::memory_order_release);  // release: the places made; pairs with place_of()
}

void process_table::give_back(process_control* p, cache& mine) noexcept {
  if (++mine.credits > 2 * credit_batch_ || credit_batch_ == 1) {
    const std::uint32_t back = credit_batch_ == 1 ? mine.credits : credit_batch_;
    mine.credits -= back;
    credits_given_.fetch_sub(back, std::memory_order_relaxed);
  }
  const std::uint32_t next_life = p->generation.load(std::memory_order_relaxed) + 1;
  if (next_life > last_generation) return;  // T1: never again
  p->generation.store(next_life, std::memory_order_relaxed);
  // relaxed: read when the runtime has stopped.
  std::uint32_t highest = highest_generation_.load(std::memory_order_relaxed);
  while (next_life > highest && !highest_generation_.compare_exchange_weak(highest, next_life, std::memory_order_relaxed)) {
  }
  if ((next_life & signal_word::tag_mask) == 0) return rest(p);
  p->next = mine.free;
  mine.free = p;
  if (++mine.free_count < 2 * chain) return;
  // One chain stays, one goes to the others.
  process_control* last = mine.free;
  for (std::uint32_t i = 1; i < chain; ++i) last = static_cast<process_control*>(last->next);
  const std::scoped_lock lock{mutex_};
  chains_.emplace_back(static_cast<process_control*>(last->next), mine.free_count - chain);
  last->next = nullptr;
  mine.free_count = chain;
}

void process_table::rest(process_control* p) {
  const std::scoped_lock lock{mutex_};
  resting_.push_back({p, grace_.begin()});
}

}  // namespace joist::inline v0::core
