#include "web/websocket/options.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include "web/websocket/tokens.hpp"

namespace joist::inline v0::web::ws {

void check_options(const websocket_options& o) {
  if (o.ping_every.count() <= 0 || o.write.count() <= 0 || o.message.count() <= 0 || o.close_wait.count() <= 0)
    throw error{errc::bad_argument,
                "websocket_options: expected ping_every, write, message and close_wait of more than 0 ms"};
  if (o.max_message_bytes == 0)
    throw error{errc::bad_argument, "websocket_options: expected max_message_bytes of 1 or more"};
  for (const auto& protocol : o.protocols) {
    if (!is_token(protocol))
      throw error{
          errc::bad_argument,
          fmt::format("websocket_options: expected protocols of letters, digits and !#$%&'*+-.^_`|~, got \"{}\"", protocol)};
  }
}

}  // namespace joist::inline v0::web::ws
