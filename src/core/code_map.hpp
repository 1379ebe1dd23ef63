// core/code_map.hpp: what code the program has mapped, by /proc/self/maps, and which words of a stack look like return
// addresses. Takes no lock of the loader's: who looks after stuck threads must not wait for one that is stuck in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace joist::inline v0::core {

class code_map {
 public:
  /// As it is now; empty where the kernel does not tell.
  code_map();

  [[nodiscard]] bool is_code(std::uintptr_t address) const noexcept;
  /// Whether a call instruction ends there.
  [[nodiscard]] bool follows_call(std::uintptr_t address) const noexcept;
  /// "module+offset", as addr2line takes it.
  [[nodiscard]] std::string name(std::uintptr_t address) const;
  /// Those that follow a call, at most `most`, the innermost first. Some may be of calls that are over.
  [[nodiscard]] std::vector<std::uintptr_t> return_addresses(std::span<const std::uintptr_t> stack, std::size_t most) const;

 private:
  struct range {
    std::uintptr_t begin, end;
    std::size_t module;
  };
  struct module {
    std::string path;
    std::uintptr_t base;
  };
  [[nodiscard]] const range* find(std::uintptr_t address) const noexcept;

  std::vector<range> code_;  // in order
  std::vector<module> modules_;
};

/// Copies memory of this program that may be gone; the number of bytes that were there.
[[nodiscard]] std::size_t copy_what_is_there(void* to, std::uintptr_t from, std::size_t bytes) noexcept;

}  // namespace joist::inline v0::core
