// net/listen_variables.hpp: what systemd says of the sockets that it hands down. sd_listen_fds(3). Pure.
#pragma once

#include <joist/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::net::detail {

struct listen_variables {
  std::optional<std::string_view> pid;    // LISTEN_PID
  std::optional<std::string_view> count;  // LISTEN_FDS
  std::optional<std::string_view> names;  // LISTEN_FDNAMES
};

inline constexpr int first_inherited = 3;  // SD_LISTEN_FDS_START

/// The names of descriptors 3, 4 ...; none, where they are another process's. The error is a sentence.
[[nodiscard]] result<std::vector<std::string>, std::string> names_of_inherited(const listen_variables& v, long own_pid);

/// `http:2` is the second of the name `http`.
struct numbered_name {
  std::string_view name;
  std::size_t number = 1;
};
[[nodiscard]] numbered_name parse_numbered_name(std::string_view text) noexcept;

}  // namespace joist::inline v0::net::detail
