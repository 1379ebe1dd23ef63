// An echo server: each connection is a process that reads and writes as if it blocked. Run with a port to keep serving
// (`example_22_echo 7777`, then `nc localhost 7777`); without one it is its own client.
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <array>
#include <cstdlib>

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

int main(int argc, char** argv) {
  return joist::run([argc, argv] {
    if (argc > 1) {
      serve(listen(endpoint{std::string{"0.0.0.0:"} + argv[1]}));
    } else {
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
  });
}

// Output:
// hello
// still there
