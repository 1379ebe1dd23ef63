// web/http/file_root.hpp: a folder, out of which nothing is opened that is not in it.
//
// Chosen: openat2 with RESOLVE_BENEATH (Linux 5.6): the kernel refuses each step that leads out, symbolic links included,
// while it takes it. Where there is none, a walk of openat with O_NOFOLLOW: links are then refused wherever they lead.
// Refused: to resolve the path, look whether it is below the root, and open it then: in between, a link may change.
#pragma once

#include <joist/result.hpp>
#include <joist/web/open_file.hpp>

#include <cstdint>
#include <string>
#include <system_error>

namespace joist::inline v0::web::http {

class file_root {
 public:
  enum class way : std::uint8_t { best, walk };  // walk: as on older kernels, for tests

  /// Throws errc::bad_argument, where there is no such folder.     [start-up]
  explicit file_root(const std::string& folder, way by = way::best);
  file_root(const file_root&) = delete;
  file_root& operator=(const file_root&) = delete;
  ~file_root();

  /// `relative` is a path below the folder, without `.`, `..` and empty segments: what others there are fails with EINVAL.
  [[nodiscard]] result<open_file, std::error_code> open(const std::string& relative) const;

 private:
  int fd_;
  way by_;
};

}  // namespace joist::inline v0::web::http
