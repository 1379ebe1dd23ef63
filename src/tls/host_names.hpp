// tls/host_names.hpp: which certificate is of which host: names and `*.example.org`, as RFC 9525 compares them: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::tls::detail {

/// Names know no case, and a dot at their end says nothing.
[[nodiscard]] inline std::string normal_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower{name};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

class host_names {
 public:
  /// The first that comes with a name keeps it.
  void add(std::string_view name, std::size_t which) {
    std::string normal = normal_name(name);
    if (!normal.empty()) names_.emplace(std::move(normal), which);
  }
  /// An exact name comes first; `*` stands for one label, the leftmost.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view host) const {
    const std::string name = normal_name(host);
    if (const auto exact = names_.find(name); exact != names_.end() && !name.starts_with('*')) return exact->second;
    const auto dot = name.find('.');
    if (dot == name.npos || dot == 0) return std::nullopt;
    const auto wild = names_.find("*" + name.substr(dot));
    return wild == names_.end() ? std::nullopt : std::optional{wild->second};
  }

 private:
  std::map<std::string, std::size_t> names_;
};

}  // namespace joist::inline v0::tls::detail
