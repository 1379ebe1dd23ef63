// WebSockets: a process for each, which reads messages as a loop and hears from other processes in between.
// `example_24_ws_echo serve` keeps serving on port 8081 (in a browser: new WebSocket("ws://localhost:8081/echo")) until
// SIGTERM or SIGINT; without an argument it says hello to itself, and what comes back is printed.
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>
#include <joist/web/websocket_client.hpp>

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

// [snippet: silent]
struct look {};  // whether the client has said something

// As echo, and ends the connection of who has said nothing for so long, though its pings are answered.
void echo_the_awake(web::websocket& socket, std::chrono::milliseconds limit) {
  auto until = joist::clock::now() + limit;
  joist::send_after(until, joist::self(), look{});
  const auto look_again = [&](look) {
    if (joist::clock::now() < until) {
      joist::send_after(until, joist::self(), look{});
    } else {
      socket.close(1000, "nothing was said");
    }
  };
  while (const auto said = socket.next(look_again)) {
    until = joist::clock::now() + limit;
    socket.send_text(said->data);
  }
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
  web::router all = routes();
  all.get("/awake", web::websocket_handler({}, [](web::websocket& socket) { echo_the_awake(socket, 100ms); }));
  const auto server = web::start_server({.at = endpoint::loopback(0), .drain = 1s}, all);
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

  auto silent = web::websocket::connect("ws://" + server.local().to_string() + "/awake");
  if (!silent.next()) fmt::print("{}: {}\n", silent.close_reason().code, silent.close_reason().reason);
  server.stop();
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({echo_service()}) : joist::run(try_it); }

// Output:
// HTTP/1.1 101 Switching Protocols
// hello
// 1000: nothing was said
