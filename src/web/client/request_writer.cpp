#include "web/client/request_writer.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "web/http/characters.hpp"
#include "web/http/target.hpp"

namespace joist::inline v0::web::http {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw error{errc::bad_argument, "client: expected " + what}; }

// A server that gets an empty body with these, and no length, cannot tell it from none that was forgotten. RFC 9110, 8.6.
bool means_a_body(std::string_view method) noexcept { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

void check_head(std::string_view method, const fields& own) {
  if (!is_token(method) || method == "CONNECT") refuse(fmt::format("a method such as GET, got \"{}\"", method));
  constexpr std::array<std::string_view, 7> ours{
      "Content-Length", "Transfer-Encoding", "Keep-Alive", "Trailer", "Upgrade", "Expect", "TE"};
  for (const field& f : own) {
    if (std::ranges::any_of(ours, [&](std::string_view name) { return same_word(name, f.name); }))
      refuse(fmt::format("no {} field: how a request is framed and sent is the client's business", f.name));
    if (same_word(f.name, "Connection") && !same_word(f.value, "close"))
      refuse(fmt::format("no Connection field, or close, got \"{}\"", f.value));
  }
  if (own.count("Host") > 1 || (own.contains("Host") && (own.get("Host").empty() || !is_host(own.get("Host")))))
    refuse(fmt::format("one Host that can be one, got \"{}\"", own.joined("Host")));
}

void append_request_head(std::string& out, const outgoing_head& head) {
  out.reserve(out.size() + head.own.wire().size() + 256);
  const auto to = std::back_inserter(out);
  fmt::format_to(to, "{} {} HTTP/1.1\r\n", head.method, head.to.target());
  if (!head.own.contains("Host")) fmt::format_to(to, "Host: {}\r\n", head.to.authority());
  out += head.own.wire();
  if (!head.user_agent.empty() && !head.own.contains("User-Agent"))
    fmt::format_to(to, "User-Agent: {}\r\n", head.user_agent);
  // Without it a server may send what no client has to understand. RFC 9110, 12.5.3.
  if (!head.own.contains("Accept-Encoding")) out += "Accept-Encoding: identity\r\n";
  if (!head.upgrade.empty()) fmt::format_to(to, "Connection: Upgrade\r\nUpgrade: {}\r\n", head.upgrade);
  if (head.body == body_framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (head.body == body_framing::sized || means_a_body(head.method)) {
    fmt::format_to(to, "Content-Length: {}\r\n", head.body_bytes);
  }
  out += "\r\n";
}

}  // namespace joist::inline v0::web::http
