// joist/local.hpp: storage of one process, for what thread_local is used for elsewhere. A process moves between
// threads, so thread_local is not for processes.
//
//   joist::process_local<int> depth;      // at namespace scope, or static
//   ++depth.get();                        // this process's own
//
// OTP: the process dictionary.
#pragma once

#include <joist/detail/node.hpp>

#include <memory>
#include <new>
#include <utility>

namespace joist::inline v0 {

namespace detail {
struct local_slot {
  void* value;
  void (*destroy)(void*) noexcept;
};
[[nodiscard]] local_slot& local_storage(const void* key);
[[nodiscard]] local_slot* find_local_storage(const void* key);
}  // namespace detail

/// One T in each process that asks for it: made by T{} at the first get(), destroyed when the process ends.
template <class T>
class process_local {
 public:
  constexpr process_local() = default;
  process_local(const process_local&) = delete;
  process_local& operator=(const process_local&) = delete;

  /// This process's T. The reference holds while the process lives.     [process]
  [[nodiscard]] T& get() const {
    const detail::local_slot* slot = detail::find_local_storage(this);
    if (slot != nullptr && slot->value != nullptr) return *static_cast<T*>(slot->value);
    std::unique_ptr<T, remove> made{make()};  // which may ask for others: the place is looked up after it
    detail::local_storage(this) = {made.get(), [](void* value) noexcept { remove{}(static_cast<T*>(value)); }};
    return *made.release();
  }
  /// Whether this process has one yet.     [process]
  [[nodiscard]] bool has_value() const {
    const detail::local_slot* slot = detail::find_local_storage(this);
    return slot != nullptr && slot->value != nullptr;
  }

 private:
  struct remove {
    void operator()(T* value) const noexcept {
      value->~T();
      detail::release_aligned<alignof(T)>(value, sizeof(T));
    }
  };
  [[nodiscard]] static T* make() {
    void* memory = detail::allocate_aligned<alignof(T)>(sizeof(T));
    try {
      return ::new (memory) T{};
    } catch (...) {
      detail::release_aligned<alignof(T)>(memory, sizeof(T));
      throw;
    }
  }
};

}  // namespace joist::inline v0
