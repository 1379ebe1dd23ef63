// web/client/exchange.hpp: one request, and the response to it, on a connection that is ours until the response is over.
//
// state     meaning                                         who moves it on
//   asking    the request is written, the head is awaited     ask: the head has come, or an error
//   reading   pieces of the body come                         read_body: the last one, or an error; destroyed before: closed
//   over      the place was given back, the connection, if    nobody
//             it can be used again, with it
#pragma once

#include <joist/net/stream.hpp>
#include <joist/web/client.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "web/client/pool.hpp"
#include "web/client/response_reader.hpp"
#include "web/http/input.hpp"
#include "web/http/response_writer.hpp"

namespace joist::inline v0::web::http {

[[nodiscard]] inline joist::detail::deadline earlier(joist::detail::deadline a, joist::detail::deadline b) {
  return a.resolve() < b.resolve() ? a : b;
}

/// A place of a pool: given back once, at the latest when it is destroyed.
class lease {
 public:
  lease(server_ref<client_pool> of, client_pool::ticket as) noexcept : of_{of}, as_{as} {}
  lease(lease&& other) noexcept : of_{std::exchange(other.of_, {})}, as_{other.as_} {}
  lease& operator=(lease&&) = delete;
  ~lease() { give_back({}); }
  /// `usable`: closed, where the connection cannot be used again.
  void give_back(net::stream usable) noexcept;

 private:
  server_ref<client_pool> of_;  // of nobody: given back
  client_pool::ticket as_;
};

/// What an exchange goes by: the client's, or the request's own.
struct exchange_rules {
  response_limits limits;
  client_times times;
  std::string user_agent;
};

class client_exchange {
 public:
  client_exchange(lease place, exchange_rules rules, joist::detail::deadline whole);
  client_exchange(const client_exchange&) = delete;
  client_exchange& operator=(const client_exchange&) = delete;

  /// Writes the request and waits for the head of its response. `connection`: open.     [process]
  [[nodiscard]] result<response_head, client_error> ask(net::stream connection, const client_request& request,
                                                        const url& to);
  /// Whether the last ask failed because the connection had been closed already: nothing came back, and the server can have
  /// done nothing that a second time would do twice.
  [[nodiscard]] bool may_ask_again() const noexcept { return may_ask_again_; }
  /// Some bytes; 0: that was all.     [process]
  [[nodiscard]] result<std::size_t, client_error> read_body(std::span<std::byte> into);
  /// Reads at most so many bytes to the end, so that the connection can be used again; else closes it.     [process]
  void skip_body(std::uint64_t most_bytes);
  /// From now on only pauses count.
  void forget_whole() noexcept { whole_ = {}; }

  [[nodiscard]] bool is_over() const noexcept { return over_; }
  [[nodiscard]] std::optional<std::uint64_t> body_bytes() const noexcept { return reader_->body_bytes(); }
  [[nodiscard]] const response_limits& limits() const noexcept { return rules_.limits; }
  /// With the request's name in front.
  [[nodiscard]] client_error failed(client_error::kind what, std::string_view text, std::error_code system = {}) const;
  /// Closes the connection; read_body says this from now on.
  client_error give_up(client_error why);

 private:
  class sink;

  [[nodiscard]] std::optional<client_error> write_request(const client_request& request, const url& to);
  [[nodiscard]] std::error_code write_body(const client_request& request, std::string& head);
  [[nodiscard]] std::error_code write_file(const file_body& part);
  [[nodiscard]] std::error_code write(std::span<const std::byte> bytes);
  [[nodiscard]] joist::detail::deadline write_limit() const;
  [[nodiscard]] result<response_head, client_error> read_head();
  [[nodiscard]] std::optional<client_error> receive(std::chrono::milliseconds limit, std::string_view name);
  [[nodiscard]] client_error refused() const;
  void close();
  void finish();

  const exchange_rules rules_;
  std::string name_;  // "GET http://example.org/path"
  joist::detail::deadline whole_;
  lease place_;
  net::stream peer_;
  std::optional<response_reader> reader_;  // another for each ask
  input in_;
  std::span<const std::byte> piece_;  // of the body, what is unread: a view of in_
  std::size_t piece_used_ = 0;        // what in_ gives free when the piece has been read
  std::optional<client_error> broken_;
  bool sent_all_ = false;  // the request
  bool answered_ = false;  // a byte has come back
  bool stays_ = true;      // the caller did not ask for a close
  bool may_ask_again_ = false;
  bool over_ = false;
};

}  // namespace joist::inline v0::web::http
