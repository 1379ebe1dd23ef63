// web/http/response_writer.hpp: responses as the bytes of a connection. RFC 9112, 4 and 6. Pure.
//
//   std::string out;
//   const framing f = append_head(out, answer, {.method = in.method(), .version = in.version(), .date = now});
//   f.body     what comes behind the head: nothing, so many bytes, chunks, or all until the connection is closed
//
// Invariants
// W1: what is written has one end, and readers agree on where: length, chunks, or the end of the connection; whatever fields
//     the handler has set
// W2: behind HEAD, 1xx, 204 and 304 comes nothing
#pragma once

#include <joist/web/request.hpp>
#include <joist/web/response.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace joist::inline v0::web::http {

struct exchange {
  std::string_view method{"GET"};  // of the request
  http_version version = http_version::http_1_1;
  bool keep_alive = true;     // both would go on
  std::string_view date{};    // IMF-fixdate; empty: no Date
  std::string_view server{};  // empty: no Server. Both are added where the handler has set none
};

enum class body_framing : std::uint8_t {
  none,     // nothing: the body is not sent
  sized,    // the bytes as they are
  chunked,  // append_chunk_begin, bytes, chunk_end for each piece; last_chunk at the end
  until_close,
};

struct framing {
  body_framing body = body_framing::none;
  std::uint64_t size = 0;   // of a sized body
  bool keep_alive = false;  // whether another request may come behind this response
};

/// Appends the status line, the fields and the empty line. Throws errc::bad_argument, with nothing appended, for what would
/// break the framing: a status that is none, a Transfer-Encoding, a Content-Length that is not the body's.
framing append_head(std::string& out, const response& answer, const exchange& with);

inline constexpr std::string_view continue_response{"HTTP/1.1 100 Continue\r\n\r\n"};
/// What comes in front of the bytes of a chunk; `bytes` is not 0, which would be the last.
void append_chunk_begin(std::string& out, std::size_t bytes);
inline constexpr std::string_view chunk_end{"\r\n"};
inline constexpr std::string_view last_chunk{"0\r\n\r\n"};

}  // namespace joist::inline v0::web::http
