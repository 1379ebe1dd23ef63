// dist/server_url.hpp: where an engine listens, and as whom one comes: scheme://user:password@host:port.
//
// Pure. What is said of a text that is none holds neither user nor password.
#pragma once

#include <joist/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::dist::detail {

struct server_url {
  bool is_secure = false;
  std::string user = {};
  std::string password = {};
  bool has_password = false;
  std::string host = {};  ///< a name or an address; empty: `path`
  std::uint16_t port = 0;
  std::string path = {};  ///< of a Unix socket
  friend bool operator==(const server_url&, const server_url&) = default;
  /// Without user and password: for logs.
  [[nodiscard]] std::string to_string() const;
};

/// The schemes of an engine.
struct url_schemes {
  std::string_view plain;      ///< "redis"
  std::string_view secure;     ///< "rediss"
  std::string_view unix_path;  ///< "unix"; empty: it has none
  std::uint16_t port;          ///< where none is given
};

/// Several, parted by commas. The error is a sentence.
[[nodiscard]] result<std::vector<server_url>, std::string> read_server_urls(std::string_view text, const url_schemes& known);

}  // namespace joist::inline v0::dist::detail
