#include "web/http/file_root.hpp"

#include <joist/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#if __has_include(<linux/openat2.h>) && defined(SYS_openat2)
#include <linux/openat2.h>
#define JOIST_HAS_OPENAT2 1
#else
#define JOIST_HAS_OPENAT2 0
#endif

namespace joist::inline v0::web::http {
namespace {

constexpr int for_reading = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // O_NONBLOCK: who opens a pipe does not wait

bool is_plain(std::string_view path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash + 1 == path.size()) return false;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return true;
}

// ENOSYS or EPERM (a filter of system calls): not to be had here.
int open_beneath(int root, const std::string& relative) {
#if JOIST_HAS_OPENAT2
  open_how how{};
  how.flags = static_cast<unsigned>(for_reading);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int left = 8;; --left) {  // EAGAIN: somebody renamed on the way, and the kernel is not sure
    const auto fd = ::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if ((errno != EAGAIN && errno != EINTR) || left == 0) return -1;
  }
#else
  static_cast<void>(root);
  static_cast<void>(relative);
  errno = ENOSYS;
  return -1;
#endif
}

int open_by_walk(int root, std::string_view relative) {
  int at = root;
  for (;;) {
    const auto slash = relative.find('/');
    const std::string segment{relative.substr(0, slash)};
    const bool last = slash == relative.npos;
    const int next = ::openat(at, segment.c_str(), for_reading | O_NOFOLLOW | (last ? 0 : O_DIRECTORY));
    const int problem = errno;
    if (at != root) ::close(at);
    if (next < 0) {
      errno = problem;
      return -1;
    }
    if (last) return next;
    at = next;
    relative.remove_prefix(slash + 1);
  }
}

}  // namespace

file_root::file_root(const std::string& folder, way by)
    : fd_{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}, by_{by} {
  if (fd_ < 0)
    throw error{errc::bad_argument,
                fmt::format("static_files: expected a folder, got {}: {}", folder, std::strerror(errno))};
}

file_root::~file_root() { ::close(fd_); }

result<open_file, std::error_code> file_root::open(const std::string& relative) const {
  if (!is_plain(relative)) return failure{std::make_error_code(std::errc::invalid_argument)};
  int fd = -1;
  errno = ENOSYS;
  if (by_ == way::best) fd = open_beneath(fd_, relative);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = open_by_walk(fd_, relative);
  if (fd < 0) return failure{std::error_code{errno, std::generic_category()}};
  return open_file::adopt(fd);
}

}  // namespace joist::inline v0::web::http
