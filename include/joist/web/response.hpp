// joist/web/response.hpp: what a handler answers. RFC 9110.
//
//   return joist::web::text("hello");
//   return joist::web::json_text(R"({"id":7})").with_status(201).with_field("Location", "/users/7");
//   return joist::web::redirect("/login");
//   return joist::web::stream("text/csv", [](joist::web::body_sink& to) { for (...) to.write(line); });
//
// Promises
//   how the body is framed is not the handler's business: a Content-Length of its own that is wrong, or a Transfer-Encoding,
//     makes the request fail instead of the connection
//   pages of errors say what the status says, and nothing of the program
//
// See also: request.hpp, router.hpp, cookie.hpp, static_files.hpp.
#pragma once

#include <joist/web/fields.hpp>
#include <joist/web/open_file.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace joist::inline v0::net {
class stream;
}

namespace joist::inline v0::web {

struct cookie;

/// Where a streamed body goes: the connection.
class body_sink {
 public:
  body_sink() = default;
  body_sink(const body_sink&) = delete;
  body_sink& operator=(const body_sink&) = delete;
  virtual ~body_sink() = default;

  /// Waits until the bytes are on their way. When the client is gone, the process exits.     [process]
  virtual void write(std::string_view bytes) = 0;
};

/// A part of a file.
struct file_body {
  open_file file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// A body that is made while it is sent. `size`: how many bytes that will be, where it is known. At a stop its process hears
/// net::stopping.
struct streamed_body {
  std::function<void(body_sink&)> write;
  std::optional<std::uint64_t> size{};
};

class next_protocol;

/// What an answer with status 101 leaves to the protocol that begins then. RFC 9110, 7.8.
struct takeover {
  std::shared_ptr<next_protocol> protocol;
  std::string already_come = {};  ///< what the client has sent behind the request
};

/// Another protocol on a connection, which is closed when run() returns. At a stop its process hears net::stopping.
class next_protocol {
 public:
  next_protocol() = default;
  next_protocol(const next_protocol&) = delete;
  next_protocol& operator=(const next_protocol&) = delete;
  virtual ~next_protocol() = default;

  /// `with` keeps this object alive: a connection that lasts may let go of it.     [process]
  virtual void run(net::stream& connection, std::unique_ptr<takeover> with) = 0;
};

struct takeover_body {
  std::shared_ptr<next_protocol> protocol;

  explicit takeover_body(std::shared_ptr<next_protocol> p) noexcept : protocol{std::move(p)} {}
  /// Of a function (net::stream& connection, const std::string& already_come).
  template <class F>
  requires std::invocable<F&, net::stream&, const std::string&>
  explicit takeover_body(F function) : protocol{std::make_shared<function_protocol<F>>(std::move(function))} {}

 private:
  template <class F>
  struct function_protocol final : next_protocol {
    explicit function_protocol(F f) : function{std::move(f)} {}
    void run(net::stream& connection, std::unique_ptr<takeover> with) override { function(connection, with->already_come); }
    F function;
  };
};

struct response {
  int status = 200;
  web::fields fields{};
  std::variant<std::string, file_body, streamed_body, takeover_body> body{};
  std::string why{};  ///< for logs: goes to no client

  /// As fields::set: `return text("x").with_field("Cache-Control", "no-store");`
  response& with_field(std::string_view name, std::string_view value) &;
  response&& with_field(std::string_view name, std::string_view value) &&;
  response& with_status(int code) & noexcept;
  response&& with_status(int code) && noexcept;
  /// One more Set-Cookie.
  response& with_cookie(const cookie& c) &;
  response&& with_cookie(const cookie& c) &&;

  /// The body, where it is text; else empty.
  [[nodiscard]] std::string_view text() const noexcept;
  /// How many bytes the body has, where that is known.
  [[nodiscard]] std::optional<std::uint64_t> body_size() const noexcept;
};

/// UTF-8.     [any thread]
[[nodiscard]] response text(std::string body);
[[nodiscard]] response html(std::string body);
/// What is JSON already; json.hpp makes it of values.
[[nodiscard]] response json_text(std::string body);
[[nodiscard]] response bytes(std::string_view content_type, std::string body);
/// 303: fetch that instead. 302 and 307 keep the method (307 for sure), 301 and 308 are for ever.
[[nodiscard]] response redirect(std::string_view location, int status = 303);
/// 204.
[[nodiscard]] response no_content();
/// A page that says what the status says: "404 Not Found".
[[nodiscard]] response status_page(int status);
/// All of it.
[[nodiscard]] response send_file(open_file file, std::string_view content_type);
[[nodiscard]] response stream(std::string_view content_type, std::function<void(body_sink&)> write);

/// "Not Found" for 404. RFC 9110, 15, and later registrations; empty for what has none.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace joist::inline v0::web
