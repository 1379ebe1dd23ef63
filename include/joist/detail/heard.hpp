// joist/detail/heard.hpp: whether anybody may listen to an event, for those who look at each message.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace joist::inline v0::telemetry::detail {

/// The bit of an event, by its name, in the word of the runtime; events may share one.
constexpr std::uint64_t bit_of(std::string_view name) noexcept {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return std::uint64_t{1} << (hash >> 58);
}

inline constexpr std::string_view handled_event = "joist.server.handled";
inline constexpr std::string_view call_event = "joist.server.call";

/// The caller's runtime's: the bits of those events that have a handler. Null: the caller is no process.     [any thread]
[[nodiscard]] const std::atomic<std::uint64_t>* heard_word() noexcept;

[[nodiscard]] inline bool is_heard(const std::atomic<std::uint64_t>* heard, std::uint64_t bit) noexcept {
  return heard != nullptr && (heard->load(std::memory_order_relaxed) & bit) != 0;  // relaxed: as event_handlers::is_heard
}

}  // namespace joist::inline v0::telemetry::detail
