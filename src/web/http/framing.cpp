#include "web/http/framing.hpp"

#include <algorithm>
#include <string>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

// What of the Transfer-Encodings is refused. RFC 9112, 6.1 and 6.3.
refusal encoding_refusal(const fields& f) {
  constexpr std::string_view name{"Transfer-Encoding"};
  if (f.count(name) == 1 && same_word(f.get(name), "chunked")) return {0, {}};
  std::size_t codings = 0, chunked = 0;
  bool chunked_last = false;
  const std::string all = f.joined(name);
  for_each_element(all, [&](std::string_view coding) {
    chunked_last = same_word(coding, "chunked");
    ++codings;
    chunked += chunked_last ? 1U : 0U;
  });
  if (codings == 0 || chunked > 1 || (chunked == 1 && !chunked_last))
    return {400, "the last Transfer-Encoding, and it alone, is chunked"};
  if (codings == 1 && chunked == 1) return {400, "an empty Transfer-Encoding beside chunked"};
  return {501, "a Transfer-Encoding other than chunked"};
}

}  // namespace

refusal framing_refusal(const fields& f, http_version version) {
  const std::size_t lengths = f.count("Content-Length");
  const std::string_view length = f.get("Content-Length");
  if (lengths > 1 || (lengths == 1 && (length.empty() || !std::all_of(length.begin(), length.end(), is_digit))))
    return {400, "no length, or several"};
  if (!f.contains("Transfer-Encoding")) return {0, {}};
  if (lengths > 0) return {400, "a length beside Transfer-Encoding"};
  if (version == http_version::http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
  return encoding_refusal(f);
}

bool keeps_alive(const fields& f, http_version version) {
  if (f.has_element("Connection", "close")) return false;
  return version == http_version::http_1_1 || f.has_element("Connection", "keep-alive");
}

}  // namespace joist::inline v0::web::http
