// web/websocket/extensions.hpp: the list in Sec-WebSocket-Extensions. RFC 6455, 9.1. Pure.
//
//   permessage-deflate; client_max_window_bits; server_max_window_bits="10", permessage-deflate
#pragma once

#include <joist/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web::ws {

struct extension {
  struct parameter {
    std::string name;
    std::optional<std::string> value;  // without its quotes
  };

  std::string name;
  std::vector<parameter> parameters;
};

/// What is offered, or agreed on, in this order. Several headers are one, joined by commas. The error is a sentence.
///     [any thread]
[[nodiscard]] result<std::vector<extension>, std::string> parse_extensions(std::string_view header);

}  // namespace joist::inline v0::web::ws
