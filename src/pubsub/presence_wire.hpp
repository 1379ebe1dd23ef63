// pubsub/presence_wire.hpp: what nodes tell each other of who is present, as bytes.
//
//   version   1 byte, 1
//   kind      1 byte
//   from      length, name; incarnation (8 bytes, low first)
//   heartbeat   clock, part        where it stands, and what has changed since the last one
//   request     incarnation, set   what somebody has seen of that one
//   transfer    part               what somebody lacks
//   gone                           it stops; what is known of it may be forgotten
//
//   set    count, then of each span: how far it begins behind the end of the one before, and its numbers less one
//   part   seen, kept, count, then of each entry: how far its number is behind that of the one before, how far what it is an
//          update of is before it (0: of nothing), process (8 bytes), topic (length and 1, or 0: the same), key, meta
//
// Numbers and lengths are LEB128 where nothing else is said. Pure. What comes over a network is refused, or is what somebody
// may have written: within its numbers, and as large in memory as some multiple of its bytes.
#pragma once

#include <joist/pubsub/message_format.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pubsub/presence_state.hpp"

namespace joist::inline v0::detail {

struct presence_packet {
  enum class kind : std::uint8_t { heartbeat = 1, request, transfer, gone };
  kind what = kind::heartbeat;
  replica_id from;
  std::uint64_t clock = 0;  ///< of a heartbeat
  std::uint64_t asked = 0;  ///< of a request: the incarnation that it is for
  clock_set seen = {};      ///< of a request
  presence_part part = {};  ///< of a heartbeat and a transfer
};

[[nodiscard]] std::string write_packet(const presence_packet& p);
[[nodiscard]] std::optional<presence_packet> read_packet(std::string_view bytes);

}  // namespace joist::inline v0::detail

namespace joist::inline v0 {

template <>
struct message_format<detail::presence_packet> {
  static constexpr std::string_view name = "joist.presence";
  [[nodiscard]] static std::string write(const detail::presence_packet& p) { return detail::write_packet(p); }
  [[nodiscard]] static std::optional<detail::presence_packet> read(std::string_view bytes) {
    return detail::read_packet(bytes);
  }
};

}  // namespace joist::inline v0
