// web/client/response_reader.hpp: responses out of the bytes of a connection, in whatever pieces they come. RFC 9112. Pure.
//
//   response_reader reader{limits};
//   reader.expect("GET");                               // before each response
//   for (;;) {
//     const auto step = reader.read(unread);            // all that has come and was not used yet
//     unread = unread.subspan(step.used);
//     switch (step.what) {
//       case progress::need_more: ...                   // receive more behind `unread`, and ask again; at the end: end()
//       case progress::head: use(*std::move(step.head)); ...
//       case progress::body: use(step.body); ...        // a view of what was given; as often as there is more
//       case progress::done: ...                        // the rest of `unread` belongs to nobody
//       case progress::refused: ...                     // close
//     }
//   }
//
// state        meaning                                                 who moves it on
// idle         no response is expected                                 expect
// head         before and in a status line and its fields              the empty line: a body, or at_end; 1xx: head again
// sized        in a body of known length                               its last byte
// chunked      in a body of chunks, or its trailer                     the empty line behind the trailer
// until_close  in a body that the end of the connection ends           end()
// at_end       the response is over, and was not reported so           read, which says done
// done         all was reported                                        expect
// refused      what came is no response                                nobody: the connection is closed
//
// Invariants
// R1: what is used, refused and reported depends on the bytes, and not on how they were cut
// R2: no byte of a head goes to Beast before all of it is there. Beast and we read the same framing in it
// R3: a response that had two ends, or none, is refused; one behind which another may not come says so (keep_alive)
//
// Interim responses (1xx) are skipped, up to `interim_count`; 101 is a head where an upgrade was asked for, and refused
// elsewhere. Refused besides: what framing.hpp, chunk_reader.hpp and line_scanner.hpp refuse; blank lines in front.
#pragma once

#include <joist/web/client_response.hpp>
#include <joist/web/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "web/http/chunk_reader.hpp"
#include "web/http/line_scanner.hpp"
#include "web/http/progress.hpp"

namespace joist::inline v0::web::http {

struct response_head {
  int status = 0;
  http_version version = http_version::http_1_1;
  web::fields fields;
};

/// Why bytes are no response that is read: which of the limits, or the protocol; the sentence is of static life.
struct response_refusal {
  bool too_large = false;
  std::string_view why;
};

class response_reader {
 public:
  struct step {
    progress what;
    std::size_t used = 0;               // so many bytes of what was given are not given again
    std::span<const std::byte> body{};  // progress::body: the piece, not empty
    std::optional<response_head> head{};
  };

  /// The limits outlive it.
  explicit response_reader(const response_limits& limits) noexcept;
  ~response_reader();
  response_reader(const response_reader&) = delete;
  response_reader& operator=(const response_reader&) = delete;

  /// The next response is that to a request with this method.
  void expect(std::string_view method, bool asks_for_upgrade = false) noexcept;
  /// `in` begins with what the last step did not use, followed by what has come since.
  [[nodiscard]] step read(std::span<const std::byte> in);
  /// The connection has ended, and nothing is left to be read: done, or refused where something is missing.
  [[nodiscard]] progress end() noexcept;
  /// The most bytes that are kept unused.
  [[nodiscard]] std::size_t most_unused() const noexcept;

  // -- from progress::head on
  /// None: there is no body, it is chunked, or it ends with the connection.
  [[nodiscard]] std::optional<std::uint64_t> body_bytes() const noexcept { return body_bytes_; }
  /// Whether the connection may be used again, once this response is done.
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }

  /// Nothing of it is to come: it has no body, or that has been read.
  [[nodiscard]] bool is_over() const noexcept { return state_ == state::at_end || state_ == state::done; }
  /// Whether a byte of the response, or of one in front of it, has been seen since expect().
  [[nodiscard]] bool has_begun() const noexcept { return state_ != state::head || scanner_.seen() > 0 || interims_ > 0; }
  /// How many interim responses came.
  [[nodiscard]] std::size_t interims() const noexcept { return interims_; }
  /// Only after progress::refused.
  [[nodiscard]] const response_refusal& refused() const noexcept { return refusal_; }

 private:
  enum class state : std::uint8_t { idle, head, sized, chunked, until_close, at_end, done, refused };
  class parser;

  step refuse(bool too_large, std::string_view why) noexcept;
  [[nodiscard]] chunk_limits limits_of_chunks() const noexcept;
  step read_head(std::span<const std::byte> in);
  step finish_head(std::string_view head);
  [[nodiscard]] state body_of(const response_head& head, std::optional<std::uint64_t> length) noexcept;
  step read_plain(std::span<const std::byte> in) noexcept;
  step read_chunked(std::span<const std::byte> in);

  const response_limits* limits_;
  line_scanner scanner_;
  std::size_t interims_ = 0;
  std::optional<chunk_reader> chunks_;
  std::optional<std::uint64_t> body_bytes_;
  std::uint64_t body_left_ = 0;
  state state_ = state::idle;
  bool to_head_ = false;
  bool asks_for_upgrade_ = false;
  bool keep_alive_ = false;
  response_refusal refusal_;
};

}  // namespace joist::inline v0::web::http
