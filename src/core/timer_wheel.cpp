#include "core/timer_wheel.hpp"

#include <bit>

#include "base/assert.hpp"
#include "base/flat_map.hpp"
#include "base/pool.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::size_t huge_bytes = std::size_t{2} << 20;
constexpr std::size_t chunks_before_huge = 32;  // a small program should stay small
constexpr std::size_t stale_before_sweep = 1024;
// How far ahead of firing timers and their neighbours are fetched: less than a block, and as long as a miss takes.
constexpr std::uint32_t timers_ahead = 28;
constexpr std::uint32_t neighbours_ahead = 12;

}  // namespace

timer_wheel::timer_wheel() : buckets_(64) {}

timer_wheel::~timer_wheel() {
  for (timer* c : chunks_) {
    for (std::size_t i = 0; i < chunk; ++i) {
      if (c[i].message != nullptr) detail::destroy_node(c[i].message);
      delete c[i].extras;
    }
  }
  for (const auto& [begin, bytes] : regions_) base::release_pages(begin, bytes);
}

std::uint64_t timer_wheel::tick_of(std::int64_t deadline) noexcept {
  if (deadline <= 0) return 0;
  const auto d = static_cast<std::uint64_t>(deadline);
  return (d + (std::uint64_t{1} << tick_bits) - 1) >> tick_bits;  // V1: rounded up
}

timer& timer_wheel::make() {
  if (free_ == nullptr) make_chunk();
  timer& t = *std::exchange(free_, free_->next);
  t.state = timer_state::reserved;
  return t;
}

void timer_wheel::make_chunk() {
  if (fresh_chunks_ == 0) {
    const std::size_t several = chunks_.size() < chunks_before_huge ? 1 : huge_bytes / chunk_bytes;
    regions_.reserve(regions_.size() + 1);
    chunks_.reserve(chunks_.size() + several);
    fresh_ = static_cast<std::byte*>(base::reserve_pages(several * chunk_bytes, several > 1));
    regions_.emplace_back(fresh_, several * chunk_bytes);
    fresh_chunks_ = several;
  }
  auto* made = ::new (static_cast<void*>(fresh_)) timer[chunk];
  fresh_ += chunk_bytes;
  --fresh_chunks_;
  const auto first = static_cast<std::uint32_t>(chunks_.size() * chunk);
  chunks_.push_back(made);
  for (std::uint32_t i = chunk; i-- > 0;) {
    made[i].index = first + i;
    made[i].next = std::exchange(free_, &made[i]);
  }
}

void timer_wheel::start(timer& t) {
  if (running_ >= buckets_.size() * 2) grow_buckets();
  blocks_.reserve_one();
  place({tick_of(t.deadline), t.index, t.generation});
  if (!t.is_private) link_target(t);
  t.state = timer_state::running;
  ++running_;
}

void timer_wheel::place(const timer_entry& e) noexcept {
  if (e.tick <= current_) return due_.push(e, blocks_);
  const int level = (63 - std::countl_zero(e.tick ^ current_)) / slot_bits;
  const int clamped = level < levels ? level : levels - 1;  // beyond: comes round in the last level
  const auto slot = (e.tick >> (clamped * slot_bits)) % slots;
  wheel_[static_cast<std::size_t>(clamped)][slot].push(e, blocks_);
  occupied_[static_cast<std::size_t>(clamped)] |= std::uint64_t{1} << slot;
}

bool timer_wheel::is_stale(const timer_entry& e) noexcept {
  const timer& t = at(e.index);
  return t.generation != e.generation || t.state != timer_state::running;
}

timer* timer_wheel::find(std::uint32_t index, std::uint32_t generation) noexcept {
  if (index / chunk >= chunks_.size()) return nullptr;
  timer& t = at(index);
  return (t.generation & generation_mask) == generation && t.state != timer_state::free ? &t : nullptr;
}

void timer_wheel::stop(timer& t) noexcept {
  unlink_target(t);
  t.state = timer_state::reserved;
  --running_;
  if (++stale_ > stale_before_sweep && stale_ > running_) sweep();
}

void timer_wheel::drop(timer& t) noexcept {
  ++t.generation;
  t.state = timer_state::free;
  t.message = nullptr;
  t.extras = nullptr;
  t.counted = t.is_private = false;
  t.target = {};
  if ((t.generation & generation_mask) != 0) t.next = std::exchange(free_, &t);  // else its references are used up: V4
}

