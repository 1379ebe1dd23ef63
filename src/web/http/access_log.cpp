#include <joist/web/access_log.hpp>

#include <joist/log.hpp>
#include <joist/telemetry.hpp>
#include <joist/web/server.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "web/http/access_line.hpp"

namespace joist::inline v0::web {

void access_log(access_log_options options) {
  constexpr const char* id = "joist.web.access_log";
  if (!options.write) options.write = [](std::string_view line) { log(log_level::info, line); };
  telemetry::detach(id);
  telemetry::attach<request_served>(id, [o = std::move(options)](const request_served& e) {
    if (std::find(o.quiet_routes.begin(), o.quiet_routes.end(), e.metadata.route) != o.quiet_routes.end()) return;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    o.write(o.format == access_format::json ? http::json_line(e, now) : http::combined_line(e, now));
  });
}

}  // namespace joist::inline v0::web
