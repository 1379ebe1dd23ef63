#include "web/websocket/handshake.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "web/websocket/accept_key.hpp"
#include "web/websocket/tokens.hpp"

namespace joist::inline v0::web::ws {
namespace {

failure<upgrade_refusal> refused(unsigned status, std::string_view sentence, std::vector<header_field> fields = {}) {
  return {{status, sentence, std::move(fields)}};
}

bool speaks(std::span<const std::string> protocols, std::string_view protocol) noexcept {
  return std::ranges::find(protocols, protocol) != protocols.end();
}

// The first of the client's that the server speaks. Their case counts.
std::string chosen_protocol(std::string_view asked, std::span<const std::string> protocols) {
  std::string chosen;
  any_element(asked, [&](std::string_view protocol) {
    if (!speaks(protocols, protocol)) return false;
    chosen = protocol;
    return true;
  });
  return chosen;
}

std::string joined(std::span<const std::string> protocols) {
  std::string list;
  for (const auto& protocol : protocols) list.append(list.empty() ? "" : ", ").append(protocol);
  return list;
}

bool are_tokens(std::string_view list) {
  return !any_element(list, [](std::string_view element) { return !is_token(element); });
}

}  // namespace

result<upgrade_answer, upgrade_refusal> answer_upgrade(const upgrade_request& request, const upgrade_policy& policy) {
  if (request.method != "GET") return refused(405, "a WebSocket begins with a GET", {{"Allow", "GET"}});
  if (request.http_version < 11) return refused(400, "a WebSocket begins with HTTP/1.1");
  if (!has_word(request.upgrade, "websocket") || !has_word(request.connection, "upgrade"))
    return refused(426, "a WebSocket begins with Upgrade: websocket and Connection: Upgrade",
                   {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}});
  // It would stand where frames are expected, and nobody reads it.
  if (request.has_body) return refused(400, "a WebSocket begins with a GET without a body");
  if (trimmed(request.version) != "13")
    return refused(426, "this server speaks version 13 of WebSocket",
                   {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}});
  const std::string_view key = trimmed(request.key);
  if (!is_key(key)) return refused(400, "Sec-WebSocket-Key is not the base64 of 16 bytes");
  if (!are_tokens(request.protocols)) return refused(400, "Sec-WebSocket-Protocol is no list of names");
  const auto offers = parse_extensions(request.extensions);
  if (!offers) return refused(400, "Sec-WebSocket-Extensions is no list of extensions");

  upgrade_answer answer;
  answer.protocol = chosen_protocol(request.protocols, policy.protocols);
  answer.fields = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept_key(key)}};
  if (!answer.protocol.empty()) answer.fields.push_back({"Sec-WebSocket-Protocol", answer.protocol});
  if (!policy.deflate) return answer;
  if (auto agreed = accept_deflate(*offers, *policy.deflate)) {
    answer.deflate = agreed->parameters;
    answer.fields.push_back({"Sec-WebSocket-Extensions", std::move(agreed->header)});
  }
  return answer;
}

std::vector<header_field> ask_for_upgrade(std::string_view key, const upgrade_offer& offer) {
  std::vector<header_field> fields{{"Upgrade", "websocket"},
                                   {"Connection", "Upgrade"},
                                   {"Sec-WebSocket-Key", std::string{key}},
                                   {"Sec-WebSocket-Version", "13"}};
  if (!offer.protocols.empty()) fields.push_back({"Sec-WebSocket-Protocol", joined(offer.protocols)});
  if (offer.deflate) fields.push_back({"Sec-WebSocket-Extensions", offer_deflate(*offer.deflate)});
  return fields;
}

result<upgrade_agreement, std::string> check_upgrade(const upgrade_response& response, std::string_view key,
                                                     const upgrade_offer& offer) {
  const auto wrong = [](std::string_view what, std::string_view expected, std::string_view got) {
    return failure{fmt::format("{}: expected {}, got \"{}\"", what, expected, got)};
  };
  if (response.status != 101) return wrong("status", "101, switching protocols", std::to_string(response.status));
  if (!same_word(trimmed(response.upgrade), "websocket")) return wrong("Upgrade", "websocket", response.upgrade);
  if (!has_word(response.connection, "upgrade")) return wrong("Connection", "Upgrade", response.connection);
  if (const auto proof = accept_key(key); trimmed(response.accept) != proof)
    return wrong("Sec-WebSocket-Accept", proof, response.accept);
  const std::string_view protocol = trimmed(response.protocol);
  if (!protocol.empty() && !speaks(offer.protocols, protocol))
    return wrong("Sec-WebSocket-Protocol", "one that was offered", protocol);
  const auto extensions = parse_extensions(response.extensions);
  if (!extensions) return failure{extensions.error()};
  if (!offer.deflate) {
    if (!extensions->empty()) return wrong("Sec-WebSocket-Extensions", "none, for none was offered", response.extensions);
    return upgrade_agreement{std::string{protocol}, {}};
  }
  auto deflate = check_deflate(*extensions, *offer.deflate);
  if (!deflate) return failure{std::move(deflate).error()};
  return upgrade_agreement{std::string{protocol}, *deflate};
}

}  // namespace joist::inline v0::web::ws
