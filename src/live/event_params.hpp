// live/event_params.hpp: what comes with an event of the client, as one JSON value for the handler.
//
//   user[name]=ann&user[tags][]=a&user[tags][]=b      {"user": {"name": "ann", "tags": ["a", "b"]}}
//   _target=user[name]                                "_target": ["user", "name"]: the field that has changed
//
// Pure. Plug.Conn.Query; Phoenix.LiveView.Channel, decode_event_type.
#pragma once

#include <joist/web/json_value.hpp>

#include <string_view>

namespace joist::inline v0::live {

/// The names of a form, taken apart. Where two do not agree what a name is, the last one counts.     [any thread]
[[nodiscard]] web::json_value form_params(std::string_view urlencoded);
/// The value of an event of this type: a form's is a text. `message`: all that the client has sent.     [any thread]
[[nodiscard]] web::json_value event_params(const web::json_value& message);

}  // namespace joist::inline v0::live
