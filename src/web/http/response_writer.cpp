#include "web/http/response_writer.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

// Fields that say where a message ends and who stays connected: the writer's, whatever a handler has set.
constexpr std::array<std::string_view, 5> own_names{"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
                                                    "Trailer"};

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

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// All fields but those that the writer sets; in one piece, where none of them is there. With a 101, Connection is the
// handler's.
void append_fields(std::string& out, const fields& all, bool switches) {
  const auto is_own = [switches](std::string_view own) { return !switches || own != "Connection"; };
  if (std::ranges::none_of(own_names, [&](std::string_view own) { return is_own(own) && all.contains(own); })) {
    out += all.wire();
    return;
  }
  for (const field& f : all) {
    const auto same = [&](std::string_view own) { return is_own(own) && same_word(f.name, own); };
    if (std::ranges::none_of(own_names, same)) append_line(out, f.name, f.value);
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
  const fields& all = answer.fields;
  const bool switches = answer.status == 101;
  out.reserve(out.size() + answer.fields.wire().size() + 160);
  out.append("HTTP/1.1 ").append(fmt::format_int{answer.status}.c_str()).append(" ");
  out.append(reason_phrase(answer.status)).append("\r\n");
  append_fields(out, all, switches);
  if (!with.server.empty() && !all.contains("Server")) append_line(out, "Server", with.server);
  if (!with.date.empty() && !all.contains("Date")) append_line(out, "Date", with.date);
  if (p.length) append_line(out, "Content-Length", fmt::format_int{*p.length}.c_str());
  if (p.frame.body == body_framing::chunked) out += "Transfer-Encoding: chunked\r\n";
  if (!switches) append_connection(out, p.frame.keep_alive, with.version, all.contains("Upgrade"));
  out += "\r\n";
  return p.frame;
}

void append_chunk_begin(std::string& out, std::size_t bytes) { fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes); }

}  // namespace joist::inline v0::web::http
