#include <joist/web/url.hpp>

#include <joist/error.hpp>
#include <joist/net/endpoint.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "web/http/characters.hpp"
#include "web/http/shown.hpp"

namespace joist::inline v0::web {
namespace {

constexpr std::array<std::string_view, 4> scheme_names{"http", "https", "ws", "wss"};
constexpr std::size_t most_host_bytes = 253;  // RFC 1035, 2.3.4

constexpr bool is_secure(std::size_t scheme) noexcept { return scheme % 2 == 1; }
constexpr std::uint16_t default_port(bool secure) noexcept { return secure ? 443 : 80; }

failure<std::string> wrong(std::string_view expected, std::string_view got) {
  return {fmt::format("url: expected {}, got \"{}\"", expected, http::shown(got))};
}

// Of unreserved characters, sub-delims, encodings, and the others given. RFC 3986, 3.3 and 3.4.
bool consists_of(std::string_view text, std::string_view others) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3 || http::hex_value(text[i + 1]) < 0 || http::hex_value(text[i + 2]) < 0) return false;
      i += 2;
    } else if (!http::is_unreserved(c) && std::string_view{"!$&'()*+,;="}.find(c) == std::string_view::npos &&
               others.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// RFC 3986, 5.2.4, on a path that begins with a slash.
std::string without_dots(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment == "..") out.resize(out.empty() ? 0 : out.rfind('/'));
    if (segment != "." && segment != "..") {
      out.append("/").append(segment);
    } else if (path.empty()) {
      out += '/';
    }
  }
  return out;
}

// What getaddrinfo(3) would take for an address in another way of writing: 127.1, 0x7f000001, 017700000001.
bool looks_like_number(std::string_view name) noexcept {
  std::string_view last = name.substr(name.rfind('.') + 1);
  const bool hexadecimal = last.starts_with("0x");
  if (hexadecimal) last.remove_prefix(2);
  const auto fits = [hexadecimal](char c) { return hexadecimal ? http::hex_value(c) >= 0 : http::is_digit(c); };
  return (hexadecimal || !last.empty()) && std::all_of(last.begin(), last.end(), fits);
}

std::optional<std::string> checked_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::string_view inside = text.substr(1, text.size() - 2);
    const auto fits = [](char c) { return http::hex_value(c) >= 0 || c == ':' || c == '.'; };
    if (!text.ends_with(']') || inside.find(':') == inside.npos || !std::all_of(inside.begin(), inside.end(), fits))
      return {};
    const auto address = net::endpoint::parse(inside, 1);
    return address ? std::optional{address->address()} : std::nullopt;
  }
  const auto fits = [](char c) { return http::is_alpha(c) || http::is_digit(c) || c == '-' || c == '.' || c == '_'; };
  if (text.empty() || text.size() > most_host_bytes || !std::all_of(text.begin(), text.end(), fits)) return {};
  if (text.front() == '.' || text.find("..") != text.npos) return {};
  std::string name;
  std::transform(text.begin(), text.end(), std::back_inserter(name), http::lower);
  if (!looks_like_number(name)) return name;
  const auto address = net::endpoint::parse(name, 1);
  return address && address->address() == name ? std::optional{name} : std::nullopt;
}

std::optional<std::uint16_t> checked_port(std::string_view digits) noexcept {
  unsigned port = 0;
  if (digits.empty() || digits.size() > 5) return {};
  for (const char c : digits) {
    if (!http::is_digit(c)) return {};
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port > 0 && port <= 65535 ? std::optional{static_cast<std::uint16_t>(port)} : std::nullopt;
}

// Whether it begins as a URL with a scheme does. RFC 3986, 3.1.
bool has_scheme(std::string_view text) noexcept {
  const auto colon = text.find_first_of(":/?#");
  return colon != text.npos && colon > 0 && text[colon] == ':' && http::is_alpha(text.front());
}

}  // namespace

result<url, std::string> url::parse(std::string_view text) {
  if (text.size() > most_bytes) return wrong(fmt::format("at most {} bytes", most_bytes), text);
  const auto scheme_end = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(scheme_end, text.size()));
  const auto known = std::ranges::find_if(scheme_names, [&](std::string_view s) { return http::same_word(s, scheme); });
  if (scheme_end == text.npos || known == scheme_names.end())
    return wrong("one that begins with http://, https://, ws:// or wss://", text);
  const auto index = static_cast<std::size_t>(known - scheme_names.begin());
  url u;
  u.scheme_ = static_cast<enum scheme>(index);
  text.remove_prefix(scheme_end + 3);
  text = text.substr(0, text.find('#'));
  std::string_view authority = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(authority.size());
  if (authority.find('@') != authority.npos)
    return wrong("no name or password in front of the host (put them into an Authorization field)", "...@");
  const auto colon = authority.find(':', authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0);
  const std::string_view host_text = authority.substr(0, colon);
  const std::string_view port_text = colon == authority.npos ? std::string_view{} : authority.substr(colon + 1);
  auto host = checked_host(host_text);
  if (!host)
    return wrong("the name of a host, or an address such as 127.0.0.1 or [::1] (other letters than ASCII as xn--)",
                 host_text);
  u.host_ = *std::move(host);
  u.port_ = default_port(web::is_secure(index));
  if (!port_text.empty()) {
    const auto port = checked_port(port_text);
    if (!port) return wrong("a port from 1 to 65535 behind the host", port_text);
    u.port_ = *port;
  }
  const auto question = std::min(text.find('?'), text.size());
  if (!consists_of(text.substr(0, question), "/:@"))
    return wrong("a path of letters, digits and -._~!$&'()*+,;=:@/ (percent_encode others)", text.substr(0, question));
  if (!consists_of(text.substr(question), "/:@?"))
    return wrong("a query of letters, digits and -._~!$&'()*+,;=:@/? (percent_encode others)", text.substr(question));
  u.path_ = question == 0 ? "/" : without_dots(text.substr(0, question));
  u.query_ = text.substr(question);
  return u;
}

url::url(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed) throw error{errc::bad_argument, parsed.error()};
  *this = *std::move(parsed);
}

std::string_view url::scheme_name() const noexcept { return scheme_names[static_cast<std::size_t>(scheme_)]; }

std::string_view url::query() const noexcept {
  return query_.empty() ? std::string_view{} : std::string_view{query_}.substr(1);
}

std::string url::authority() const {
  std::string text = host_.find(':') == host_.npos ? host_ : fmt::format("[{}]", host_);
  if (port_ != default_port(is_secure())) text += fmt::format(":{}", port_);
  return text;
}

std::string url::origin() const { return fmt::format("{}://{}", scheme_name(), authority()); }

result<url, std::string> url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  if (has_scheme(reference)) return parse(reference);
  if (reference.size() > most_bytes) return parse(reference);
  if (reference.starts_with("//")) return parse(fmt::format("{}:{}", scheme_name(), reference));
  if (reference.starts_with('/')) return parse(origin().append(reference));
  if (reference.starts_with('?')) return parse((origin() + path_).append(reference));
  if (reference.empty()) return *this;
  return parse((origin() + path_.substr(0, path_.rfind('/') + 1)).append(reference));
}

}  // namespace joist::inline v0::web
