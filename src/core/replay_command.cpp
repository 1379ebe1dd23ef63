#include "core/replay_command.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

namespace joist::inline v0::core {
namespace {

bool is_plain(std::string_view word) noexcept {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-./:,+@%";
  return !word.empty() && word.find_first_not_of(plain) == std::string_view::npos;
}

void append_word(std::string& command, std::string_view word) {
  if (!command.empty()) command += ' ';
  if (is_plain(word)) {
    command += word;
    return;
  }
  command += '\'';
  for (const char c : word) {
    if (c == '\'') {
      command += "'\\''";  // ends the quotes, a quote of its own, and they go on
    } else {
      command += c;
    }
  }
  command += '\'';
}

}  // namespace

std::string shell_command(std::string_view cmdline) {
  std::string command;
  while (!cmdline.empty()) {
    const std::size_t end = cmdline.find('\0');
    append_word(command, cmdline.substr(0, end));
    cmdline.remove_prefix(end == std::string_view::npos ? cmdline.size() : end + 1);
  }
  return command;
}

std::string own_command() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  const std::string cmdline{std::istreambuf_iterator<char>{file}, {}};
  return cmdline.empty() ? std::string{program_invocation_name} : shell_command(cmdline);
}

}  // namespace joist::inline v0::core
