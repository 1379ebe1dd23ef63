#include "core/timer_wheel.hpp"

#include <bit>

#include "base/assert.hpp"

namespace joist::inline v0::core {

timer_wheel::timer_wheel() : buckets_(64) {}

timer_wheel::~timer_wheel() {
  for (const auto& c : chunks_) {
    for (std::size_t i = 0; i < chunk; ++i) {
      if (c[i].message != nullptr) detail::destroy_node(c[i].message);
      delete c[i].extras;
    }
  }
}

std::uint64_t timer_wheel::tick_of(std::int64_t deadline) noexcept {
  if (deadline <= 0) return 0;
  const auto d = static_cast<std::uint64_t>(deadline);
  return (d + (std::uint64_t{1} << tick_bits) - 1) >> tick_bits;  // V1: rounded up
}

timer& timer_wheel::make() {
  if (free_ == nullptr) {
    chunks_.push_back(std::make_unique<timer[]>(chunk));
    for (std::size_t i = chunk; i-- > 0;) {
      timer& t = chunks_.back()[i];
      t.index = static_cast<std::uint32_t>((chunks_.size() - 1) * chunk + i);
      t.next = free_;
      free_ = &t;
    }
  }
  timer& t = *free_;
  free_ = t.next;
  t.state = timer_state::reserved;
  return t;
}

void timer_wheel::start(timer& t) noexcept {
  t.tick = tick_of(t.deadline);
  place(t);
  if (running_ >= buckets_.size() * 2) grow_buckets();
  link_target(t);
  t.state = timer_state::running;
  ++running_;
}

void timer_wheel::place(timer& t) noexcept {
  if (t.tick <= current_) {
    t.next = nullptr;
    t.link = due_tail_;
    *due_tail_ = &t;
    due_tail_ = &t.next;
    return;
  }
  const int level = (63 - std::countl_zero(t.tick ^ current_)) / slot_bits;
  const int clamped = level < levels ? level : levels - 1;  // beyond: comes round in the last level, see advance()
  const auto slot = (t.tick >> (clamped * slot_bits)) % slots;
  timer*& head = wheel_[static_cast<std::size_t>(clamped)][slot];
  t.next = head;
  t.link = &head;
  if (head != nullptr) head->link = &t.next;
  head = &t;
  occupied_[static_cast<std::size_t>(clamped)] |= std::uint64_t{1} << slot;
}

void timer_wheel::unlink(timer& t) noexcept {
  *t.link = t.next;
  if (t.next != nullptr) {
    t.next->link = t.link;
  } else if (due_tail_ == &t.next) {
    due_tail_ = t.link;
  }
  // The slot's bit may now be set for an empty slot: next_event() then costs one look, and advance() clears it.
  *t.link_of_target = t.next_of_target;
  if (t.next_of_target != nullptr) t.next_of_target->link_of_target = t.link_of_target;
  --running_;
}

timer* timer_wheel::find(std::uint32_t index, std::uint32_t generation) noexcept {
  if (index / chunk >= chunks_.size()) return nullptr;
  timer& t = chunks_[index / chunk][index % chunk];
  return (t.generation & generation_mask) == generation && t.state != timer_state::free ? &t : nullptr;
}

void timer_wheel::stop(timer& t) noexcept {
  unlink(t);
  t.state = timer_state::reserved;
}

void timer_wheel::drop(timer& t) noexcept {
  if ((++t.generation & generation_mask) == 0) ++t.generation;
  t.state = timer_state::free;
  t.message = nullptr;
  t.extras = nullptr;
  t.counted = false;
  t.target = {};
  t.next = free_;
  free_ = &t;
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

timer* timer_wheel::advance(std::int64_t now, std::size_t most) noexcept {
  const std::uint64_t target = now <= 0 ? 0 : static_cast<std::uint64_t>(now) >> tick_bits;
  event e{};
  while (next_event(e) && e.tick <= target) {
    current_ = e.tick;
    timer* moving = std::exchange(wheel_[static_cast<std::size_t>(e.level)][e.slot], nullptr);
    occupied_[static_cast<std::size_t>(e.level)] &= ~(std::uint64_t{1} << e.slot);
    // Slot lists are newest first: turned round, timers of one tick fire in the order they were started.
    timer* in_order = nullptr;
    while (moving != nullptr) in_order = std::exchange(moving, std::exchange(moving->next, in_order));
    while (in_order != nullptr) place(*std::exchange(in_order, in_order->next));
  }
  if (target > current_) current_ = target;
  timer* taken = nullptr;
  timer** tail = &taken;
  for (std::size_t i = 0; i < most && due_ != nullptr; ++i) {
    timer& t = *due_;
    unlink(t);
    t.state = timer_state::firing;
    t.fired_next = nullptr;
    *tail = &t;
    tail = &t.fired_next;
  }
  return taken;
}

std::int64_t timer_wheel::next_due() const noexcept {
  if (due_ != nullptr) return 0;
  event e{};
  if (running_ == 0 || !next_event(e)) return INT64_MAX;
  return static_cast<std::int64_t>(e.tick << tick_bits);
}

timer*& timer_wheel::bucket_of(pid target) noexcept {
  return buckets_[std::hash<pid>{}(target) >> 20 & (buckets_.size() - 1)];
}

void timer_wheel::link_target(timer& t) noexcept {
  timer*& head = bucket_of(t.target);
  t.next_of_target = head;
  t.link_of_target = &head;
  if (head != nullptr) head->link_of_target = &t.next_of_target;
  head = &t;
}

void timer_wheel::grow_buckets() {
  std::vector<timer*> old(buckets_.size() * 4);
  old.swap(buckets_);
  for (timer* t : old) {
    while (t != nullptr) link_target(*std::exchange(t, t->next_of_target));
  }
}

timer* timer_wheel::take_all_of(pid target) noexcept {
  timer* taken = nullptr;
  for (timer* t = bucket_of(target); t != nullptr;) {
    timer* following = t->next_of_target;
    if (t->target == target) {
      stop(*t);
      t->next = taken;
      taken = t;
    }
    t = following;
  }
  return taken;
}

}  // namespace joist::inline v0::core
