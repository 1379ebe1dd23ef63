#include "core/call_sites.hpp"

#include <unwind.h>

#include <cstdint>
#include <cstring>

#include "core/throw_trace.hpp"

namespace joist::inline v0::core {
namespace {

// DWARF's encodings of pointers, as far as compilers use them in these tables.
constexpr std::uint8_t omitted = 0xff;
constexpr std::uint8_t uleb128 = 0x01;
constexpr std::uint8_t udata4 = 0x03;
constexpr std::uint8_t format_bits = 0x0f;

class reader {
 public:
  explicit reader(const std::uint8_t* at) noexcept : at_{at} {}
  [[nodiscard]] const std::uint8_t* at() const noexcept { return at_; }
  std::uint8_t byte() noexcept { return *at_++; }
  std::uint64_t uleb() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t b = byte();
      value |= std::uint64_t{b & 0x7fU} << shift;
      if ((b & 0x80U) == 0) return value;
    }
  }
  std::uint64_t number(std::uint8_t encoding) noexcept {
    if (encoding == uleb128) return uleb();
    std::uint32_t value = 0;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

 private:
  const std::uint8_t* at_;
};

struct entry {
  std::uint64_t start, length, landing_pad, action;
};

bool is_of_the_call(const entry& e, const std::uint8_t* function, std::uint64_t returns_to) noexcept {
  if (returns_to == e.start + e.length) return true;
#if defined(__x86_64__)
  constexpr std::uint8_t call = 0xe8;
  return function[e.start] == call && returns_to == e.start + 5;
#else
  (void)function;
  return returns_to == e.start + 4;
#endif
}

#if defined(__clang__)
// Clang makes of `noexcept` a handler of everything, which ends the program.
bool catches_all(const std::uint8_t* types, std::uint8_t encoding, const std::uint8_t* actions,
                 std::uint64_t action) noexcept {
  if (action == 0) return false;
  const std::size_t size = (encoding & format_bits) == 0 || (encoding & format_bits) == 0x04 ? 8 : 4;
  for (const std::uint8_t* at = actions + action - 1;;) {
    if ((*at & 0x80U) != 0) return true;  // more than 64 types: not looked at
    const int filter = (*at & 0x40U) != 0 ? int(*at) - 0x80 : int(*at);
    if (filter < 0) return true;
    if (filter > 0) {
      static constexpr std::uint8_t none[8] = {};
      if (std::memcmp(types - std::size_t(filter) * size, none, size) == 0) return true;
    }
    const std::uint8_t next = at[1];
    if ((next & 0x80U) != 0) return true;
    if (next == 0) return false;
    at = at + 1 + ((next & 0x40U) != 0 ? int(next) - 0x80 : int(next));
  }
}
#endif

bool passes(const std::uint8_t* table, const std::uint8_t* function, std::uint64_t returns_to) noexcept {
  reader in{table};
  if (in.byte() != omitted) return false;
  [[maybe_unused]] const std::uint8_t type_encoding = in.byte();
  [[maybe_unused]] const std::uint8_t* types = nullptr;
  if (type_encoding != omitted) {
    const std::uint64_t offset = in.uleb();
    types = in.at() + offset;
  }
  const std::uint8_t encoding = in.byte();
  if (encoding != uleb128 && encoding != udata4) return false;
  const std::uint64_t bytes = in.uleb();
  const std::uint8_t* end = in.at() + bytes;
  while (in.at() < end) {
    entry e{};
    e.start = in.number(encoding);
    e.length = in.number(encoding);
    e.landing_pad = in.number(encoding);
    e.action = in.uleb();
    if (!is_of_the_call(e, function, returns_to)) continue;
#if defined(__clang__)
    return e.landing_pad == 0 || !catches_all(types, type_encoding, end, e.action);
#else
    return true;
#endif
  }
  return false;
}

struct walk {
  std::uintptr_t caller;
  bool found_caller = false;
  bool reached_body = false;
};

_Unwind_Reason_Code look_at_frame(_Unwind_Context* context, void* argument) {
  auto& w = *static_cast<walk*>(argument);
  const std::uintptr_t ip = _Unwind_GetIP(context);
  const bool called_the_hook = ip == w.caller && !w.found_caller;
  w.found_caller = w.found_caller || called_the_hook;
  if (!w.found_caller) return _URC_NO_REASON;
  const std::uintptr_t function = _Unwind_GetRegionStart(context);
  if (begins_a_body(function)) {
    w.reached_body = true;
    return _URC_END_OF_STACK;
  }
  const auto* table = reinterpret_cast<const std::uint8_t*>(_Unwind_GetLanguageSpecificData(context));
  if (table == nullptr) return _URC_NO_REASON;
  if (called_the_hook) return _URC_END_OF_STACK;
  return passes(table, reinterpret_cast<const std::uint8_t*>(function), ip - function) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

}  // namespace

bool may_throw_from(const void* caller) noexcept {
  walk w{reinterpret_cast<std::uintptr_t>(caller)};
  _Unwind_Backtrace(&look_at_frame, &w);
  return w.reached_body;
}

}  // namespace joist::inline v0::core
