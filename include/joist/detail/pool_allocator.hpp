// joist/detail/pool_allocator.hpp: small things that live as long as their process, in the pools of sizes: from the heap
// they would lie between what comes and goes, and keep its pages.
#pragma once

#include <joist/detail/node.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace joist::inline v0::detail {

template <class T>
struct pool_allocator {
  static_assert(alignof(T) <= pool_alignment);
  using value_type = T;
  pool_allocator() noexcept = default;
  template <class Other>
  pool_allocator(const pool_allocator<Other>&) noexcept {}
  [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(base::pool_allocate_uncounted(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { base::pool_release_uncounted(memory, count * sizeof(T)); }
  template <class Other>
  friend bool operator==(const pool_allocator&, const pool_allocator<Other>&) noexcept {
    return true;
  }
};

template <class T, class... Arguments>
[[nodiscard]] std::shared_ptr<T> make_pooled(Arguments&&... arguments) {
  return std::allocate_shared<T>(pool_allocator<std::remove_const_t<T>>{}, std::forward<Arguments>(arguments)...);
}

}  // namespace joist::inline v0::detail
