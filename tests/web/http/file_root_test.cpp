#include "web/http/file_root.hpp"

#include <joist/error.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using joist::web::http::file_root;

namespace {

std::string read(const file_root& root, const std::string& path) {
  auto file = root.open(path);
  if (!file) return "(" + file.error().message() + ")";
  std::array<char, 100> bytes{};
  const auto n = ::read(file->descriptor(), bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(n)};
}

}  // namespace

TEST_CASE("file_root: opens what is in the folder, and nothing that is not") {
  const joist_test::temporary_folder all;
  all.write("secret.txt", "secret");
  all.write("root/a.txt", "a");
  all.write("root/sub/b.txt", "b");
  all.write("root/..odd", "odd");
  const auto root_path = all.path() / "root";
  std::filesystem::create_symlink("../secret.txt", root_path / "out.txt");
  std::filesystem::create_symlink(all.path() / "secret.txt", root_path / "absolute.txt");
  std::filesystem::create_symlink("..", root_path / "up");
  std::filesystem::create_symlink("a.txt", root_path / "inside.txt");
  std::filesystem::create_symlink("loop", root_path / "loop");
  REQUIRE(::mkfifo((root_path / "pipe").c_str(), 0600) == 0);

  for (const auto way : {file_root::way::best, file_root::way::walk}) {
    const file_root root{root_path, way};
    CHECK(read(root, "a.txt") == "a");
    CHECK(read(root, "sub/b.txt") == "b");
    CHECK(read(root, "..odd") == "odd");
    CHECK(root.open("none").error() == std::errc::no_such_file_or_directory);
    CHECK(root.open("sub").error() == std::errc::is_a_directory);
    CHECK_FALSE(root.open("pipe").has_value());
    for (const std::string& path :
         {std::string{""}, std::string{"/a.txt"}, std::string{"../secret.txt"}, std::string{"sub/../../secret.txt"},
          std::string{"./a.txt"}, std::string{"sub//b.txt"}, std::string{"sub/"}, std::string{".."},
          std::string{"a.txt\0x", 7}, (all.path() / "secret.txt").string()}) {
      INFO(path);
      CHECK(root.open(path).error() == std::errc::invalid_argument);
    }
    for (const char* path : {"out.txt", "absolute.txt", "up/secret.txt", "up/root/a.txt", "loop", "loop/a.txt"}) {
      INFO(path);
      CHECK_FALSE(root.open(path).has_value());
    }
  }
  CHECK(read(file_root{root_path, file_root::way::walk}, "inside.txt") != "a");
}

TEST_CASE("file_root: a folder that is not there is a wrong call") {
  CHECK_THROWS_AS(file_root{"/no/such/folder"}, joist::error);
  CHECK_THROWS_AS(file_root{"/proc/self/comm"}, joist::error);
}
