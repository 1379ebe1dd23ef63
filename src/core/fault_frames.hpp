// core/fault_frames.hpp: the frames that a fault interrupted, and whether one of them holds a lock of the C library.
//
// No heap, no lock of ours. Which module code belongs to is read once, when the handlers are installed; names are asked for
// (dladdr) only of frames in the C library, of which there are few.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace joist::inline v0::core {

/// Who an address of code belongs to, as far as we care.
enum class code_owner : std::uint8_t { program, c_library, loader, cpp_runtime, allocator, joist };

/// Reads the modules of the program. False when its C library cannot be told from the rest.     [start-up]
bool read_modules() noexcept;
[[nodiscard]] code_owner owner_of(const void* address) noexcept;

struct fault_frames {
  static constexpr std::size_t most = 64;
  std::array<void*, most> at{};
  std::size_t count = 0;
  const char* locked = nullptr;  // the function that holds a lock, if one does
  bool aborts = false;           // abort() or raise() is among them

  [[nodiscard]] std::vector<void*> trace() const { return {at.begin(), at.begin() + static_cast<std::ptrdiff_t>(count)}; }
  /// The innermost one that is not the C or C++ library's.
  [[nodiscard]] void* place() const noexcept;
};

/// The frames from `pc` outwards, where it was interrupted by the signal that is being handled. Null: from the innermost
/// caller that is neither the runtime of C++ nor our own file, as for std::terminate.
[[nodiscard]] fault_frames walk_from(void* pc) noexcept;

}  // namespace joist::inline v0::core
