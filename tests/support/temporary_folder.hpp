// tests/support/temporary_folder.hpp: a folder of its own for a test, and gone with it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace joist_test {

class temporary_folder {
 public:
  temporary_folder() {
    static int made = 0;
    path_ =
        std::filesystem::temp_directory_path() / ("joist_test_" + std::to_string(::getpid()) + "_" + std::to_string(made++));
    std::filesystem::create_directories(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Makes the file, and the folders it is in.
  void write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream{path_ / name, std::ios::binary} << content;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace joist_test
