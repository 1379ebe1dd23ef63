#include "dist/server_url.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace joist::inline v0::dist::detail {
namespace {

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    plain += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return plain;
}

using problem = std::optional<std::string_view>;

problem read_account(std::string_view text, server_url& into) {
  const auto colon = text.find(':');
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(colon == text.npos ? "" : text.substr(colon + 1));
  if (!user || !password) return "a percent sign in user or password is written %25";
  into.user = *user;
  into.password = *password;
  into.has_password = colon != text.npos;
  return std::nullopt;
}

problem read_host(std::string_view text, server_url& into) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return "an address of IPv6 stands in brackets";
    into.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return "behind an address comes a port, or nothing";
  } else {
    const auto colon = text.find(':');
    into.host = text.substr(0, colon);
    port = colon == text.npos ? "" : text.substr(colon);
  }
  if (into.host.empty() || into.host.find_first_of(" \t\r\n@/") != std::string::npos) return "there is no host";
  if (port.empty()) return std::nullopt;
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), into.port);
  if (error != std::errc{} || end != port.data() + port.size() || into.port == 0) return "a port is a number of 1 to 65535";
  return std::nullopt;
}

problem read_one(std::string_view text, const url_schemes& known, server_url& into) {
  const auto end = text.find("://");
  const std::string_view scheme = text.substr(0, end);
  const bool is_path = !known.unix_path.empty() && scheme == known.unix_path;
  into.is_secure = scheme == known.secure;
  if (end == text.npos || (!is_path && !into.is_secure && scheme != known.plain)) return "it has another beginning";
  std::string_view rest = text.substr(end + 3);
  const auto slash = rest.find('/');
  if (const auto at = rest.substr(0, slash).rfind('@'); at != rest.npos) {
    if (const problem p = read_account(rest.substr(0, at), into)) return p;
    rest.remove_prefix(at + 1);
  }
  if (is_path) {
    into.path = rest;
    return rest.empty() || rest.front() != '/' ? problem{"a path begins with a slash"} : std::nullopt;
  }
  into.port = known.port;
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (rest.size() > host.size() + 1) return "there is nothing behind the port: channels have a namespace, and no database";
  return read_host(host, into);
}

}  // namespace

std::string server_url::to_string() const {
  if (!path.empty()) return "unix:" + path;
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

result<std::vector<server_url>, std::string> read_server_urls(std::string_view text, const url_schemes& known) {
  std::vector<server_url> all;
  for (;;) {
    const auto comma = text.find(',');
    server_url one;
    if (const problem p = read_one(text.substr(0, comma), known, one)) {
      return failure{
          fmt::format("expected {}://user:password@host:port{}{}, with several parted by commas: in number {}, {}",
                      known.plain, known.unix_path.empty() ? "" : " or ",
                      known.unix_path.empty() ? "" : std::string{known.unix_path} + ":///path", all.size() + 1, *p)};
    }
    all.push_back(std::move(one));
    if (comma == text.npos) return all;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace joist::inline v0::dist::detail
