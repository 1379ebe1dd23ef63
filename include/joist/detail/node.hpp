// joist/detail/node.hpp: what travels between processes: one block of memory with a value in place.
//
// A node is owned by exactly one of: the sender before it is pushed, the receiver's signal queue, the receiver's
// mailbox, a node_ptr. Its payload is destroyed where that ownership ends.
#pragma once

#include <joist/pid.hpp>

#include <concepts>
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
[[nodiscard]] void* pool_allocate_uncounted(std::size_t bytes);
void pool_release_uncounted(void* memory, std::size_t bytes) noexcept;
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
  parked,
};

struct node;

/// The base of a payload that its type names: `using message_base = Base`.
struct message_base_type {
  const std::type_info* type;
  void* (*of)(node& n) noexcept;
};

/// Describes the payload of a node. One object per type: matching compares its address.
struct message_type {
  void (*destroy)(node& n) noexcept;  // ends the payload and gives the memory back; null: there is only memory
  std::uint32_t node_bytes;
  node_kind kind;
  const std::type_info* type;
  const message_base_type* base = nullptr;
  pid (*asked_by)(node& n) noexcept = nullptr;  // of a request: send_request()
};

struct node {
  node* next;
  const message_type* type;
  std::uint64_t word;  // message: the alias it was sent to, or 0. Signals: see src/core/signal.hpp
};

template <class T>
constexpr std::size_t payload_offset_of = (sizeof(node) + alignof(T) - 1) / alignof(T) * alignof(T);

using base::pool_allocate;
using base::pool_release;

/// What pools align to. Types that ask for more come from operator new.
inline constexpr std::size_t pool_alignment = 16;

template <std::size_t Alignment>
[[nodiscard]] void* allocate_aligned(std::size_t bytes) {
  if constexpr (Alignment <= pool_alignment) {
    return pool_allocate(bytes);
  } else {
    return ::operator new (bytes, std::align_val_t{Alignment});
  }
}
template <std::size_t Alignment>
void release_aligned(void* memory, std::size_t bytes) noexcept {
  if constexpr (Alignment <= pool_alignment) {
    pool_release(memory, bytes);
  } else {
    ::operator delete (memory, std::align_val_t{Alignment});
  }
}

template <class T>
[[nodiscard]] T& payload_of(node& n) noexcept {
  return *std::launder(reinterpret_cast<T*>(reinterpret_cast<std::byte*>(&n) + payload_offset_of<T>));
}

template <class T>
void destroy_node_of(node& n) noexcept {
  const std::size_t bytes = n.type->node_bytes;
  payload_of<T>(n).~T();
  release_aligned<alignof(T)>(&n, bytes);
}

template <class T>
inline constexpr message_base_type base_type_of{&typeid(typename T::message_base), [](node& n) noexcept -> void* {
                                                  return static_cast<typename T::message_base*>(&payload_of<T>(n));
                                                }};

template <class T>
constexpr const message_base_type* base_type_or_null() noexcept {
  if constexpr (requires { typename T::message_base; }) {
    static_assert(std::is_base_of_v<typename T::message_base, T>, "joist: message_base names a base class of the message");
    return &base_type_of<T>;
  } else {
    return nullptr;
  }
}

/// A message that says who asks.
template <class T>
concept names_asker = requires(const T& t) {
  { t.asked_by() } -> std::same_as<pid>;
};

template <class T>
constexpr auto asked_by_or_null() noexcept -> pid (*)(node&) noexcept {
  if constexpr (names_asker<T>) {
    return [](node& n) noexcept { return payload_of<T>(n).asked_by(); };
  } else {
    return nullptr;
  }
}

template <class T, node_kind Kind = node_kind::message>
inline constexpr message_type type_of{
    std::is_trivially_destructible_v<T> && alignof(T) <= pool_alignment ? nullptr : &destroy_node_of<T>,
    static_cast<std::uint32_t>(payload_offset_of<T> + sizeof(T)),
    Kind,
    &typeid(T),
    base_type_or_null<T>(),
    asked_by_or_null<T>(),
};

/// Whether the message in `n` is of this type. Two modules that hide their symbols have a description each of the same type;
/// then the names of the types tell.
[[nodiscard]] inline bool is_a(const node& n, const message_type& type) noexcept {
  return n.type == &type || (n.type->kind == type.kind && *n.type->type == *type.type);
}

inline void destroy_node(node* n) noexcept {
  if (n->type->destroy != nullptr) return n->type->destroy(*n);
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
  static_assert(sizeof(T) < UINT32_MAX - 4096, "joist: a message has at most 4 GiB: put more behind a std::unique_ptr");
  constexpr const message_type& type = type_of<T, Kind>;
  void* memory = allocate_aligned<alignof(T)>(type.node_bytes);
  auto* made = ::new (memory) node{nullptr, &type, 0};
  void* payload = static_cast<std::byte*>(memory) + payload_offset_of<T>;
  if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
    construct<T>(payload, std::forward<Args>(args)...);
  } else {
    try {
      construct<T>(payload, std::forward<Args>(args)...);
    } catch (...) {
      release_aligned<alignof(T)>(memory, type.node_bytes);
      throw;
    }
  }
  return node_ptr{made};
}

}  // namespace joist::inline v0::detail
