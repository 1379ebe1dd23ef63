#include "net/listen_variables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace joist::inline v0::net::detail {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) noexcept {
  Number value{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> parts(std::string_view text) {
  std::vector<std::string> all;
  for (;;) {
    const auto colon = text.find(':');
    all.emplace_back(text.substr(0, colon));
    if (colon == text.npos) return all;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

result<std::vector<std::string>, std::string> names_of_inherited(const listen_variables& v, long own_pid) {
  constexpr int most = 10'000;
  if (!v.pid || !v.count) return std::vector<std::string>{};
  const auto pid = number<long>(*v.pid);
  if (!pid || *pid <= 0) return failure{fmt::format("LISTEN_PID: expected the number of a process, got \"{}\"", *v.pid)};
  if (*pid != own_pid) return std::vector<std::string>{};
  const auto count = number<int>(*v.count);
  if (!count || *count < 0 || *count > most)
    return failure{fmt::format("LISTEN_FDS: expected how many sockets there are, got \"{}\"", *v.count)};
  if (!v.names) return std::vector<std::string>(static_cast<std::size_t>(*count), "unknown");
  std::vector<std::string> names = *count == 0 && v.names->empty() ? std::vector<std::string>{} : parts(*v.names);
  if (names.size() != static_cast<std::size_t>(*count))
    return failure{fmt::format("LISTEN_FDNAMES: expected {} names with colons between, as LISTEN_FDS says, got \"{}\"",
                               *count, *v.names)};
  return names;
}

numbered_name parse_numbered_name(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {text};
  const auto n = number<std::size_t>(text.substr(colon + 1));
  if (!n || *n == 0) return {text};
  return {text.substr(0, colon), *n};
}

}  // namespace joist::inline v0::net::detail
