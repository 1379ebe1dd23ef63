// dist/read_state.hpp: what came of reading a message of a protocol out of bytes that may go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace joist::inline v0::dist::detail {

enum class read_state : std::uint8_t { whole, incomplete, broken };

struct read_verdict {
  read_state state = read_state::incomplete;
  std::size_t bytes = 0;      ///< of a whole message
  std::string_view why = {};  ///< it is broken
};

[[nodiscard]] constexpr read_verdict read_whole(std::size_t bytes) noexcept { return {read_state::whole, bytes, {}}; }
[[nodiscard]] constexpr read_verdict broken_because(std::string_view why) noexcept { return {read_state::broken, 0, why}; }

}  // namespace joist::inline v0::dist::detail
