// Asynchronous code of others: what another program prints, read by Boost.Asio's pipes while only the calling process waits.
#include <joist/joist.hpp>
#include <joist/net/use_process.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/writable_pipe.hpp>

#include <spawn.h>
#include <sys/wait.h>

#include <memory>
#include <string>

using namespace std::chrono_literals;
using joist::net::use_process;
namespace asio = boost::asio;

// Starts `/bin/sh -c command` and gives it our pipe for its output.
pid_t start(std::string command, asio::writable_pipe& output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output.native_handle(), 1);
  std::string shell = "sh", option = "-c";
  char* arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t child = 0;
  const int why = ::posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  if (why != 0) throw std::system_error{why, std::system_category(), "posix_spawn"};
  return child;
}

// [snippet: use_process]
std::string output_of(const std::string& command, asio::thread_pool& pool) {
  asio::readable_pipe from{pool};
  asio::writable_pipe to{pool};
  asio::connect_pipe(from, to);
  const pid_t child = start(command, to);
  to.close();
  std::string text;
  const auto [why, bytes] = asio::async_read(from, asio::dynamic_buffer(text), asio::as_tuple(use_process(5s)));
  if (why != asio::error::eof) throw boost::system::system_error{why, command};
  joist::blocking([child] { ::waitpid(child, nullptr, 0); });
  return text;
}

int main() {
  const auto pool = std::make_shared<asio::thread_pool>(1);  // somebody has to run Asio's code: a thread for all processes
  joist::run([pool] {
    for (const char* command : {"echo one; echo two", "expr 6 '*' 7"}) {
      const joist::spawn_options options{.own_stack = true};  // Asio writes into `text` while this process waits
      joist::spawn_monitor(options, [pool, command] { fmt::print("{} ->\n{}", command, output_of(command, *pool)); });
      joist::receive([](const joist::down& d) { fmt::print("{}\n", d.reason); });
    }
  });
}
// [end]

// Output:
// echo one; echo two ->
// one
// two
// normal
// expr 6 '*' 7 ->
// 42
// normal
