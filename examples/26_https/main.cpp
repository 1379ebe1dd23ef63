// HTTPS: a server with certificates from files, which are read again while it runs. `example_26_https serve CERT.pem
// KEY.pem` keeps serving on port 8443 until SIGTERM or SIGINT, and looks for a new certificate every hour; without arguments
// it asks itself once, with a certificate from below.
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/tls/stream.hpp>
#include <joist/web/server.hpp>

#include <string>
#include <utility>

#include "test_certificate.hpp"

using namespace std::chrono_literals;
namespace tls = joist::tls;
namespace web = joist::web;
using joist::net::endpoint;

web::router routes() {
  web::router r;
  r.get("/",
        [](const web::request& in) { return web::text(in.is_secure() ? "Hello, in private!\n" : "Hello, everybody!\n"); });
  return r;
}

// [snippet: reload]
// A certificate lives for some weeks: who renews it replaces the files.
void look_for_certificates(tls::server_context secure) {
  for (;;) {
    joist::sleep_for(1h);
    if (const auto done = secure.reload(); !done) joist::log(joist::log_level::warning, done.error());  // the old one stays
  }
}
// [end]

// [snippet: tree]
joist::application https_service(tls::server_context secure) {
  joist::application a{"https"};
  a.start = [secure](const joist::environment&) -> joist::supervisor_init {
    return {{},
            {web::child_server("web", {.at = endpoint{"[::]:8443"}, .tls = secure}, routes()),
             joist::child_process("certificates", [secure] { look_for_certificates(secure); })}};
  };
  return a;
}
// [end]

// [snippet: client]
std::string ask(const endpoint& server, const tls::client_context& trusted, const std::string& host) {
  joist::net::stream s = joist::net::connect(server, 5s);
  tls::connect(s, trusted, host, 5s);
  s.write("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n", 5s);
  std::string answer(4096, '\0');
  answer.resize(s.read(std::as_writable_bytes(std::span{answer}), 5s));
  return answer.substr(answer.find("\r\n\r\n") + 4);
}
// [end]

void try_it() {
  const tls::server_context secure{{.certificates = {{tls::pem::text(test_certificate), tls::pem::text(test_key)}}}};
  const auto server = web::start_server({.at = endpoint::loopback(0), .tls = secure}, routes());
  const tls::client_context trusted{{.authorities = tls::pem::text(test_certificate)}};
  fmt::print("{}", ask(server.local(), trusted, "localhost"));
  try {
    (void)ask(server.local(), trusted, "elsewhere.example");
  } catch (const tls::handshake_failed& why) {
    fmt::print("{}\n", why.what());
  }
  server.stop();
}

int main(int argc, char** argv) {
  if (argc < 4) return joist::run(try_it);
  const tls::server_context secure{{.certificates = {{tls::pem::file(argv[2]), tls::pem::file(argv[3])}}}};
  return joist::run_applications({https_service(secure)});
}

// Output:
// Hello, in private!
// TLS handshake with elsewhere.example: the peer's certificate is refused: hostname mismatch (CN=localhost)
