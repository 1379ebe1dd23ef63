// web/channels/frames.hpp: what the official clients of Phoenix and a server say to each other, as values and as bytes.
// Pure.
//
//   version 2   text     [join_ref, ref, topic, event, payload]
//               binary   0 push · lengths of join_ref, ref (from clients), topic, event · these · payload
//                        1 reply · lengths of join_ref, ref, topic, status · these · payload
//                        2 broadcast · lengths of topic, event · these · payload
//   version 1   text     {"topic":, "event":, "payload":, "ref":, "join_ref":}
//
// Phoenix: Phoenix.Socket.V2.JSONSerializer, V1.JSONSerializer; recorded: tests/web/channels/frames_test.cpp.
#pragma once

#include <joist/result.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/json_value.hpp>
#include <joist/web/payload.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web::channels {

/// Of refs and events, and of topics that are joined, as far as the lengths of binary messages go: a channel that sends
/// bytes can name in them what its client has named.
inline constexpr std::size_t most_name_bytes = 0xff;

/// A message of a client.
struct client_frame {
  ref_text join_ref;
  ref_text ref;
  std::string topic;
  std::string event;
  client_payload body;
  burden weight = {};
};

/// What a message takes in memory, about: of JSON the values, which take a multiple of their text.     [any thread]
[[nodiscard]] std::size_t memory_of(const client_frame& f) noexcept;

/// The version that a client asks for by `vsn`; nothing: none that is spoken here.     [any thread]
[[nodiscard]] std::optional<protocol_version> version_of(std::optional<std::string_view> vsn) noexcept;

/// The error says what was expected.     [any thread]
[[nodiscard]] result<client_frame, std::string> read_text(protocol_version v, std::string_view text);
[[nodiscard]] result<client_frame, std::string> read_binary(protocol_version v, std::string_view bytes);

/// Binary payloads: names of more than 255 bytes, and version 1, throw errc::bad_argument.     [any thread]
[[nodiscard]] encoded write_reply(protocol_version v, const ref_text& join_ref, const ref_text& ref, std::string_view topic,
                                  const reply& answer);
[[nodiscard]] encoded write_push(protocol_version v, const ref_text& join_ref, const ref_text& ref, std::string_view topic,
                                 std::string_view event, const payload& body);
[[nodiscard]] encoded write_broadcast(protocol_version v, std::string_view topic, std::string_view event,
                                      const payload& body);

}  // namespace joist::inline v0::web::channels
