// web/websocket/deflate_offer.hpp: how both ends agree on compression. RFC 7692, section 7.1. Pure.
//
// Of the offers of a client the server takes the first that it can keep to. It declines one with parameters that are
// unknown, come twice or have a wrong value; one that wants a window of 8 bits of it, which zlib cannot deflate with; and,
// where it wants a smaller window of the client, one that does not let it.
#pragma once

#include <joist/result.hpp>

#include <optional>
#include <span>
#include <string>

#include "web/websocket/compression.hpp"
#include "web/websocket/extensions.hpp"
#include "web/websocket/frame.hpp"

namespace joist::inline v0::web::ws {

/// How the server compresses, and how the client does. As a wish: at most so; as an agreement: just so.
struct deflate_parameters {
  compression server{};
  compression client{};

  [[nodiscard]] const compression& outgoing(role self) const noexcept { return self == role::server ? server : client; }
  [[nodiscard]] const compression& incoming(role self) const noexcept { return self == role::server ? client : server; }

  friend bool operator==(const deflate_parameters&, const deflate_parameters&) = default;
};

struct deflate_agreement {
  deflate_parameters parameters;
  std::string header;  // the answer
};

/// The server's: what it makes of the offers. None: no compression.     [any thread]
[[nodiscard]] std::optional<deflate_agreement> accept_deflate(std::span<const extension> offers,
                                                              const deflate_parameters& wish);

/// The client's: what it offers.     [any thread]
[[nodiscard]] std::string offer_deflate(const deflate_parameters& wish);
/// The client's: what the server made of that offer. None: no compression. The error is a sentence, and the connection is
/// to be given up.     [any thread]
[[nodiscard]] result<std::optional<deflate_parameters>, std::string> check_deflate(std::span<const extension> answer,
                                                                                   const deflate_parameters& wish);

}  // namespace joist::inline v0::web::ws
