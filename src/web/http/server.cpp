#include <joist/web/server.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "web/http/characters.hpp"
#include "web/http/connection.hpp"
#include "web/http/shown.hpp"

namespace joist::inline v0::web {
namespace {

server_options checked(server_options o) {
  auto require = [&](bool ok, const char* what, auto got) {
    if (!ok)
      throw error{errc::bad_argument,
                  fmt::format("web::server_options of {}: expected {}, got {}", o.at.to_string(), what, got)};
  };
  require(o.limits.head_bytes >= 256, "limits.head_bytes of 256 or more", o.limits.head_bytes);
  require(o.max_requests > 0, "max_requests of 1 or more", o.max_requests);
  for (const auto limit : {o.times.first_byte, o.times.head, o.times.body_pause, o.times.body, o.times.write, o.times.idle})
    require(limit.count() > 0, "time limits of more than 0 ms", limit.count());
  require(http::is_text(o.server_field), "a server_field without control characters", http::shown(o.server_field));
  return o;
}

net::server_options of_connections(const server_options& o) {
  return {.at = o.at,
          .listening = o.listening,
          .max_connections = o.max_connections,
          .max_per_address = o.max_per_address,
          .drain = o.drain,
          .name = o.name,
          .label = "http"};
}

net::connection_body body_of(server_options options, handler answers) {
  auto how = std::make_shared<const http::service>(http::service{std::move(options), std::move(answers)});
  return [how = std::move(how)](net::stream& peer) { http::serve_connection(peer, *how); };
}

}  // namespace

result<net::server_ref, start_error> try_start_server(server_options options, handler answers) {
  net::server_options connections = of_connections(checked(options));
  return net::try_start_server(std::move(connections), body_of(std::move(options), std::move(answers)));
}

net::server_ref start_server(server_options options, handler answers) {
  net::server_options connections = of_connections(checked(options));
  return net::start_server(std::move(connections), body_of(std::move(options), std::move(answers)));
}

child_spec child_server(std::string id, server_options options, handler answers) {
  net::server_options connections = of_connections(checked(options));
  return net::child_server(std::move(id), std::move(connections), body_of(std::move(options), std::move(answers)));
}

}  // namespace joist::inline v0::web
