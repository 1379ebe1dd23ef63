// joist/detail/node.hpp: what travels between processes: one block of memory with a value in place.
//
// A node is owned by exactly one of: the sender before it is pushed, the receiver's signal queue, the receiver's
// mailbox, a node_ptr. Its payload is destroyed where that ownership ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace joist::inline v0::base {
/// Memory from the pools of the calling worker: src/base/pool.hpp.     [any thread]; throws std::bad_alloc
[[nodiscard]] void* pool_allocate(std::size_t bytes);
void pool_release(void* memory, std::size_t bytes) noexcept;
}  // namespace joist::inline v0::base

namespace joist::inline v0::detail {

/// What kind of signal a node is. Users' values are `message`; the rest is the runtime's (src/core/signal.hpp).
enum class node_kind : std::uint8_t {
  message,
  exit,
  link,
  unlink,
  unlink_ack,
  monitor,
  demonitor,
  down,
  inspect,
  suspend,
  resume,
  timeout,
};

/// Describes the payload of a node. One object per type: matching compares its address.
struct message_type {
  void (*destroy)(void* payload) noexcept;  // null: nothing to do
  std::uint32_t node_bytes;
  std::uint16_t payload_offset;
  node_kind kind;
  const std::type_info* type;
};

struct node {
  node* next;
  const message_type* type;
  std::uint64_t word;  // message: the alias it was sent to, or 0. Signals: see src/core/signal.hpp

  [[nodiscard]] void* payload() noexcept { return reinterpret_cast<std::byte*>(this) + type->payload_offset; }
};

template <class T>
constexpr std::size_t payload_offset_of = (sizeof(node) + alignof(T) - 1) / alignof(T) * alignof(T);

template <class T>
void destroy_payload(void* payload) noexcept {
  static_cast<T*>(payload)->~T();
}

template <class T, node_kind Kind = node_kind::message>
inline constexpr message_type type_of{
    std::is_trivially_destructible_v<T> ? nullptr : &destroy_payload<T>,
    static_cast<std::uint32_t>(payload_offset_of<T> + sizeof(T)),
    static_cast<std::uint16_t>(payload_offset_of<T>),
    Kind,
    &typeid(T),
};

using base::pool_allocate;
using base::pool_release;

inline void destroy_node(node* n) noexcept {
  if (n->type->destroy != nullptr) n->type->destroy(n->payload());
  pool_release(n, n->type->node_bytes);
}

struct node_deleter {
  void operator()(node* n) const noexcept { destroy_node(n); }
};
using node_ptr = std::unique_ptr<node, node_deleter>;

template <class T, class... Args>
void construct(void* where, Args&&... args) {
  if constexpr (std::is_constructible_v<T, Args...>) {
    ::new (where) T(std::forward<Args>(args)...);
  } else {
    ::new (where) T{std::forward<Args>(args)...};  // aggregates, for compilers without parentheses for them
  }
}

template <class T, node_kind Kind = node_kind::message, class... Args>
[[nodiscard]] node_ptr make_node(Args&&... args) {
  static_assert(alignof(T) <= 64, "joist: messages are aligned to 64 bytes at most");
  constexpr const message_type& type = type_of<T, Kind>;
  void* memory = pool_allocate(type.node_bytes);
  auto* made = ::new (memory) node{nullptr, &type, 0};
  if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
    construct<T>(made->payload(), std::forward<Args>(args)...);
  } else {
    try {
      construct<T>(made->payload(), std::forward<Args>(args)...);
    } catch (...) {
      pool_release(memory, type.node_bytes);
      throw;
    }
  }
  return node_ptr{made};
}

template <class T>
[[nodiscard]] T& payload_of(node& n) noexcept {
  return *std::launder(static_cast<T*>(n.payload()));
}

}  // namespace joist::inline v0::detail
