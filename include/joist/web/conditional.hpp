// joist/web/conditional.hpp: requests that depend on what the client has already. RFC 9110, 8.8 and 13.
//
//   joist::web::response show(const joist::web::request& in) {
//     const document d = load(in.param("id"));
//     const joist::web::etag tag{d.revision};
//     return joist::web::conditional(in, {.tag = tag}, [&] { return joist::web::json_text(d.text); });
//   }
//
// Promises
//   conditions are looked at in the order of RFC 9110, 13.2.2, and dates only where there is no tag to compare
//   a GET that would say nothing new is answered by 304, a change that would overwrite another by 412
//
// See also: static_files.hpp, http_date.hpp.
#pragma once

#include <joist/web/request.hpp>
#include <joist/web/response.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web {

/// The name of one state of a resource. Strong: byte by byte the same; weak: as good as the same.
struct etag {
  std::string opaque;  ///< without quotes, blanks and control characters
  bool weak = false;

  /// `"abc"` or `W/"abc"`; nothing for any other text.     [any thread]
  [[nodiscard]] static std::optional<etag> parse(std::string_view text);
  /// Throws errc::bad_argument for what no tag may hold.     [any thread]
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const etag& a, const etag& b) = default;
};
/// RFC 9110, 8.8.3.2.     [any thread]
[[nodiscard]] bool same_strongly(const etag& a, const etag& b) noexcept;
[[nodiscard]] bool same_weakly(const etag& a, const etag& b) noexcept;

/// What is known of the resource as it is now.
struct validators {
  std::optional<etag> tag{};
  std::optional<std::chrono::sys_seconds> modified{};
  bool exists = true;
};

enum class condition : std::uint8_t {
  proceed,       ///< there is none, or it holds
  not_modified,  ///< the client has it: 304
  failed,        ///< 412
};

/// What If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since come to.     [any thread]
[[nodiscard]] condition check_conditions(const request& in, const validators& now);
/// Answers 304 or 412, or has `proceed` answer; with ETag and Last-Modified either way, but for 412.     [process]
[[nodiscard]] response conditional(const request& in, const validators& now, const std::function<response()>& proceed);

}  // namespace joist::inline v0::web
