// joist/web/access_log.hpp: a line for each request, in the log.
//
//   joist::web::access_log();                                     // in application::start, before anything is served
//   joist::web::access_log({.format = joist::web::access_format::json, .quiet_routes = {"/metrics"}});
//
// Promises
//   one request, one line: what clients send cannot end it, nor a quoted part of it, and nothing in it moves a terminal
//   a line is bounded: a target is cut at 2000 bytes, other texts of clients at 500, with "..." at the cut
//   who calls it again changes how it is logged: nothing is logged twice
//
// See also: server.hpp (request_served), log.hpp (where lines go), observe.hpp (figures instead of lines).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web {

enum class access_format : std::uint8_t {
  /// `192.0.2.7 - - [28/Nov/2026:10:15:42 +0000] "GET /a HTTP/1.1" 200 12 "referer" "user agent"`, as Apache and nginx have
  /// it. What is no visible ASCII is written as \x1b, and so are quotes and backslashes.
  combined,
  /// An object: time, remote, method, target, version, route, status, bytes, seconds, referer, user_agent, and why where the
  /// handler threw (response::why); of a request that was not understood time, remote, refused (why) and status. UTF-8; what
  /// is none is U+FFFD.
  json,
};

struct access_log_options {
  access_format format = access_format::combined;
  std::vector<std::string> quiet_routes = {};  ///< patterns of routes whose requests are not logged: health checks, say
  /// Where lines go, without a line feed. Called by several processes at once. Empty: joist::log, at level info.
  std::function<void(std::string_view line)> write = {};
};

/// From now on. To end it: joist::telemetry::detach("joist.web.access_log").     [process]
void access_log(access_log_options options = {});

}  // namespace joist::inline v0::web
