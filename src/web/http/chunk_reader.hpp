// web/http/chunk_reader.hpp: a chunked body, of a request or a response, in whatever pieces it comes. RFC 9112, 7.1. Pure.
//
// Invariants
// C1: what is used, refused and reported depends on the bytes, and not on how they were cut
// C2: Beast's parser is given the same bytes, and has to agree on where each chunk and the body end (two_readings)
// C3: fields of a trailer are checked, bounded, and not kept: nothing is decided behind a body
//
// In front of Beast are refused: control characters in chunk extensions, folded or broken trailers, extensions and trailers
// without end.
#pragma once

#include <joist/web/request.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "web/http/line_scanner.hpp"
#include "web/http/progress.hpp"
#include "web/http/refusal.hpp"

namespace joist::inline v0::web::http {

struct chunk_limits {
  std::size_t trailer_bytes;
  std::size_t field_count;                  // of the trailer
  std::size_t extension_bytes;              // of all chunks together
  std::optional<std::uint64_t> body_bytes;  // none: whoever reads it counts
};

class chunk_reader {
 public:
  struct step {
    progress what;                      // need_more, body, done, refused
    std::size_t used = 0;               // so many bytes of what was given are not given again
    std::span<const std::byte> body{};  // the piece, not empty
    refusal why{};
  };

  explicit chunk_reader(const chunk_limits& limits);
  ~chunk_reader();
  chunk_reader(const chunk_reader&) = delete;
  chunk_reader& operator=(const chunk_reader&) = delete;

  /// `in` begins with what the last step did not use, followed by what has come since. After done or refused: not again.
  [[nodiscard]] step read(std::span<const std::byte> in);
  /// The most bytes that are kept unused.
  [[nodiscard]] static std::size_t most_unused(const chunk_limits& limits) noexcept;

 private:
  class parser;
  [[nodiscard]] std::optional<step> find_chunk(std::string_view text) noexcept;

  const chunk_limits limits_;
  std::unique_ptr<parser> beast_;
  line_scanner scanner_;           // the lines between the data of two chunks
  std::size_t last_line_end_ = 0;  // of the last chunk, whose trailer is read; else 0
  std::uint64_t left_ = 0;         // of a chunk
  bool between_ = false;           // the end of a chunk's data comes before the next
};

}  // namespace joist::inline v0::web::http
