// joist/web/client_response.hpp: what a server answered, and what can go wrong on the way.
//
//   auto page = http.get("http://example.org/");
//   if (page.is_success()) use(page.body());
//
// Promises
//   a status is no error: 404 and 500 are answers
//   an error says what was tried, what happened, and what to do; its kind is for programs
//   the body of client::stream comes when it is asked for, and is not kept; a response that is let go of before its end
//     closes its connection
//
// A response belongs to one process, as a net::stream does; moved to another, it is that one's.
// See also: client.hpp.
#pragma once

#include <joist/result.hpp>
#include <joist/web/fields.hpp>
#include <joist/web/request.hpp>
#include <joist/web/url.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace joist::inline v0::web {

/// More than this is refused before it is kept: client_error::kind::too_large.
struct response_limits {
  std::size_t head_bytes = 64 * 1024;            ///< status line and fields, and the trailer of a chunked body
  std::size_t field_count = 200;                 ///< and as many of a trailer
  std::size_t interim_count = 16;                ///< responses with 1xx in front of the one that counts
  std::size_t chunk_extension_bytes = 4 * 1024;  ///< of all chunks of a body together
  std::uint64_t body_bytes = 8 * 1024 * 1024;    ///< in memory; of client::stream: what body() gathers, not read_body
};

/// Why there is no response, or not all of it.
struct client_error {
  enum class kind : std::uint8_t {
    bad_url,             ///< it is none that a client of HTTP can ask
    busy,                ///< no connection became free in time: max_per_host are in use
    resolve,             ///< the name of the host is not found
    connect,             ///< nobody takes the connection
    tls,                 ///< the connection is not secure, or cannot be
    timed_out,           ///< it took longer than one of client_times
    closed,              ///< the connection ended before the response did
    protocol,            ///< what came is no HTTP/1.1, or has two readings
    too_large,           ///< more than response_limits allow
    too_many_redirects,  ///< more than max_redirects
    bad_redirect,        ///< one that is not followed: see the text
    no_upgrade,          ///< the server answered, and not with a WebSocket: see the text
  };
  kind what = kind::closed;
  std::string text;          ///< "GET http://h/x: no byte of the response came within ..."
  std::error_code system{};  ///< the system's, where there is one
  /// The text; where there is none, what `what` means.
  [[nodiscard]] std::string to_string() const;
};

/// Thrown by what is not called try_...
class client_failed : public std::runtime_error {
 public:
  explicit client_failed(client_error e) : std::runtime_error{e.text}, error_{std::move(e)} {}
  [[nodiscard]] const client_error& error() const noexcept { return error_; }
  [[nodiscard]] client_error::kind what_happened() const noexcept { return error_.what; }

 private:
  client_error error_;
};

namespace http {
class client_exchange;
struct response_head;
}  // namespace http

/// Views of it hold while it stays where it is.
class client_response {
 public:
  client_response(client_response&&) noexcept;
  client_response& operator=(client_response&&) noexcept;
  ~client_response();

  [[nodiscard]] int status() const noexcept { return status_; }
  /// 200 to 299.
  [[nodiscard]] bool is_success() const noexcept { return status_ >= 200 && status_ < 300; }
  [[nodiscard]] http_version version() const noexcept { return version_; }
  [[nodiscard]] const web::fields& fields() const noexcept { return fields_; }
  /// The first of that name; empty, where there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept { return fields_.get(name); }
  /// Where it came from: behind the last redirect.
  [[nodiscard]] const web::url& url() const noexcept { return url_; }
  /// Of a body that is still on its way, where the server has said it.
  [[nodiscard]] std::optional<std::uint64_t> body_bytes() const noexcept { return body_bytes_; }

  /// All of the body that read_body has not taken: of client::stream, the first call waits for it, and throws
  /// client_failed.     [process]
  [[nodiscard]] std::string_view body() const;
  /// The next bytes of the body, at least one and at most into.size(); 0: that was all. Throws client_failed.     [process]
  std::size_t read_body(std::span<std::byte> into);
  [[nodiscard]] result<std::size_t, client_error> try_read_body(std::span<std::byte> into);
  /// Whether all of the body is here, or was taken: nothing waits for the server any more.
  [[nodiscard]] bool is_complete() const noexcept { return rest_ == nullptr; }

 private:
  friend class client;
  client_response(web::url from, http::response_head head, std::unique_ptr<http::client_exchange> rest);
  [[nodiscard]] std::optional<client_error> gather() const;

  web::url url_;
  web::fields fields_;
  mutable std::string body_;
  std::size_t body_taken_ = 0;
  mutable std::unique_ptr<http::client_exchange> rest_;  // null: all of the body is in body_
  std::optional<std::uint64_t> body_bytes_;
  int status_ = 0;
  http_version version_ = http_version::http_1_1;
};

}  // namespace joist::inline v0::web