bool timer_wheel::next_event(event& found) const noexcept {
  // Lower levels come first: a slot at level n begins after the whole current block of level n - 1.
  for (int level = 0; level < levels; ++level) {
    const int shift = level * slot_bits;
    const std::uint64_t position = (current_ >> shift) % slots;
    const std::uint64_t later =
        position == slots - 1 ? 0 : occupied_[static_cast<std::size_t>(level)] & (~std::uint64_t{0} << (position + 1));
    if (later == 0) continue;
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(later));
    const std::uint64_t block = current_ >> shift >> slot_bits << slot_bits << shift;
    found = {block | slot << shift, level, slot};
    return true;
  }
  return false;
}

void timer_wheel::move_down(const event& e) noexcept {
  current_ = e.tick;
  occupied_[static_cast<std::size_t>(e.level)] &= ~(std::uint64_t{1} << e.slot);
  timer_entries moving = std::exchange(wheel_[static_cast<std::size_t>(e.level)][e.slot], {});
  while (!moving.empty()) {
    const timer_entry entry = moving.front();
    moving.pop(blocks_);  // before the push: its block may be the one that is needed
    place(entry);
  }
}

void timer_wheel::fetch_timer(std::uint32_t ahead) noexcept {
  due_.peek(ahead, [this](const timer_entry& e) { __builtin_prefetch(&at(e.index), 1); });
}

void timer_wheel::fetch_neighbours(std::uint32_t ahead) noexcept {
  due_.peek(ahead, [this](const timer_entry& e) {
    const timer& t = at(e.index);
    __builtin_prefetch(t.message, 1);
    __builtin_prefetch(t.next, 1);
    __builtin_prefetch(t.link, 1);
  });
}

std::size_t timer_wheel::advance(std::int64_t now, std::span<timer*> out) noexcept {
  const std::uint64_t target = now <= 0 ? 0 : static_cast<std::uint64_t>(now) >> tick_bits;
  event e{};
  while (next_event(e) && e.tick <= target) move_down(e);
  if (target > current_) current_ = target;
  for (std::uint32_t i = 0; i < timers_ahead; ++i) fetch_timer(i);
  for (std::uint32_t i = 0; i < neighbours_ahead; ++i) fetch_neighbours(i);
  std::size_t taken = 0;
  while (taken < out.size() && !due_.empty()) {
    fetch_timer(timers_ahead);
    fetch_neighbours(neighbours_ahead);
    const timer_entry entry = due_.front();
    due_.pop(blocks_);
    blocks_.forget_one();
    if (is_stale(entry)) {
      --stale_;
      continue;
    }
    timer& t = at(entry.index);
    unlink_target(t);
    t.state = timer_state::firing;
    --running_;
    out[taken++] = &t;
  }
  return taken;
}

void timer_wheel::sweep() noexcept {
  auto sweep_list = [this](timer_entries& list) {
    timer_entries all = std::exchange(list, {});
    while (!all.empty()) {
      const timer_entry entry = all.front();
      all.pop(blocks_);
      if (is_stale(entry)) {
        blocks_.forget_one();
      } else {
        list.push(entry, blocks_);
      }
    }
  };
  sweep_list(due_);
  for (std::size_t level = 0; level < levels; ++level) {
    for (std::uint64_t left = occupied_[level]; left != 0; left &= left - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(left));
      sweep_list(wheel_[level][slot]);
      if (wheel_[level][slot].empty()) occupied_[level] &= ~(std::uint64_t{1} << slot);
    }
  }
  stale_ = 0;
}

std::int64_t timer_wheel::next_due() const noexcept {
  event e{};
  if (running_ == 0) return INT64_MAX;
  if (!due_.empty()) return 0;
  return next_event(e) ? static_cast<std::int64_t>(e.tick << tick_bits) : INT64_MAX;
}

timer*& timer_wheel::bucket_of(pid target) noexcept {
  return buckets_[base::top_bits(base::hash_of_pid::mix(target.value()), std::countr_zero(buckets_.size()))];
}

void timer_wheel::link_target(timer& t) noexcept {
  timer*& head = bucket_of(t.target);
  t.next = head;
  t.link = &head;
  if (head != nullptr) head->link = &t.next;
  head = &t;
}

void timer_wheel::unlink_target(timer& t) noexcept {
  if (t.is_private) return;
  *t.link = t.next;
  if (t.next != nullptr) t.next->link = t.link;
}

void timer_wheel::grow_buckets() {
  std::vector<timer*> old(buckets_.size() * 4);
  old.swap(buckets_);
  for (timer* t : old) {
    while (t != nullptr) link_target(*std::exchange(t, t->next));
  }
}

timer* timer_wheel::take_some_of(pid target, std::size_t most) noexcept {
  timer* taken = nullptr;
  for (timer* t = bucket_of(target); t != nullptr && most > 0;) {
    timer* following = t->next;
    if (t->target == target) {
      stop(*t);
      t->next = std::exchange(taken, t);
      --most;
    }
    t = following;
  }
  return taken;
}

}  // namespace joist::inline v0::core
