// web/websocket/handshake.hpp: from HTTP to WebSocket: what a client asks, and what a server answers. RFC 6455, section 4.
// Pure: on values of headers, of which several of one name are joined by commas, and absent ones empty.
//
// See also: accept_key.hpp, deflate_offer.hpp.
#pragma once

#include <joist/result.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "web/websocket/deflate_offer.hpp"

namespace joist::inline v0::web::ws {

struct header_field {
  std::string_view name;  // of static storage
  std::string value;
};

// -- the server

struct upgrade_request {
  std::string_view method{};
  unsigned http_version = 11;  // 10 times the major number, and the minor one
  std::string_view upgrade{}, connection{};
  std::string_view version{}, key{}, protocols{}, extensions{};  // Sec-WebSocket-...
  bool has_body = false;
};

/// What a server agrees to.
struct upgrade_policy {
  std::span<const std::string> protocols{};     // that it speaks
  std::optional<deflate_parameters> deflate{};  // none: no compression
};

struct upgrade_answer {  // 101
  std::vector<header_field> fields;
  std::string protocol;  // empty: none
  std::optional<deflate_parameters> deflate;
};

struct upgrade_refusal {
  unsigned status = 400;
  std::string_view sentence;
  std::vector<header_field> fields;
};

/// Answers a request. Of the subprotocols it takes the client's first that the server speaks; none, where there is none.
///     [any thread]
[[nodiscard]] result<upgrade_answer, upgrade_refusal> answer_upgrade(const upgrade_request& request,
                                                                     const upgrade_policy& policy);

// -- the client

struct upgrade_offer {
  std::span<const std::string> protocols{};  // the best first
  std::optional<deflate_parameters> deflate{};
};

struct upgrade_response {
  unsigned status = 101;
  std::string_view upgrade{}, connection{};
  std::string_view accept{}, protocol{}, extensions{};  // Sec-WebSocket-...
};

struct upgrade_agreement {
  std::string protocol;  // empty: none
  std::optional<deflate_parameters> deflate;
};

/// What a request for an upgrade holds besides its target and host. `key`: make_key of 16 random bytes.     [any thread]
[[nodiscard]] std::vector<header_field> ask_for_upgrade(std::string_view key, const upgrade_offer& offer);
/// Whether the response fits the request. The error is a sentence, and the connection is to be given up.     [any thread]
[[nodiscard]] result<upgrade_agreement, std::string> check_upgrade(const upgrade_response& response, std::string_view key,
                                                                   const upgrade_offer& offer);

}  // namespace joist::inline v0::web::ws
