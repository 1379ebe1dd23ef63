// web/http/line_scanner.hpp: finds the lines of a head, and refuses bytes that other readers take for the end of one. Pure.
//
// Refused, with what RFC 9112 lets a reader do otherwise in mind: LF without CR (2.2), CR without LF (2.2), line folding
// (5.2), NUL and other control characters (RFC 9110, 5.5).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {

class line_scanner {
 public:
  enum class verdict : std::uint8_t { more, line, bad };

  /// Goes on in `text`, which begins with all that was looked at since reset(), until behind the end of a line.
  [[nodiscard]] verdict next(std::string_view text) noexcept {
    if (line_ends_) begin_ = seen_;
    line_ends_ = false;
    if (seen_ == begin_ && lines_ > 0 && seen_ < text.size() && (text[seen_] == ' ' || text[seen_] == '\t'))
      return bad("a folded line");
    seen_ += text_length(text.substr(std::min(seen_, text.size())));
    if (seen_ == text.size()) return verdict::more;
    if (text[seen_] == '\n') return bad("a LF without CR");
    if (text[seen_] != '\r') return bad("a control character in the head");
    if (seen_ + 1 == text.size()) return verdict::more;  // the CR is looked at again
    if (text[seen_ + 1] != '\n') return bad("a CR without LF");
    seen_ += 2;
    ++lines_;
    line_ends_ = true;
    return verdict::line;
  }

  /// Lines that were found since reset().
  [[nodiscard]] std::size_t lines() const noexcept { return lines_; }
  /// Bytes that were looked at since reset(); after `line`, it ends there.
  [[nodiscard]] std::size_t seen() const noexcept { return seen_; }
  /// The line that was found, without its end.
  [[nodiscard]] std::string_view line(std::string_view text) const noexcept {
    return text.substr(begin_, seen_ - begin_ - 2);
  }
  [[nodiscard]] std::string_view why() const noexcept { return why_; }
  void reset() noexcept { *this = {}; }

 private:
  verdict bad(std::string_view why) noexcept {
    why_ = why;
    return verdict::bad;
  }

  std::string_view why_;
  std::size_t begin_ = 0;  // of the line
  std::size_t seen_ = 0;
  std::size_t lines_ = 0;
  bool line_ends_ = false;
};

}  // namespace joist::inline v0::web::http
