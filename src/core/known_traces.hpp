// core/known_traces.hpp: backtraces that were taken before, found again by a look at the stack. To unwind a frame takes some
// thousand instructions, and a program that crashes a lot does it in the same few places.
//
// A trace is remembered as where on the stack its return addresses lie, seen from a frame that all throws of a process have
// (throw_trace.hpp), and what they are. When all of them lie there again, it is the same stack: each address says which
// call of which function the next one belongs to, and so where the next one lies, from the outermost inwards. The innermost
// is that of the throw, so there is nothing below it.
//
// What that does not see: frames whose size changes at run time (alloca, arrays of variable length), where the remains of an
// earlier call may lie where the return address of this one would. Then a line of a backtrace is wrong; nothing else is made
// of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace joist::inline v0::core {

inline constexpr std::size_t most_trace_frames = 64;

/// A stack in the middle of a throw: it may be read from `bottom` up to `top`.
struct traced_stack {
  std::uintptr_t anchor;
  std::uintptr_t bottom;
  std::uintptr_t top;
};

struct return_slot {
  std::ptrdiff_t at = 0;  // from the anchor
  std::uintptr_t holds = 0;
};

/// Of one thread.
class known_traces {
 public:
  static constexpr std::size_t most = 8;

  /// The trace that is on the stack, innermost first; empty: it is not known.
  [[nodiscard]] std::span<const return_slot> find(const traced_stack& s) const noexcept {
    for (const trace& t : traces_) {
      if (t.length > 0 && lies_on(s, t)) return {t.slots.data(), t.length};
    }
    return {};
  }

  /// Remembers a trace, in the place of the one that was remembered first. Not one that is not all on the stack.
  void add(const traced_stack& s, std::span<const return_slot> slots) noexcept {
    if (slots.empty() || slots.size() > most_trace_frames) return;
    trace& t = traces_[next_];
    t.length = slots.size();
    std::copy(slots.begin(), slots.end(), t.slots.begin());
    if (lies_on(s, t)) {
      next_ = (next_ + 1) % most;
    } else {
      t.length = 0;
    }
  }

 private:
  struct trace {
    std::size_t length = 0;
    std::array<return_slot, most_trace_frames> slots{};
  };

  // Innermost first, which differs most. Sanitizers: what is read may be anything.
#if defined(__clang__)
  __attribute__((no_sanitize("address", "thread")))
#else
  __attribute__((no_sanitize_address, no_sanitize_thread))
#endif
  static bool
  lies_on(const traced_stack& s, const trace& t) noexcept {
    for (std::size_t i = 0; i < t.length; ++i) {
      const std::uintptr_t address = s.anchor + static_cast<std::uintptr_t>(t.slots[i].at);
      if (address < s.bottom || address > s.top - sizeof(std::uintptr_t)) return false;
      if (*reinterpret_cast<const volatile std::uintptr_t*>(address) != t.slots[i].holds) return false;
    }
    return true;
  }

  std::array<trace, most> traces_{};
  std::size_t next_ = 0;
};

}  // namespace joist::inline v0::core
