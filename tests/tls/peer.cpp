// One end of TLS for tests/tls/peers, whose other end is another program.
//   peer serve CERT KEY           prints its port; GET is answered with a megabyte, lines are sent back; until its input
//   ends peer connect PORT CA HOST     asks for "/" by HTTP/1.0, and prints the version of TLS and what came
#include <joist/joist.hpp>
#include <joist/net/resolve.hpp>
#include <joist/tls/server.hpp>
#include <joist/tls/stream.hpp>

#include <array>
#include <cstdio>
#include <string>

namespace {

using namespace std::chrono_literals;
using joist::net::endpoint;
using joist::net::stream;
namespace tls = joist::tls;

std::string some_of(stream& s) {
  std::string some(4096, '\0');
  some.resize(s.read_some(std::as_writable_bytes(std::span{some}), 20s));
  return some;
}

void answer(stream& peer) {
  for (std::string said = some_of(peer); !said.empty(); said = some_of(peer)) {
    if (!said.starts_with("GET ")) {
      peer.write(said, 20s);
      continue;
    }
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", 20s);
    peer.write(std::string(1'000'000, 'x'), 20s);
  }
}

void serve(const std::string& certificate, const std::string& key) {
  const tls::server_context secure{
      {.certificates = {{tls::pem::file(certificate), tls::pem::file(key)}}, .alpn = {"http/1.1"}}};
  const auto server = joist::net::start_server({.at = endpoint::loopback(0)}, tls::secured(secure, answer));
  fmt::print("{}\n", server.local().port());
  std::fflush(stdout);
  joist::blocking([] {
    while (std::getchar() != EOF) {
    }
  });
  server.stop();
}

void connect(const std::string& port, const std::string& authority, const std::string& host) {
  const tls::client_context trusted{{.authorities = tls::pem::file(authority)}};
  stream s = joist::net::connect(endpoint::loopback(static_cast<std::uint16_t>(std::stoi(port))), 20s);
  tls::connect(s, trusted, host, 20s);
  s.write("GET / HTTP/1.0\r\n\r\n", 20s);
  fmt::print("{}\n", tls::info(s)->version);
  for (std::string some = some_of(s); !some.empty(); some = some_of(s)) fmt::print("{}", some);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "serve") return joist::run([&] { serve(words[1], words[2]); });
  if (words.size() == 4 && words[0] == "connect") return joist::run([&] { connect(words[1], words[2], words[3]); });
  fmt::print(stderr, "expected: peer serve CERT KEY, or: peer connect PORT CA HOST\n");
  return 2;
}
