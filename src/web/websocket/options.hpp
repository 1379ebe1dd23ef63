// web/websocket/options.hpp: what of websocket_options makes sense.
#pragma once

#include <joist/web/websocket.hpp>

namespace joist::inline v0::web::ws {

/// Throws errc::bad_argument for what does not.     [any thread]
void check_options(const websocket_options& o);

}  // namespace joist::inline v0::web::ws
