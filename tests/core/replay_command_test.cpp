// src/core/replay_command.hpp
#include "core/replay_command.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using joist::core::own_command;
using joist::core::shell_command;
using namespace std::string_view_literals;

namespace {

std::string printed_by_shell(const std::string& command) {
  std::string printed;
  FILE* shell = ::popen(command.c_str(), "r");
  char some[256];
  for (std::size_t n = 0; (n = std::fread(some, 1, sizeof some, shell)) > 0;) printed.append(some, n);
  ::pclose(shell);
  return printed;
}

}  // namespace

TEST_CASE("shell_command: words that need no quotes have none, others do") {
  CHECK(shell_command("./tests/simulate_test\0--order\0lex\0"sv) == "./tests/simulate_test --order lex");
  CHECK(shell_command("a b\0\0[tag]\0it's\0"sv) == R"('a b' '' '[tag]' 'it'\''s')");
  CHECK(shell_command("cut off"sv) == "'cut off'");
  CHECK(shell_command(""sv).empty());
}

TEST_CASE("shell_command: a shell reads back each argument as it was, whatever is in it") {
  const auto words = "printf\0[%s]\\n\0a test: of two*\0$HOME `id` \"q\" \\ 'x' !\0\0~\0-n\0new\nline\0FOO=1\0#\0"sv;
  CHECK(printed_by_shell(shell_command(words)) ==
        "[a test: of two*]\n[$HOME `id` \"q\" \\ 'x' !]\n[]\n[~]\n[-n]\n[new\nline]\n[FOO=1]\n[#]\n");
}

TEST_CASE("own_command: is what this program was started with") {
  CHECK(own_command().find("core.replay_command_test") != std::string::npos);
}
