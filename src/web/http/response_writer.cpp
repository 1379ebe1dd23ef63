#include "web/http/response_writer.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

// Fields that say where a message ends and who stays connected: the writer's, whatever a handler has set.
enum class own : std::uint8_t { none, content_length, transfer_encoding, connection, keep_alive, trailer, upgrade, date };

own kind_of(std::string_view name) noexcept {
  using named = std::pair<std::string_view, own>;
  constexpr std::array<named, 7> all{named{"Content-Length", own::content_length},
                                     named{"Transfer-Encoding", own::transfer_encoding},
                                     named{"Connection", own::connection},
                                     named{"Keep-Alive", own::keep_alive},
                                     named{"Trailer", own::trailer},
                                     named{"Upgrade", own::upgrade},
                                     named{"Date", own::date}};
  for (const auto& [known, kind] : all) {
    if (same_word(name, known)) return kind;
  }
  return own::none;
}

[[noreturn]] void refuse(const std::string& what) { throw error{errc::bad_argument, "response: expected " + what}; }

// The length that the handler has set itself.
std::optional<std::uint64_t> own_length(const fields& f) {
  const auto text = f.find("Content-Length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (f.count("Content-Length") > 1 || problem != std::errc{} || end != text->data() + text->size())
    refuse(fmt::format("one Content-Length of digits, got {}", f.joined("Content-Length")));
  return length;
}

struct plan {
  framing frame;
  std::optional<std::uint64_t> length;  // for Content-Length
};

plan plan_of(const response& answer, const exchange& with) {
  if (answer.status != 101 && (answer.status < 200 || answer.status > 599))
    refuse(fmt::format("a status from 200 to 599, or 101, got {}", answer.status));
  if (answer.fields.contains("Transfer-Encoding"))
    refuse("no Transfer-Encoding: how the body is framed is not the handler's business");
  const auto set = own_length(answer.fields);
  const auto size = answer.body_size();
  const bool is_head = with.method == "HEAD";
  const bool is_empty_head = is_head && size == 0;  // a handler that answers HEAD itself knows what GET would send
  if (set && size && *set != *size && !is_empty_head && answer.status != 304)
    refuse(fmt::format("no Content-Length, or that of the body, {}, got {}", *size, *set));

  plan p;
  p.frame.keep_alive = with.keep_alive && !answer.fields.has_element("Connection", "close");
  if (answer.status == 101) return p;
  if (answer.status == 204 || answer.status == 304) return p;
  p.length = size ? size : set;
  if (is_empty_head && set) p.length = set;
  if (answer.status == 205) p.length = 0;  // RFC 9110, 15.3.6: no content
  if (is_head || answer.status == 205) return p;
  if (p.length) {
    p.frame.body = body_framing::sized;
    p.frame.size = *p.length;
  } else if (with.version == http_version::http_1_1) {
    p.frame.body = body_framing::chunked;
  } else {
    p.frame.body = body_framing::until_close;
    p.frame.keep_alive = false;
  }
  return p;
}

// All fields but those that the writer sets; in one piece, where none of them is there.
void append_fields(std::string& out, const response& answer, bool switches, bool& has_date) {
  const auto is_own = [switches](const field& f) {
    const own kind = kind_of(f.name);
    if (switches && (kind == own::connection || kind == own::upgrade)) return false;
    return kind != own::none && kind != own::date && kind != own::upgrade;
  };
  bool plain = true;
  for (const field& f : answer.fields) {
    plain = plain && !is_own(f);
    has_date = has_date || kind_of(f.name) == own::date;
  }
  if (plain) {
    out += answer.fields.wire();
    return;
  }
  for (const field& f : answer.fields) {
    if (!is_own(f)) out.append(f.name).append(": ").append(f.value).append("\r\n");
  }
}

// RFC 9112, 9.3: without a word, HTTP/1.1 goes on and HTTP/1.0 does not. RFC 9110, 7.8: Upgrade (of 426) is named here, too.
void append_connection(std::string& out, bool keep_alive, http_version version, bool offers_upgrade) {
  std::string_view stays;
  if (!keep_alive) stays = "close";
  if (keep_alive && version == http_version::http_1_0) stays = "keep-alive";
  if (stays.empty() && !offers_upgrade) return;
  out.append("Connection: ").append(stays);
  if (offers_upgrade) out.append(stays.empty() ? "upgrade" : ", upgrade");
  out += "\r\n";
}

}  // namespace

framing append_head(std::string& out, const response& answer, const exchange& with) {
  const plan p = plan_of(answer, with);
  const bool switches = answer.status == 101;
  out.reserve(out.size() + answer.fields.wire().size() + 160);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
  bool has_date = false;
  append_fields(out, answer, switches, has_date);
  if (!has_date && !with.date.empty()) out.append("Date: ").append(with.date).append("\r\n");
  if (p.length) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *p.length);
  if (p.frame.body == body_framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!switches) append_connection(out, p.frame.keep_alive, with.version, answer.fields.contains("Upgrade"));
  out += "\r\n";
  return p.frame;
}

void append_chunk_begin(std::string& out, std::size_t bytes) { fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes); }

}  // namespace joist::inline v0::web::http
