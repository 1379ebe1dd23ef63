#include <joist/web/open_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace joist::inline v0::web {

open_file& open_file::operator=(open_file&& from) noexcept {
  if (this != &from) {
    close();
    fd_ = std::exchange(from.fd_, -1);
    size_ = from.size_;
    seconds_ = from.seconds_;
    nanoseconds_ = from.nanoseconds_;
  }
  return *this;
}

void open_file::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

result<open_file, std::error_code> open_file::at(const std::string& path) {
  // Without O_NONBLOCK, a pipe would have us wait for its writer before we can see that it is one.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return failure{std::error_code{errno, std::generic_category()}};
  return adopt(fd);
}

result<open_file, std::error_code> open_file::adopt(int fd) {
  open_file file;
  file.fd_ = fd;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failure{std::error_code{errno, std::generic_category()}};
  if (S_ISDIR(status.st_mode)) return failure{std::make_error_code(std::errc::is_a_directory)};
  if (!S_ISREG(status.st_mode)) return failure{std::make_error_code(std::errc::invalid_argument)};
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.seconds_ = status.st_mtim.tv_sec;
  file.nanoseconds_ = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
  return file;
}

}  // namespace joist::inline v0::web
