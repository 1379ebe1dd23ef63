// joist/local.hpp: storage of one process, for what thread_local is used for elsewhere. A process moves between
// threads, so thread_local is not for processes.
//
//   joist::process_local<int> depth;      // at namespace scope, or static
//   ++depth.get();                        // this process's own
//
// OTP: the process dictionary.
#pragma once

#include <joist/detail/node.hpp>

#include <new>

namespace joist::inline v0 {

namespace detail {
/// A value of a process, before the value itself; in the list of its process.
struct local_value {
  const void* key;
  void (*remove)(local_value&) noexcept;
  local_value* next = nullptr;
};
[[nodiscard]] local_value* find_local(const void* key);
void add_local(local_value& made);
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
    if (detail::local_value* found = detail::find_local(this)) return static_cast<place*>(found)->value;
    place& made = make();  // T{} may ask for others
    try {
      detail::add_local(made);
    } catch (...) {  // no memory for the list
      remove(made);
      throw;
    }
    return made.value;
  }
  /// Whether this process has one yet.     [process]
  [[nodiscard]] bool has_value() const { return detail::find_local(this) != nullptr; }

 private:
  struct place : detail::local_value {
    explicit place(const void* k) : detail::local_value{k, &process_local::remove} {}
    T value{};
  };
  [[nodiscard]] place& make() const {
    void* memory = allocate();
    try {
      return *::new (memory) place{this};
    } catch (...) {
      release(memory);
      throw;
    }
  }
  static void remove(detail::local_value& of) noexcept {
    auto& p = static_cast<place&>(of);
    p.~place();
    release(&p);
  }
  [[nodiscard]] static void* allocate() {
    if constexpr (alignof(place) <= detail::pool_alignment) return base::pool_allocate_uncounted(sizeof(place));
    return ::operator new (sizeof(place), std::align_val_t{alignof(place)});
  }
  static void release(void* memory) noexcept {
    if constexpr (alignof(place) <= detail::pool_alignment) return base::pool_release_uncounted(memory, sizeof(place));
    ::operator delete (memory, std::align_val_t{alignof(place)});
  }
};

}  // namespace joist::inline v0
