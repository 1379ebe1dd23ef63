// WebSockets: a process for each, which reads messages as a loop and hears from other processes in between.
// `example_24_ws_echo serve` keeps serving on port 8081 (in a browser: new WebSocket("ws://localhost:8081/echo")) until
// SIGTERM or SIGINT; without an argument it says hello to itself, and what comes back is printed.
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <string>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;

// [snippet: echo]
struct tick {};

void echo(web::websocket& socket) {
  joist::send_after(1h, joist::self(), tick{});
  while (const auto said = socket.next([&](tick) { socket.send_text("an hour has passed"); })) {
    socket.send_text(said->data);
  }
}

web::router routes() {
  web::router r;
  r.get("/echo", web::websocket_handler({.max_message_bytes = 64 * 1024}, echo));
  return r;
}
// [end]

joist::application echo_service() {
  joist::application a{"ws_echo"};
  a.start = [](const joist::environment&) -> joist::supervisor_init {
    return {{}, {web::child_server("web", {.at = endpoint{"[::]:8081"}}, routes())}};
  };
  return a;
}

// A client by hand: the handshake, and one masked frame (the mask is of zeros).
void try_it() {
  const auto server = web::start_server({.at = endpoint::loopback(0), .drain = 1s}, routes());
  joist::net::stream s = joist::net::connect(server.local(), 5s);
  s.write(
      "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  s.write(std::string_view{"\x81\x85\0\0\0\0hello", 11});
  std::string got;
  while (!got.ends_with("hello")) {
    std::string more(1024, '\0');
    more.resize(s.read_some(std::as_writable_bytes(std::span{more}), 5s));
    got += more;
  }
  fmt::print("{}\n{}\n", got.substr(0, got.find("\r\n")), got.substr(got.size() - 5));
  s.close();
  server.stop();
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({echo_service()}) : joist::run(try_it); }

// Output:
// HTTP/1.1 101 Switching Protocols
// hello
