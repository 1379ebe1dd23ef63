// A server with limits of its own, and clients that run into them: each is told, or cut, and the others do not notice.
#include <joist/joist.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <string>
#include <string_view>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;
using joist::net::stream;

// [snippet: limits]
web::router routes() {
  web::router r;
  r.post("/notes", [](const web::request& in) { return web::text(fmt::format("{} bytes\n", in.body().size())); });
  r.get("/feed", web::websocket_handler({.max_message_bytes = 4 * 1024,
                                         .when_slow = web::slow_consumer::close,  // what others publish never waits for one
                                         .queue_bytes = 64 * 1024},
                                        [](web::websocket& socket) {
                                          while (const auto said = socket.next()) socket.send_text(said->data);
                                        }));
  return r;
}

web::server_options limits() {
  web::server_options o{.at = endpoint::loopback(0)};
  o.limits.head_bytes = 4 * 1024;   // no client of ours sends more
  o.limits.body_bytes = 64 * 1024;  // notes are short
  o.times.head = 200ms;             // of an example; 10 s else
  o.max_connections = 4'000;        // of 5000 descriptors
  o.max_per_address = 100;
  o.drain = 1s;
  return o;
}
// [end]

/// The first line that comes back.
std::string tell(const endpoint& server, std::string_view bytes) {
  stream s = joist::net::connect(server, 5s);
  s.write(bytes, 5s);
  std::string answer(512, '\0');
  answer.resize(s.read_some(std::as_writable_bytes(std::span{answer}), 5s));
  return answer.substr(0, answer.find("\r\n"));
}

void try_them() {
  const auto server = web::start_server(limits(), routes());
  const std::string post = "POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
  fmt::print("a note: {}\n", tell(server.local(), post + "5\r\n\r\nhello"));
  fmt::print("a large one: {}\n", tell(server.local(), post + "100000\r\n\r\n"));
  fmt::print("a long head: {}\n", tell(server.local(), "GET / HTTP/1.1\r\nX: " + std::string(5'000, 'x')));
  fmt::print("a slow head: {}\n", tell(server.local(), "GET / HT"));
  fmt::print("two lengths: {}\n", tell(server.local(), post + "5\r\nContent-Length: 6\r\n\r\nhello!"));
  server.stop();
}

int main() { return joist::run(try_them); }

// Output:
// a note: HTTP/1.1 200 OK
// a large one: HTTP/1.1 413 Content Too Large
// a long head: HTTP/1.1 431 Request Header Fields Too Large
// a slow head: HTTP/1.1 408 Request Timeout
// two lengths: HTTP/1.1 400 Bad Request
