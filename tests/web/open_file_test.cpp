#include <joist/web/open_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/catch.hpp"

using joist::web::open_file;

TEST_CASE("open_file: knows the size of a regular file, and closes it") {
  const auto path = std::filesystem::temp_directory_path() / ("joist_open_file_" + std::to_string(::getpid()));
  std::ofstream{path} << "twelve bytes";
  int fd = -1;
  {
    auto file = open_file::at(path);
    REQUIRE(file.has_value());
    open_file moved = *std::move(file);
    CHECK_FALSE(file->is_open());
    CHECK(moved.size() == 12);
    CHECK(moved.modified() > 0);
    fd = moved.descriptor();
    CHECK(::fcntl(fd, F_GETFD) >= 0);
  }
  CHECK(::fcntl(fd, F_GETFD) < 0);
  std::filesystem::remove(path);
}

TEST_CASE("open_file: what is no regular file is refused") {
  CHECK(open_file::at("/").error() == std::errc::is_a_directory);
  CHECK(open_file::at("/dev/null").error() == std::errc::invalid_argument);
  CHECK(open_file::at("/no/such/file").error() == std::errc::no_such_file_or_directory);
}
