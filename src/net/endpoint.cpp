#include <joist/net/endpoint.hpp>

#include <joist/error.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace joist::inline v0::net {
namespace {

template <class Address>
endpoint made_of(const Address& address, std::size_t bytes = sizeof(Address)) {
  return endpoint::from_system({reinterpret_cast<const std::byte*>(&address), bytes});
}

template <class Address>
Address as(const endpoint& e) noexcept {
  Address address{};
  std::memcpy(&address, e.system().data(), std::min(sizeof address, e.system().size()));
  return address;
}

failure<std::string> wrong(std::string_view text, std::string_view why) {
  return {fmt::format("endpoint: expected 127.0.0.1:80, [::1]:80 or unix:/path, got \"{}\": {}", text, why)};
}

result<endpoint, std::string> parse_path(std::string_view text, std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A path ends with a NUL, an abstract name begins with one and has no end but its length.
  if (path.empty() || path == "@") return wrong(text, "there is no path");
  if (path.size() >= sizeof address.sun_path)
    return wrong(text,
                 fmt::format("a path has at most {} bytes, this one has {}", sizeof address.sun_path - 1, path.size()));
  if (path.find('\0') != path.npos) return wrong(text, "a path holds no NUL");
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path.front() == '@';
  if (abstract) address.sun_path[0] = '\0';
  return made_of(address, offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
}

// inet_pton wants a text that ends: on the stack, for an address is short.
result<endpoint, std::string> parse_ip(std::string_view text, std::string_view host, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN + 1> chars{};
  const auto percent = host.find('%');
  const std::string_view number = host.substr(0, percent);
  if (number.size() >= chars.size()) return wrong(text, "this is no IP address; names are for resolve()");
  std::copy(number.begin(), number.end(), chars.begin());
  if (sockaddr_in v4{}; percent == host.npos && ::inet_pton(AF_INET, chars.data(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return made_of(v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, chars.data(), &v6.sin6_addr) != 1)
    return wrong(text, "this is no IP address; names are for resolve()");
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (percent != host.npos) {
    const std::string interface { host.substr(percent + 1) };
    v6.sin6_scope_id = ::if_nametoindex(interface.c_str());
    if (v6.sin6_scope_id == 0) return wrong(text, fmt::format("there is no network interface \"{}\"", interface));
  }
  return made_of(v6);
}

}  // namespace

endpoint::endpoint(std::string_view text) {
  auto parsed = parse(text);
  if (!parsed) throw error{errc::bad_argument, parsed.error()};
  *this = *parsed;
}

result<endpoint, std::string> endpoint::parse(std::string_view text) {
  constexpr std::string_view path_prefix = "unix:";
  if (text.starts_with(path_prefix)) return parse_path(text, text.substr(path_prefix.size()));
  const auto colon = text.rfind(':');
  if (colon == text.npos) return wrong(text, "there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    return wrong(text, "a port is a number from 0 to 65535");
  const bool brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  if ((host.find(':') != host.npos) != brackets) return wrong(text, "IPv6 addresses, and they alone, stand in brackets");
  return parse_ip(text, host, port);
}

result<endpoint, std::string> endpoint::parse(std::string_view address, std::uint16_t port) {
  return parse_ip(address, address, port);
}

endpoint endpoint::any(std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_any;
  v6.sin6_port = htons(port);
  return made_of(v6);
}

endpoint endpoint::loopback(std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4.sin_port = htons(port);
  return made_of(v4);
}

endpoint endpoint::from_system(std::span<const std::byte> address) {
  static_assert(sizeof(sockaddr_un) <= most_bytes && sizeof(sockaddr_in6) <= most_bytes);
  endpoint e;
  if (address.size() > most_bytes)
    throw error{errc::bad_argument,
                fmt::format("endpoint: expected an address of at most {} bytes, got {}", most_bytes, address.size())};
  std::copy(address.begin(), address.end(), e.bytes_.begin());
  e.size_ = static_cast<std::uint8_t>(address.size());
  return e;
}

enum endpoint::family endpoint::family() const noexcept {
  if (size_ < sizeof(sa_family_t)) return family::none;
  switch (as<sockaddr>(*this).sa_family) {
    case AF_INET: return family::ip4;
    case AF_INET6: return family::ip6;
    case AF_UNIX: return size_ > sizeof(sa_family_t) ? family::unix_path : family::none;
    default: return family::none;
  }
}

std::uint16_t endpoint::port() const noexcept {
  switch (family()) {
    case family::ip4: return ntohs(as<sockaddr_in>(*this).sin_port);
    case family::ip6: return ntohs(as<sockaddr_in6>(*this).sin6_port);
    default: return 0;
  }
}

std::string endpoint::address() const {
  std::array<char, INET6_ADDRSTRLEN> chars{};
  switch (family()) {
    case family::ip4: {
      const auto v4 = as<sockaddr_in>(*this);
      return ::inet_ntop(AF_INET, &v4.sin_addr, chars.data(), chars.size());
    }
    case family::ip6: {
      const auto v6 = as<sockaddr_in6>(*this);
      std::string text = ::inet_ntop(AF_INET6, &v6.sin6_addr, chars.data(), chars.size());
      std::array<char, IF_NAMESIZE> interface {};
      if (v6.sin6_scope_id != 0 && ::if_indextoname(v6.sin6_scope_id, interface.data()) != nullptr)
        text.append("%").append(interface.data());
      return text;
    }
    case family::unix_path: {
      const auto path = as<sockaddr_un>(*this);
      const std::size_t most = size_ - offsetof(sockaddr_un, sun_path);
      if (path.sun_path[0] == '\0') return "@" + std::string(path.sun_path + 1, most - 1);
      return {path.sun_path, ::strnlen(path.sun_path, most)};
    }
    case family::none: break;
  }
  return {};
}

std::string endpoint::to_string() const {
  switch (family()) {
    case family::ip4: return fmt::format("{}:{}", address(), port());
    case family::ip6: return fmt::format("[{}]:{}", address(), port());
    case family::unix_path: return "unix:" + address();
    case family::none: break;
  }
  return "unnamed";
}

endpoint endpoint::with_port(std::uint16_t port) const {
  if (family() == family::ip4) {
    auto v4 = as<sockaddr_in>(*this);
    v4.sin_port = htons(port);
    return made_of(v4);
  }
  if (family() == family::ip6) {
    auto v6 = as<sockaddr_in6>(*this);
    v6.sin6_port = htons(port);
    return made_of(v6);
  }
  throw error{errc::bad_argument,
              fmt::format("endpoint::with_port: expected an IP address, got {}: only these have ports", to_string())};
}

bool operator==(const endpoint& a, const endpoint& b) noexcept { return std::ranges::equal(a.system(), b.system()); }

}  // namespace joist::inline v0::net
