// web/http/serving.hpp: what a connection does with the bytes that have come: requests are read, and answered, one after the
// other. Made when something has come, and gone when all of it is answered, with its buffers: who waits keeps none.
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/net/stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "web/http/connection.hpp"
#include "web/http/input.hpp"
#include "web/http/request_reader.hpp"
#include "web/http/response_writer.hpp"

namespace joist::inline v0::web::http {

class serving final : body_source, body_sink {
 public:
  serving(net::stream& peer, const service& how, std::uint64_t& served)
      : peer_{peer}, how_{how}, served_{served}, reader_{how.options.limits} {}

  /// Whether the connection goes on, and waits for more.
  bool run();
  /// After a run that has ended so: who takes the connection over, and what it has to read first.
  [[nodiscard]] std::unique_ptr<takeover> taken() { return std::move(taken_); }

 private:
  enum class outcome : std::uint8_t { next, wait, close };

  // -- requests
  outcome next_request();
  outcome answer(request in);
  std::optional<exit_reason> call_handler(request& in, response& out);
  bool goes_on(bool crashed);
  bool skip_body();
  void refuse(const refusal& why);
  void refuse_body(const refusal& why);
  void receive_body();
  enum class received : std::uint8_t { some, nothing, end };  // within the limit
  received receive_more(joist::detail::deadline limit);
  [[nodiscard]] bool may_be_sending() const;

  // -- answers
  std::optional<exit_reason> write_answer(const request& in, response& out, bool keep_alive);
  void write_body(response& out, framing frame);
  void flush();
  bool send_in_pieces(std::string_view bytes, std::string_view end = {});
  bool send_file(const file_body& part, std::uint64_t bytes);

  // -- what handlers see
  std::size_t read(std::span<std::byte> into) override;
  void write(std::string_view bytes) override;

  net::stream& peer_;
  const service& how_;
  std::uint64_t& served_;
  request_reader reader_;
  input in_;
  std::string out_;    // answers that are not sent yet
  bool lost_ = false;  // the client is gone, or too slow: some of an answer may have been sent, and nothing follows it
  // -- the request that is served
  std::span<const std::byte> piece_;  // of the body, what is unread: a view of in_
  std::size_t piece_used_ = 0;        // what in_ gives free when the piece has been read
  joist::detail::deadline body_limit_;
  bool body_over_ = true;
  bool refused_ = false;
  bool continued_ = false;  // 100 was sent, or is not waited for
  std::unique_ptr<takeover> taken_;
  std::optional<framing> streams_;  // a body is written piece by piece
};

}  // namespace joist::inline v0::web::http
