// web/http/target.hpp: what a request line asks for, taken apart. RFC 9112, 3.2; RFC 3986. Pure.
//
// Refused, as nothing that means well sends it: paths with segments `.` and `..`, encoded or not, also between encoded
// slashes and backslashes (who resolves them, and who does not, is how guards in front are passed); an encoded NUL; a
// fragment.
#pragma once

#include <joist/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "web/http/refusal.hpp"

namespace joist::inline v0::web::http {

/// Where a segment stands in the decoded path.
struct segment {
  std::uint32_t begin;
  std::uint32_t bytes;
};

struct target_parts {
  std::string path;               // decoded; `*` for OPTIONS *
  std::vector<segment> segments;  // the empty ones left out
  std::string_view query;         // still encoded; a view of the target
  std::string_view authority;     // of the absolute form; a view of the target
};

/// [any thread]
[[nodiscard]] result<target_parts, refusal> parse_target(std::string_view method, std::string_view target);
/// Whether it can be the value of Host: a name, or an address, and perhaps a port; nothing, too.     [any thread]
[[nodiscard]] bool is_host(std::string_view text) noexcept;

}  // namespace joist::inline v0::web::http
