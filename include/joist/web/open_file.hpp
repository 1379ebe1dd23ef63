// joist/web/open_file.hpp: a file that was opened, and is closed with its owner: what a response sends without reading it.
//
//   auto file = joist::web::open_file::at("/srv/report.pdf");
//   if (file) return joist::web::send_file(*std::move(file), "application/pdf");
//
// Promises
//   regular files only: who waits for a pipe or opens a device does so elsewhere
//   what is sent has the size that the file had when it was opened
//
// See also: response.hpp, static_files.hpp.
#pragma once

#include <joist/result.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace joist::inline v0::web {

class open_file {
 public:
  open_file() noexcept = default;
  open_file(open_file&& from) noexcept
      : fd_{std::exchange(from.fd_, -1)}, size_{from.size_}, seconds_{from.seconds_}, nanoseconds_{from.nanoseconds_} {}
  open_file& operator=(open_file&& from) noexcept;
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { close(); }

  /// For reading; symbolic links are followed. Fails as open(2), with EISDIR or EINVAL for what is no regular file.
  [[nodiscard]] static result<open_file, std::error_code> at(const std::string& path);
  /// Takes what open(2) gave, in any case: where this fails, it is closed.
  [[nodiscard]] static result<open_file, std::error_code> adopt(int fd);

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int descriptor() const noexcept { return fd_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// When it was changed last: seconds since 1970, and nanoseconds in that second.
  [[nodiscard]] std::int64_t modified() const noexcept { return seconds_; }
  [[nodiscard]] std::uint32_t modified_nanoseconds() const noexcept { return nanoseconds_; }

 private:
  void close() noexcept;

  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::int64_t seconds_ = 0;
  std::uint32_t nanoseconds_ = 0;
};

}  // namespace joist::inline v0::web
