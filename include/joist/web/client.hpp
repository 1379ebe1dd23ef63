// joist/web/client.hpp: asks servers by HTTP/1.1: calls read as if they blocked, connections are kept and used again.
//
//   joist::web::client http;
//   auto page = http.get("http://example.org/hello");           // status(), fields(), body()
//   auto made = http.post("http://example.org/items", joist::web::json(item));
//   if (auto got = http.try_get(url)) use(got->body()); else log(got.error().text);
//
// Promises
//   only the calling process waits; a client is a handle that as many processes as you like copy and share
//   no more than max_per_host connections to one host at a time, in use and idle together; who comes late waits, in turn. A
//     process that ends while it uses one gives its place back, however it ends
//   whatever a server sends or does not send, a call ends: by its limits of time, and of memory
//   a connection is used again only when all of the response was read, and both ends would go on. One that turns out to have
//     been closed meanwhile is replaced, once, where that cannot make the server do something twice
//   a server of https has to show a certificate of its host, signed by whom the system trusts, or options.tls
//   redirects are followed, boundedly; Authorization and Cookie do not go to another origin, and https never leads to http
//   nothing in fields, method or URL can end a line early
//
// Its connections lie with a process of the client, which begins with the first call and ends with the last handle.
// Bodies come as they are: no Content-Encoding is asked for. Names of hosts: net/resolve.hpp.
// Example: examples/27_http_client. See also: client_response.hpp, url.hpp, json.hpp, websocket_client.hpp. RFC 9110, RFC
// 9112. Elixir: Req, Finch.
#pragma once

#include <joist/clock.hpp>
#include <joist/tls/context.hpp>
#include <joist/web/client_response.hpp>
#include <joist/web/json.hpp>
#include <joist/web/response.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace joist::inline v0::web {

/// What takes longer fails with client_error::kind::timed_out, or busy.
struct client_times {
  std::chrono::milliseconds place{10'000};       ///< until one of max_per_host connections is free
  std::chrono::milliseconds connect{10'000};     ///< to look the host up, to connect, and to agree on TLS
  std::chrono::milliseconds write{30'000};       ///< until the server has taken a piece of the request
  std::chrono::milliseconds first_byte{30'000};  ///< from the end of the request to the first byte of an answer
  std::chrono::milliseconds pause{30'000};       ///< between two pieces of the response
  std::chrono::milliseconds whole{300'000};      ///< all of it, with redirects; of stream(): until the head has come
};

struct client_options {
  std::size_t max_per_host = 16;           ///< connections to one scheme, host and port
  std::size_t max_idle = 64;               ///< that wait for the next request, to all hosts; the oldest are closed
  std::chrono::milliseconds idle{30'000};  ///< so long; then they are closed
  client_times times = {};
  response_limits limits = {};
  unsigned max_redirects = 5;        ///< 0: a redirect is an answer like any other
  std::string user_agent = "joist";  ///< where a request names none; empty: none
  /// Whom it trusts on https, and who it is itself. Nothing: whom the system trusts, and nobody.
  std::optional<joist::tls::client_context> tls = {};
};

/// What is asked, in full. A body of client_request is sent with its size, or in chunks where that is not known.
struct client_request {
  std::string method = "GET";
  std::string url{};
  web::fields fields{};
  /// A streamed one is written once: it is not sent again for a redirect, or to another connection.
  std::variant<std::string, file_body, streamed_body> body{};
  std::optional<client_times> times{};      ///< instead of the client's
  std::optional<response_limits> limits{};  ///< instead of the client's
  std::optional<unsigned> max_redirects{};  ///< instead of the client's
};

/// The connections of a client.
struct client_counts {
  std::size_t in_use = 0;
  std::size_t idle = 0;
  std::size_t waiting = 0;  ///< processes that wait for one
};

class client {
 public:
  /// Throws errc::bad_argument for options that make no sense.     [any thread]
  explicit client(client_options options = {});

  /// Sends a request and reads all of the response. Throws client_failed; errc::bad_argument for a method or fields that no
  /// request may have (what frames a body is the client's: Content-Length, Transfer-Encoding, Connection ...).     [process]
  client_response send(client_request request) const;
  [[nodiscard]] result<client_response, client_error> try_send(client_request request) const;
  /// The same, and returns when the head of the response has come: the body is read piece by piece, and its connection is
  /// in use until then, or until the response is destroyed.     [process]
  client_response stream(client_request request) const;
  [[nodiscard]] result<client_response, client_error> try_stream(client_request request) const;

  /// Short forms of send. `content` is what web::text, json, bytes, send_file or stream made: its fields and its body go
  /// with the request.     [process]
  client_response get(std::string url, web::fields fields = {}) const;
  client_response head(std::string url, web::fields fields = {}) const;
  client_response post(std::string url, response content, web::fields fields = {}) const;
  client_response put(std::string url, response content, web::fields fields = {}) const;
  client_response patch(std::string url, response content, web::fields fields = {}) const;
  client_response del(std::string url, web::fields fields = {}) const;
  [[nodiscard]] result<client_response, client_error> try_get(std::string url, web::fields fields = {}) const;
  [[nodiscard]] result<client_response, client_error> try_post(std::string url, response content,
                                                               web::fields fields = {}) const;

  /// Of the moment.     [process]
  [[nodiscard]] client_counts counts() const;
  [[nodiscard]] const client_options& options() const noexcept;

 private:
  struct shared;
  class sending;
  std::shared_ptr<shared> shared_;
};

/// A request with that content: to change before it is sent.     [any thread]
[[nodiscard]] client_request make_request(std::string method, std::string url, response content, web::fields fields = {});

/// The body of a response, of the type application/json (or one that ends with +json). Throws as client_response::body.
/// [process]
template <class T>
[[nodiscard]] result<T, std::vector<json_error>> read_json(const client_response& in, const json_options& options = {}) {
  if (!detail::has_json_type(in.field("Content-Type")))
    return failure{std::vector<json_error>{{{}, "expected a body of the type application/json"}}};
  return from_json<T>(in.body(), options);
}

}  // namespace joist::inline v0::web
