// dist/resp.hpp: what Redis says and is told: RESP3, the part that connections with push messages use.
//
// Pure. A reply is read whole or not at all, into a flat list: an aggregate is followed by its elements. What a hostile
// server could blow up is bounded before it is believed: lengths, how many elements there are, lines.
// https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dist/read_state.hpp"

namespace joist::inline v0::dist::detail {

enum class resp_type : std::uint8_t {
  text,    ///< simple, bulk or verbatim string
  error,   ///< simple or bulk
  number,  ///< and doubles, booleans, big numbers: as they are written
  null,
  aggregate,  ///< array, set or map
  push,       ///< an aggregate that nobody has asked for
};

/// One value; of an aggregate its head.
struct resp_value {
  resp_type type = resp_type::null;
  std::string_view text = {};  ///< within the bytes that were read
  std::size_t elements = 0;    ///< that follow; a map has two of each entry
  friend bool operator==(const resp_value&, const resp_value&) = default;
};

inline constexpr std::size_t most_resp_line_bytes = 16 << 10;
inline constexpr std::size_t most_resp_elements = 4096;  // of one reply, with those in them

/// Reads the first reply in `bytes`; `into` holds its values, views of `bytes`, where it is whole. Strings of more than
/// `most_bytes` are broken.
[[nodiscard]] read_verdict read_resp(std::string_view bytes, std::size_t most_bytes, std::vector<resp_value>& into);

/// Appends a command, as an array of bulk strings.
void write_resp(std::string& out, std::initializer_list<std::string_view> words);

}  // namespace joist::inline v0::dist::detail
