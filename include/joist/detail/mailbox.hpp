// joist/detail/mailbox.hpp: the messages a process has received and not yet taken. Its owner alone touches it.
//
// Invariants
//   M1  *tail is null: tail points to the `next` of the last message, or to head when there is none
//   M2  mark, when set, points to a `next` in this list (or to head): take() moves it when that message goes
//   M3  where it is weighed, bytes is the sum of node_bytes of the messages in the list
#pragma once

#include <joist/detail/node.hpp>

namespace joist::inline v0::detail {

struct mailbox {
  node* head = nullptr;
  node** tail = &head;
  node** mark = nullptr;  // where the answers to mark_ref begin
  std::uint64_t mark_ref = 0;
  std::uint32_t length = 0;
  bool in_guard = false;  // a user's guard or destructor runs in the middle of a scan: it must not change the list
  bool scanned = false;   // a receive looks at it or takes from it: its code may be preemptible, and must not be interrupted
  bool limited = false;   // senders count: they must be told of what is taken
  bool weighed = false;   // bytes are limited: src/core/memory_limit.hpp
  bool over = false;      // they are more than that, which has been acted on
  bool traced = false;    // a simulated world tells what is taken
  std::size_t bytes = 0;  // counted where weighed; else bytes_held() does it when asked: each message would pay for it

  void append(node* n) noexcept {
    n->next = nullptr;
    *tail = n;
    tail = &n->next;
    ++length;
    if (weighed) [[unlikely]]
      bytes += n->type->node_bytes;
  }

  /// Removes the message that `link` points to and hands it over.
  [[nodiscard]] node_ptr take(node** link) noexcept {
    node* taken = *link;
    *link = taken->next;
    if (tail == &taken->next) tail = link;
    if (mark == &taken->next) mark = link;
    --length;
    if (weighed) [[unlikely]]
      bytes -= taken->type->node_bytes;
    return node_ptr{taken};
  }

  [[nodiscard]] std::size_t bytes_held() const noexcept {
    if (weighed) return bytes;
    std::size_t sum = 0;
    for (const node* n = head; n != nullptr; n = n->next) sum += n->type->node_bytes;
    return sum;
  }

  void set_mark(std::uint64_t reference) noexcept {
    mark = tail;
    mark_ref = reference;
  }
};

struct guard_scope {
  explicit guard_scope(mailbox& b) noexcept : box{b} { box.in_guard = true; }
  guard_scope(const guard_scope&) = delete;
  guard_scope& operator=(const guard_scope&) = delete;
  ~guard_scope() { box.in_guard = false; }
  mailbox& box;
};

}  // namespace joist::inline v0::detail
