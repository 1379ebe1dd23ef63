// web/websocket/origin.hpp: whose pages may ask: what a browser says in Origin. RFC 6455, 10.2. Pure.
#pragma once

#include <joist/web/request.hpp>

#include <string>
#include <vector>

namespace joist::inline v0::web::ws {

/// The host that was asked, or one that `allowed` names, as "https://example.org", or "*". Who sends no Origin is no
/// browser, and may.     [any thread]
[[nodiscard]] bool may_ask(const request& in, const std::vector<std::string>& allowed);

}  // namespace joist::inline v0::web::ws
