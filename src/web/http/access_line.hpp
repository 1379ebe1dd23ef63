// web/http/access_line.hpp: requests as lines of a log, in which what clients send ends nothing. Pure.
#pragma once

#include <joist/web/server.hpp>

#include <chrono>
#include <string>

namespace joist::inline v0::web::http {

using log_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Apache's "combined": access_log.hpp.
[[nodiscard]] std::string combined_line(const request_served& e, log_time at);
[[nodiscard]] std::string json_line(const request_served& e, log_time at);

}  // namespace joist::inline v0::web::http
