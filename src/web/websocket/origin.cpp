#include "web/websocket/origin.hpp"

#include <algorithm>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::ws {

bool may_ask(const request& in, const std::vector<std::string>& allowed) {
  const auto origin = in.fields().find("Origin");
  if (!origin) return true;
  if (std::find(allowed.begin(), allowed.end(), "*") != allowed.end()) return true;
  if (std::find(allowed.begin(), allowed.end(), *origin) != allowed.end()) return true;
  const auto at = origin->find("://");
  return at != origin->npos && http::same_word(origin->substr(at + 3), in.host());
}

}  // namespace joist::inline v0::web::ws
