// An echo server: each connection is a process that reads and writes as if it blocked. `example_22_echo serve` keeps serving
// on port 7777 (`nc localhost 7777`) until SIGTERM or SIGINT; without an argument it is its own client.
#include <joist/joist.hpp>
#include <joist/net/server.hpp>
#include <joist/otp/application.hpp>

#include <array>
#include <string>

using namespace std::chrono_literals;
using namespace joist::net;

// [snippet: echo]
void echo(stream& peer) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t got = peer.read_some(buffer, 60s)) peer.write(std::span{buffer}.first(got));
}

void serve(listener door) {
  for (;;) {
    joist::spawn([peer = door.accept()]() mutable { echo(peer); });  // closed when its process ends, however it ends
  }
}
// [end]

// [snippet: tree]
joist::application echo_service() {
  joist::application a{"echo"};
  a.start = [](const joist::environment&) -> joist::supervisor_init {
    return {{}, {child_server("echo", {.at = endpoint{"0.0.0.0:7777"}, .max_per_address = 100}, echo)}};
  };
  return a;
}
// [end]

// [snippet: client]
std::string ask(const endpoint& server, std::string_view text) {
  stream s = connect(server, 5s);
  s.write(text);
  s.shutdown_write();
  std::string answer(text.size(), '\0');
  answer.resize(s.read(std::as_writable_bytes(std::span{answer}), 5s));
  return answer;
}
// [end]

void try_it() {
  listener door = listen(endpoint::loopback(0));
  const endpoint at = door.local();
  const auto server = joist::spawn_link([mine = std::move(door)]() mutable { serve(std::move(mine)); });
  fmt::print("{}\n", ask(at, "hello"));

  // A client that sends nothing is one process that waits, and nobody's trouble.
  const stream silent = connect(at, 5s);
  fmt::print("{}\n", ask(at, "still there"));
  joist::unlink(server);
  joist::exit(server, joist::exit_reason::shutdown);
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({echo_service()}) : joist::run(try_it); }

// Output:
// hello
// still there
