// core/worker_list.hpp: all workers that a runtime has made. It grows, up to a limit fixed at the start, and never shrinks:
// who found a worker in it may keep the pointer as long as the runtime lives.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace joist::inline v0::core {

struct worker;

class worker_list {
 public:
  explicit worker_list(std::size_t capacity) : capacity_{capacity}, all_{new std::unique_ptr<worker>[capacity]} {}

  /// False when it is full.     [one thread at a time]
  [[nodiscard]] bool has_room() const noexcept { return size() < capacity_; }
  worker& add(std::unique_ptr<worker> w) noexcept {
    const std::size_t n = size_.load(std::memory_order_relaxed);
    all_[n] = std::move(w);
    // release: the worker. Pairs with size().
    size_.store(n + 1, std::memory_order_release);
    return *all_[n];
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] worker& operator[](std::size_t n) const noexcept { return *all_[n]; }
  [[nodiscard]] const std::unique_ptr<worker>* begin() const noexcept { return all_.get(); }
  [[nodiscard]] const std::unique_ptr<worker>* end() const noexcept { return all_.get() + size(); }

 private:
  const std::size_t capacity_;
  std::unique_ptr<std::unique_ptr<worker>[]> all_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace joist::inline v0::core
