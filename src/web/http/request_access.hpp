// web/http/request_access.hpp: what the reader and the router put into a request, and users only read.
#pragma once

#include <joist/web/request.hpp>

#include <string>
#include <string_view>

#include "web/http/target.hpp"

namespace joist::inline v0::web::http {

struct request_access {
  /// All but the body. `parts` was made of this target.
  [[nodiscard]] static request make(request_parts&& head, target_parts parts);

  /// What the connection knows, and no byte of the request says. The connection outlives the request.
  static void came_by(request& in, const net::stream& connection, bool secure) noexcept {
    in.connection_ = &connection;
    in.secure_ = secure;
  }

  /// The pattern outlives the request.
  static void begin_route(request& in, std::string_view pattern) noexcept {
    in.route_ = pattern;
    in.params_.clear();
  }
  /// `name` outlives the request.
  static void add_param(request& in, std::string_view name, std::size_t segment);
  /// From a segment on to the end of the path.
  static void add_rest(request& in, std::string_view name, std::size_t segment);
};

}  // namespace joist::inline v0::web::http
