// web/http/request_reader.hpp: requests out of the bytes of a connection, in whatever pieces they come. RFC 9112. Pure.
//
//   request_reader reader;
//   for (;;) {
//     const auto step = reader.read(unread);          // all that has come and was not used yet
//     unread = unread.subspan(step.used);
//     switch (step.what) {
//       case progress::need_more: ...                 // receive more behind `unread`, and ask again
//       case progress::head: use(*std::move(step.head)); ...
//       case progress::body: use(step.body); ...      // a view of what was given; as often as there is more
//       case progress::done: reader.restart(); ...    // the rest of `unread` is the next request
//       case progress::refused: ...                   // answer reader.refused().status, and close
//     }
//   }
//
// state    meaning                                                   who moves it on
// head     before and in a request line and its fields               the empty line: body, or at_end
// sized    in a body of known length                                 its last byte
// chunked  in a body of chunks, or its trailer                       the empty line behind the trailer
// at_end   the request is over, and was not reported so              read, which says done
// done     all was reported                                          restart
// refused  what came is no request that is served                    nobody: the connection is closed
//
// Invariants
// I1: what is used, refused and reported depends on the bytes, and not on how they were cut
// I2: no byte of a head goes to Beast before all of it is there. Beast and we read the same framing in it; should we ever
//     not, that is refused (two_readings), for it is how requests are smuggled
// I3: it keeps nothing on the heap but what a chunk_reader does, and that during a chunked body only
//
// Beast's parser takes heads apart. In front of it, as Beast takes them or says nothing about them, are refused: line
// folding, Transfer-Encodings other than `chunked` alone, lists of lengths, missing and doubled Hosts, targets with other
// bytes than ASCII. Chunked bodies: chunk_reader.hpp.
#pragma once

#include <joist/web/request.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "web/http/chunk_reader.hpp"
#include "web/http/line_scanner.hpp"
#include "web/http/progress.hpp"
#include "web/http/refusal.hpp"

namespace joist::inline v0::web::http {

class request_reader {
 public:
  struct step {
    progress what;
    std::size_t used;                   // so many bytes of what was given are not given again
    std::span<const std::byte> body{};  // progress::body: the piece, not empty
    std::optional<request> head{};      // progress::head: all but where its body comes from
  };

  /// The limits outlive it.
  explicit request_reader(const request_limits& limits) noexcept;
  ~request_reader();
  request_reader(const request_reader&) = delete;
  request_reader& operator=(const request_reader&) = delete;

  /// `in` begins with what the last step did not use, followed by what has come since.
  [[nodiscard]] step read(std::span<const std::byte> in);
  /// The most bytes that are kept unused: a place of so many is always enough.
  [[nodiscard]] std::size_t most_unused() const noexcept;

  // -- from progress::head on
  /// None: there is none, or it is chunked.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  [[nodiscard]] bool has_body() const noexcept { return has_body_; }
  /// The client waits for `100 Continue` before it sends the body. RFC 9110, 10.1.1.
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  /// Whether the client wants another request on this connection. RFC 9112, 9.3.
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  /// It asks for another protocol: Connection and Upgrade say so. RFC 9110, 7.8.
  [[nodiscard]] bool wants_upgrade() const noexcept { return wants_upgrade_; }

  /// Only after progress::refused.
  [[nodiscard]] const refusal& refused() const noexcept { return refusal_; }
  /// Whether a byte of a request has been seen: a connection that ends before has ended well.
  [[nodiscard]] bool is_idle() const noexcept { return state_ == state::head && scanner_.seen() == 0; }

  /// The next request, after progress::done.
  void restart() noexcept;

 private:
  enum class state : std::uint8_t { head, sized, chunked, at_end, done, refused };
  class parser;

  step refuse(refusal why) noexcept;
  step read_head(std::span<const std::byte> in);
  step finish_head(std::string_view head);
  step read_sized(std::span<const std::byte> in) noexcept;
  step read_chunked(std::span<const std::byte> in);
  [[nodiscard]] chunk_limits limits_of_chunks() const noexcept;

  // -- fixed
  const request_limits* limits_;

  // -- the head that is read
  line_scanner scanner_;
  std::size_t blank_lines_ = 0;  // in front of the request line

  // -- the request whose head was read
  std::optional<chunk_reader> chunks_;
  std::optional<std::uint64_t> content_length_;
  std::uint64_t body_left_ = 0;  // of a sized body
  state state_ = state::head;
  bool has_body_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  bool wants_upgrade_ = false;
  refusal refusal_{};
};

}  // namespace joist::inline v0::web::http
