// joist/web/request.hpp: what a client asks for: what handlers and plugs are given. RFC 9110; RFC 9112, 3.
//
//   joist::web::response show(const joist::web::request& in) {
//     const auto page = in.query("page").value_or("1");
//     return joist::web::text(std::string{in.param("name")}.append(", page ").append(page));
//   }
//
// Promises
//   the path is decoded, segment by segment: what was sent as %2F is no border. A path with segments `.` and `..` never
//     gets here, nor one with such a part between encoded slashes or backslashes
//   the body comes when it is asked for, and never more of it than request_limits allow
//
// Tests make their own: joist::web::request in{{.method = "POST", .target = "/users", .body = "name=ann"}};
// A request belongs to one process. Views of it hold while it stays where it is.
// See also: router.hpp, response.hpp, fields.hpp, form.hpp.
#pragma once

#include <joist/net/endpoint.hpp>
#include <joist/web/fields.hpp>
#include <joist/web/form.hpp>

#include <any>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0::net {
class stream;
}
namespace joist::inline v0::tls {
struct connection_info;
}

namespace joist::inline v0::web {

/// More than this is refused, before a handler hears of it or while it reads the body.
struct request_limits {
  std::size_t head_bytes = 16 * 1024;            ///< request line and fields, and the trailer of a chunked body; beyond: 431
  std::size_t field_count = 100;                 ///< beyond: 431
  std::size_t target_bytes = 8 * 1024;           ///< beyond: 414
  std::uint64_t body_bytes = 8 * 1024 * 1024;    ///< beyond: 413
  std::size_t chunk_extension_bytes = 4 * 1024;  ///< of all chunks of a body together; beyond: 400
};

enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// Where a body comes from piece by piece: the connection.
class body_source {
 public:
  body_source() = default;
  body_source(const body_source&) = delete;
  body_source& operator=(const body_source&) = delete;
  virtual ~body_source() = default;

  /// Waits for bytes, and puts at least one and at most into.size() of them there. 0: that was all. Throws http_error: 400
  /// for what is no body, 413 for one over the limit, 408 for one that does not come.     [process]
  virtual std::size_t read(std::span<std::byte> into) = 0;
};

namespace http {
struct request_access;
}  // namespace http

/// What a request is made of.
struct request_parts {
  std::string method = "GET";
  std::string target = "/";
  web::fields fields{};
  std::string body{};
  http_version version = http_version::http_1_1;
  net::endpoint remote{};
  bool secure = false;
};

class request {
 public:
  /// Throws errc::bad_argument for a method or a target that no client could send.     [any thread]
  explicit request(request_parts parts);
  request(request&&) noexcept = default;
  request& operator=(request&&) noexcept = default;
  request(const request&) = delete;
  request& operator=(const request&) = delete;
  ~request() = default;

  /// `GET`, as it was sent: methods know case.
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// As it was sent: encoded, with its query.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// Decoded, without the query; begins with a slash, but for `OPTIONS *`.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] http_version version() const noexcept { return version_; }
  /// Where it came from.
  [[nodiscard]] const net::endpoint& remote() const;
  /// Whether it came over TLS, to us. (What a proxy in front says is in its fields.)
  [[nodiscard]] bool is_secure() const noexcept { return secure_; }
  /// What TLS agreed on, and whose certificate the client has shown (include joist/tls/stream.hpp); nothing: it came
  /// without. [process]
  [[nodiscard]] std::optional<tls::connection_info> security() const;
  /// The host that is asked, and perhaps its port: `example.org:8080`. Empty, where none was named (HTTP/1.0).
  [[nodiscard]] std::string_view host() const noexcept;

  /// The segments of the path that are not empty, decoded.
  [[nodiscard]] std::size_t segment_count() const noexcept { return segments_.size(); }
  [[nodiscard]] std::string_view segment(std::size_t i) const noexcept;

  /// What stands in the path in the place of `:name` or `*name` of the route. Throws errc::bad_argument, where the route has
  /// no such name.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  /// The pattern of the route that was found, `/users/:id`, while its router lives; empty: none was.
  [[nodiscard]] std::string_view route() const noexcept { return route_; }

  [[nodiscard]] const form_values& query() const noexcept { return query_; }
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const noexcept { return query_.find(name); }

  [[nodiscard]] const web::fields& fields() const noexcept { return fields_; }
  [[nodiscard]] web::fields& fields() noexcept { return fields_; }
  /// The first of that name; empty, where there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept { return fields_.get(name); }
  /// RFC 6265, 5.4. Quotes around the value are none of it.
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const noexcept;

  /// All of the body that read_body has not taken: the first call waits for it. Throws as body_source::read.     [process]
  [[nodiscard]] std::string_view body() const;
  /// The next bytes of the body, where it is too large to be had in one piece; 0: that was all.     [process]
  std::size_t read_body(std::span<std::byte> into);
  /// The body comes from there. The source outlives the request.
  void read_body_from(body_source& source) noexcept { source_ = &source; }

  /// What plugs leave for handlers, one value for each type: in.assign(current_user{7}).
  template <class T>
  void assign(T value) {
    if (T* old = assigned<T>()) {
      *old = std::move(value);
    } else {
      assigns_.emplace_back(std::move(value));
    }
  }
  /// Null, where nothing of that type was left.
  template <class T>
  [[nodiscard]] const T* assigned() const noexcept {
    for (const auto& a : assigns_) {
      if (const T* found = std::any_cast<T>(&a)) return found;
    }
    return nullptr;
  }
  template <class T>
  [[nodiscard]] T* assigned() noexcept {
    return const_cast<T*>(std::as_const(*this).template assigned<T>());
  }

 private:
  friend struct http::request_access;
  struct place {  // in path_
    std::uint32_t begin;
    std::uint32_t bytes;
  };
  struct named {
    std::string_view name;  // the router's
    place value;
  };
  request() = default;
  [[nodiscard]] std::string_view at(place p) const noexcept { return std::string_view{path_}.substr(p.begin, p.bytes); }

  std::string method_;
  std::string target_;
  std::string path_;
  std::vector<place> segments_;
  std::vector<named> params_;
  std::string_view route_;  // the router's
  form_values query_;
  web::fields fields_;
  std::vector<std::any> assigns_;
  mutable std::string body_;
  std::size_t body_taken_ = 0;
  mutable body_source* source_ = nullptr;
  mutable net::endpoint remote_;
  const net::stream* connection_ = nullptr;  // asked for `remote` and `security` when they are asked for
  http_version version_ = http_version::http_1_1;
  bool secure_ = false;
  std::uint32_t authority_begin_ = 0;  // in target_, of the absolute form
  std::uint32_t authority_bytes_ = 0;
};

}  // namespace joist::inline v0::web
