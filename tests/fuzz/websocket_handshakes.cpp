// tests/fuzz/websocket_handshakes.cpp: whatever header values come, a handshake is agreed on or refused by a page, what is
// answered is clean and within what was wished for; and what our client asks of our server, both understand the same.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.websocket_handshakes
//   build/fuzz/tests/fuzz/fuzz.websocket_handshakes -max_total_time=60 new_inputs tests/fuzz/corpus/websocket_handshakes
//
// An input is a byte of what the server wishes, a byte of what the client wishes (8: no context takeover, 7: bits of the
// window below 15), and the values of Sec-WebSocket-Extensions, -Protocol, -Key, -Version, Connection and Upgrade, a line
// each; lines that are missing are right.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "web/websocket/accept_key.hpp"
#include "web/websocket/handshake.hpp"

namespace {

using namespace joist::web::ws;

constexpr std::string_view right_key = "dGhlIHNhbXBsZSBub25jZQ==";
const std::array<std::string, 2> spoken{"chat.v2", "chat.v1"};

deflate_parameters wish_of(std::uint8_t bits) {
  const auto one = [](unsigned b) {
    return compression{static_cast<std::uint8_t>(15 - std::min(b & 7U, 6U)), (b & 8U) == 0};
  };
  return {one(bits), one(bits >> 4U)};
}

bool within(const compression& agreed, const compression& wish) {
  return agreed.window_bits >= 9 && agreed.window_bits <= wish.window_bits &&
         (wish.context_takeover || !agreed.context_takeover);
}

std::string_view value_of(const std::vector<header_field>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [name](const auto& f) { return f.name == name; });
  return found != fields.end() ? std::string_view{found->value} : std::string_view{};
}

void check_clean(const std::vector<header_field>& fields) {
  for (const header_field& f : fields)
    JOIST_ASSERT(f.value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos, "no value ends its line");
}

upgrade_response response_of(const upgrade_answer& answer) {
  return {.status = 101,
          .upgrade = value_of(answer.fields, "Upgrade"),
          .connection = value_of(answer.fields, "Connection"),
          .accept = value_of(answer.fields, "Sec-WebSocket-Accept"),
          .protocol = value_of(answer.fields, "Sec-WebSocket-Protocol"),
          .extensions = value_of(answer.fields, "Sec-WebSocket-Extensions")};
}

// What a stranger asks of our server.
void asked_by_a_stranger(const upgrade_request& request, const upgrade_policy& policy) {
  const auto answer = answer_upgrade(request, policy);
  if (!answer) {
    const unsigned status = answer.error().status;
    JOIST_ASSERT(status == 400 || status == 426, "a refusal says that the client is wrong");
    JOIST_ASSERT(!answer.error().sentence.empty(), "a refusal says why");
    check_clean(answer.error().fields);
    return;
  }
  check_clean(answer->fields);
  JOIST_ASSERT(is_key(request.key) || request.key.find_first_of(" \t") != request.key.npos, "the key is one");
  JOIST_ASSERT(answer->protocol.empty() || std::ranges::find(spoken, answer->protocol) != spoken.end(),
               "a protocol is spoken");
  JOIST_ASSERT(answer->protocol.empty() || request.protocols.find(answer->protocol) != request.protocols.npos,
               "and was asked for");
  if (!answer->deflate) return;
  JOIST_ASSERT(within(answer->deflate->server, policy.deflate->server), "the server compresses as it wishes");
  JOIST_ASSERT(
      answer->deflate->client.window_bits >= 9 && answer->deflate->client.window_bits <= policy.deflate->client.window_bits,
      "the client's window is no larger than the server wishes");
  JOIST_ASSERT(parse_extensions(value_of(answer->fields, "Sec-WebSocket-Extensions")).has_value(), "the answer is a list");
}

// What our client asks of our server.
void asked_by_us(const deflate_parameters& wish, const upgrade_policy& policy, std::size_t protocols) {
  const upgrade_offer offer{.protocols = std::span{spoken}.first(protocols), .deflate = wish};
  const auto asked = ask_for_upgrade(right_key, offer);
  check_clean(asked);
  const auto answer = answer_upgrade({.method = "GET",
                                      .upgrade = value_of(asked, "Upgrade"),
                                      .connection = value_of(asked, "Connection"),
                                      .version = value_of(asked, "Sec-WebSocket-Version"),
                                      .key = value_of(asked, "Sec-WebSocket-Key"),
                                      .protocols = value_of(asked, "Sec-WebSocket-Protocol"),
                                      .extensions = value_of(asked, "Sec-WebSocket-Extensions")},
                                     policy);
  JOIST_ASSERT(answer.has_value() && answer->deflate.has_value(), "our server takes what our client asks");
  const auto agreed = check_upgrade(response_of(*answer), right_key, offer);
  JOIST_ASSERT(agreed.has_value(), "our client takes what our server answers");
  JOIST_ASSERT(agreed->protocol == answer->protocol, "both have the same protocol");
  JOIST_ASSERT(agreed->deflate.has_value() && agreed->deflate->server == answer->deflate->server,
               "both know how the server compresses");
  JOIST_ASSERT(agreed->deflate->client.window_bits <= answer->deflate->client.window_bits, "the server can read the client");
  JOIST_ASSERT(!agreed->deflate->client.context_takeover || answer->deflate->client.context_takeover, "message by message");
}

// What a stranger answers to our client.
void answered_by_a_stranger(const upgrade_response& response, const deflate_parameters& wish) {
  const upgrade_offer offer{.protocols = spoken, .deflate = wish};
  const auto agreed = check_upgrade(response, right_key, offer);
  if (!agreed) {
    JOIST_ASSERT(!agreed.error().empty(), "a refusal says why");
    return;
  }
  JOIST_ASSERT(agreed->protocol.empty() || std::ranges::find(spoken, agreed->protocol) != spoken.end(),
               "a protocol was offered");
  if (agreed->deflate) JOIST_ASSERT(within(agreed->deflate->client, wish.client), "the client compresses as it wishes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const deflate_parameters server_wish = wish_of(data[0]);
  const deflate_parameters client_wish = wish_of(data[1]);
  std::array<std::string_view, 6> lines{"", "", right_key, "13", "Upgrade", "websocket"};
  std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};
  for (std::size_t i = 0; i < lines.size() && !text.empty(); ++i) {
    const auto end = text.find('\n');
    if (end > 0) lines[i] = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  }
  const auto& [extensions, protocols, key, version, connection, upgrade] = lines;
  const upgrade_policy policy{.protocols = spoken, .deflate = server_wish};
  asked_by_a_stranger({.method = "GET",
                       .upgrade = upgrade,
                       .connection = connection,
                       .version = version,
                       .key = key,
                       .protocols = protocols,
                       .extensions = extensions},
                      policy);
  asked_by_us(client_wish, policy, size % 3);
  const std::string proof = accept_key(right_key);
  answered_by_a_stranger({.status = 101,
                          .upgrade = upgrade,
                          .connection = connection,
                          .accept = proof,
                          .protocol = protocols,
                          .extensions = extensions},
                         client_wish);
  return 0;
}
