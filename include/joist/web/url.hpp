// joist/web/url.hpp: the address of a page, taken apart and put together. RFC 3986, of which http, https, ws and wss are.
//
//   const joist::web::url at{"https://example.org/shop?page=2"};
//   at.host();                          // "example.org"
//   at.port();                          // 443
//   *at.resolve("../cart");             // https://example.org/cart
//
// Promises
//   what is no URL is refused with a sentence that says what was expected: nothing is guessed or repaired
//   what to_string gives, parse takes, and it is the same URL
//   the parts hold nothing that ends a request line or a field early
//
// A fragment is for browsers and left out. Names and passwords (user@host) are refused: they belong into an Authorization
// field. The path has no segments `.` and `..`: they are resolved.
// See also: client.hpp, percent.hpp (what texts have to be before they are part of a URL).
#pragma once

#include <joist/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace joist::inline v0::web {

class url {
 public:
  enum class scheme : std::uint8_t { http, https, ws, wss };
  static constexpr std::size_t most_bytes = std::size_t{16} * 1024;  ///< of its text; longer ones are refused

  /// As parse; throws errc::bad_argument with the sentence.     [any thread]
  explicit url(std::string_view text);
  /// The error is a sentence.     [any thread]
  [[nodiscard]] static result<url, std::string> parse(std::string_view text);

  [[nodiscard]] enum scheme scheme() const noexcept { return scheme_; }
  /// "http".
  [[nodiscard]] std::string_view scheme_name() const noexcept;
  /// https, wss.
  [[nodiscard]] bool is_secure() const noexcept { return scheme_ == scheme::https || scheme_ == scheme::wss; }
  /// A name in small letters, or an address; one of IPv6 without its brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  /// Its own, or that of the scheme: 80 or 443.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// As it is sent: encoded; begins with a slash.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What is behind the question mark, encoded; empty, where there is none.
  [[nodiscard]] std::string_view query() const noexcept;
  /// Path and query: what stands in a request line.
  [[nodiscard]] std::string target() const { return path_ + query_; }
  /// Host and port, the port where it is not the scheme's: what stands in a Host field.
  [[nodiscard]] std::string authority() const;
  /// Scheme, host and port: pages of one origin trust each other. RFC 6454.
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string to_string() const { return origin() + path_ + query_; }

  /// Another one, as a page or a redirect of this one names it: whole, or `//host/path`, `/path`, `path`, `?query`. RFC
  /// 3986, 5.2. The error is a sentence.     [any thread]
  [[nodiscard]] result<url, std::string> resolve(std::string_view reference) const;

  friend bool operator==(const url&, const url&) = default;

 private:
  url() = default;

  std::string host_;
  std::string path_;
  std::string query_;  // with its question mark; empty: none
  enum scheme scheme_ = scheme::http;
  std::uint16_t port_ = 80;
};

}  // namespace joist::inline v0::web
