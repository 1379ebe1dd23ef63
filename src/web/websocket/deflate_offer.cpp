#include "web/websocket/deflate_offer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "web/websocket/tokens.hpp"

namespace joist::inline v0::web::ws {
namespace {

constexpr std::string_view permessage_deflate = "permessage-deflate";
constexpr std::uint8_t least_window_bits = 9;  // of zlib

// The four parameters, as they are written.
struct written {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<std::uint8_t> server_bits;
  std::optional<std::uint8_t> client_bits;
  bool client_bits_without_value = false;  // in an offer: the server may say how many
};

// 8 to 15, in decimal and without a zero in front.
std::optional<std::uint8_t> window_bits(std::string_view value) noexcept {
  const auto is = [&](std::string_view a) { return value == a; };
  if (is("8") || is("9")) return static_cast<std::uint8_t>(value[0] - '0');
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5')
    return static_cast<std::uint8_t>(10 + (value[1] - '0'));
  return {};
}

bool set_once(bool& flag, const extension::parameter& p) noexcept {
  const bool right = !flag && !p.value;
  flag = true;
  return right;
}

bool set_once(std::optional<std::uint8_t>& bits, const extension::parameter& p) noexcept {
  if (bits || !p.value) return false;
  bits = window_bits(*p.value);
  return bits.has_value();
}

bool set(written& w, const extension::parameter& p) noexcept {
  if (same_word(p.name, "server_no_context_takeover")) return set_once(w.server_no_takeover, p);
  if (same_word(p.name, "client_no_context_takeover")) return set_once(w.client_no_takeover, p);
  if (same_word(p.name, "server_max_window_bits")) return set_once(w.server_bits, p);
  if (!same_word(p.name, "client_max_window_bits") || w.client_bits_without_value) return false;
  if (p.value) return set_once(w.client_bits, p);
  w.client_bits_without_value = true;
  return !w.client_bits;
}

// None: unknown parameters, or wrong values, or one of them twice.
std::optional<written> read(const extension& e) noexcept {
  written w;
  const bool all = std::all_of(e.parameters.begin(), e.parameters.end(), [&](const auto& p) { return set(w, p); });
  return all ? std::optional{w} : std::nullopt;
}

std::optional<deflate_agreement> accept(const written& offer, const deflate_parameters& wish) {
  const bool may_limit_client = offer.client_bits || offer.client_bits_without_value;
  if (offer.server_bits.value_or(15) < least_window_bits) return {};
  if (wish.client.window_bits < 15 && !may_limit_client) return {};
  deflate_agreement agreed;
  auto& [server, client] = agreed.parameters;
  agreed.header = permessage_deflate;
  server.context_takeover = wish.server.context_takeover && !offer.server_no_takeover;
  if (!server.context_takeover) agreed.header += "; server_no_context_takeover";
  client.context_takeover = wish.client.context_takeover && !offer.client_no_takeover;
  if (!client.context_takeover) agreed.header += "; client_no_context_takeover";
  server.window_bits = std::min(wish.server.window_bits, offer.server_bits.value_or(15));
  if (offer.server_bits || server.window_bits < 15)
    agreed.header += fmt::format("; server_max_window_bits={}", server.window_bits);
  // A client that says 8 keeps to 8 without an answer, which must not be more; to inflate with 9 does as well.
  const auto client_bits = std::min(wish.client.window_bits, offer.client_bits.value_or(15));
  client.window_bits = std::max(client_bits, least_window_bits);
  if (may_limit_client && client_bits >= least_window_bits && (offer.client_bits || client_bits < 15))
    agreed.header += fmt::format("; client_max_window_bits={}", client_bits);
  return agreed;
}

}  // namespace

std::optional<deflate_agreement> accept_deflate(std::span<const extension> offers, const deflate_parameters& wish) {
  for (const auto& e : offers) {
    if (!same_word(e.name, permessage_deflate)) continue;
    const auto offer = read(e);
    if (!offer) continue;
    if (auto agreed = accept(*offer, wish)) return agreed;
  }
  return {};
}

std::string offer_deflate(const deflate_parameters& wish) {
  std::string header{permessage_deflate};
  if (!wish.server.context_takeover) header += "; server_no_context_takeover";
  if (!wish.client.context_takeover) header += "; client_no_context_takeover";
  if (wish.server.window_bits < 15) header += fmt::format("; server_max_window_bits={}", wish.server.window_bits);
  header += "; client_max_window_bits";
  if (wish.client.window_bits < 15) header += fmt::format("={}", wish.client.window_bits);
  return header;
}

result<std::optional<deflate_parameters>, std::string> check_deflate(std::span<const extension> answer,
                                                                     const deflate_parameters& wish) {
  const auto wrong = [](std::string_view why) {
    return failure{fmt::format("Sec-WebSocket-Extensions: expected an answer to the offer of permessage-deflate: {}", why)};
  };
  if (answer.empty()) return std::optional<deflate_parameters>{};
  if (answer.size() > 1) return wrong("there is more than one");
  if (!same_word(answer.front().name, permessage_deflate)) return wrong("there is one that was not offered");
  const auto said = read(answer.front());
  if (!said || said->client_bits_without_value) return wrong("a parameter is unknown, comes twice or has a wrong value");
  if (said->server_bits.value_or(15) > wish.server.window_bits) return wrong("the window of the server is too large");
  if (said->client_bits && *said->client_bits > wish.client.window_bits)
    return wrong("it lets the client have more than it offers");
  if (said->client_bits.value_or(15) < least_window_bits) return wrong("a window of 8 bits is too small for zlib");
  if (!wish.server.context_takeover && !said->server_no_takeover) return wrong("the server wants context takeover");
  deflate_parameters agreed;
  agreed.server = {std::max(said->server_bits.value_or(15), least_window_bits), !said->server_no_takeover};
  agreed.client = {std::min(said->client_bits.value_or(15), wish.client.window_bits),
                   wish.client.context_takeover && !said->client_no_takeover};
  return std::optional{agreed};
}

}  // namespace joist::inline v0::web::ws
