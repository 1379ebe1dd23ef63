// joist/net/detail/descriptor.hpp: what streams, listeners and datagram sockets hold: a descriptor of the system that
// belongs to one process at a time. src/net/descriptor.cpp says how.
#pragma once

#include <cstdint>
#include <utility>

namespace joist::inline v0::net::detail {

struct entry;

class descriptor {
 public:
  descriptor() noexcept = default;
  /// Of an entry that was just taken.
  explicit descriptor(entry& of) noexcept;
  /// Who has it after a move belongs to no process until one uses it.     [any thread]
  descriptor(descriptor&& from) noexcept : entry_{std::exchange(from.entry_, nullptr)}, id_{std::exchange(from.id_, 0)} {
    if (entry_ != nullptr) let_go();
  }
  descriptor& operator=(descriptor&& from) noexcept {
    if (this != &from) {
      close();
      entry_ = std::exchange(from.entry_, nullptr);
      id_ = std::exchange(from.id_, 0);
      if (entry_ != nullptr) let_go();
    }
    return *this;
  }
  ~descriptor() { close(); }

  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  /// -1 when closed.
  [[nodiscard]] int number() const noexcept;
  /// 0 when closed.
  [[nodiscard]] std::uint64_t id() const noexcept { return is_open() ? id_ : 0; }
  [[nodiscard]] entry* get() const noexcept { return is_open() ? entry_ : nullptr; }

 private:
  void let_go() noexcept;

  entry* entry_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace joist::inline v0::net::detail
