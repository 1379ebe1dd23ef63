// Connections over TLS, to real servers.
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>
#include <joist/net/stream.hpp>

#include <memory>
#include <string>

#include "support/certificate.hpp"
#include "support/engine.hpp"
#include "support/joined.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::pubsub;
namespace tls = joist::tls;

namespace {

/// An authority, and a server of this machine that it has signed; as files, for programs.
struct tls_files {
  certificate authority = make_authority("Joist test authority");
  certificate server = make_certificate({.subject = "here", .names = "IP:127.0.0.1"}, &authority);
  joist_test::temporary_folder folder;
  tls_files() {
    folder.write("server.pem", server.pem);
    folder.write("server.key", server.key);
  }
  [[nodiscard]] std::string path(const char* name) const { return (folder.path() / name).string(); }
  [[nodiscard]] tls::client_context trusting() const {
    return tls::client_context{{.authorities = tls::pem::text(authority.pem)}};
  }
};

std::string secured(std::string url, std::string_view scheme) { return url.replace(0, url.find(':'), scheme); }

/// Both reach each other, and who does not trust the server says so.
void expect_secured(const pubsub& a, const pubsub& b, const pubsub& distrustful) {
  const watched_connections watched;
  for (const pubsub& bus : {a, b, distrustful}) joist::start_pubsub(bus);
  watched.await("a");
  watched.await("b");
  b.subscribe("t");
  const std::string text(1 << 19, 'x');
  EXPECT(a.broadcast("t", text).has_value() && joist::receive<std::string>() == text);
  std::string why = watched.why_lost("distrustful");
  while (why.find("certificate") == why.npos) why = watched.why_lost("distrustful");  // the server may still be starting
}

}  // namespace

TEST_CASE("nats: a server that asks for TLS gets it, and is verified") {
  const tls_files files;
  const nats_engine engine{"tls { cert_file: \"" + files.path("server.pem") + "\", key_file: \"" + files.path("server.key") +
                           "\" }"};
  on_workers(
      [&] {
        const auto node = [&](const char* name, const std::string& url, const tls::client_context& trust) {
          return pubsub{{.adapter = joist::dist::nats({.url = url, .tls = trust, .connection = impatient()}), .node = name}};
        };
        expect_secured(node("a", engine.url(), files.trusting()), node("b", secured(engine.url(), "tls"), files.trusting()),
                       node("distrustful", engine.url(), tls::client_context{}));
      },
      1);
}

TEST_CASE("nats: where TLS is asked for, by the url or by a context, a server without is told nothing") {
  const nats_engine engine;
  on_workers(
      [&] {
        const watched_connections watched;
        const auto why_lost = [&](const std::string& node, joist::dist::nats_options options) {
          options.connection = impatient();
          const pubsub bus{{.adapter = joist::dist::nats(std::move(options)), .node = node}};
          joist::start_pubsub(bus);
          return joist::receive(joist::when([&](const told_disconnected& d) { return d.node == node; },
                                            [](const told_disconnected& d) { return d.why; }),
                                joist::when([&](const told_connected& c) { return c.node == node; },
                                            [](const told_connected&) { return std::string{"it is connected"}; }));
        };
        const auto ends = [](std::string why) { return why.substr(why.find(": ") + 2); };
        // The server may still be starting.
        std::string by_url;
        for (int n = 0; by_url.empty() || by_url.find("refused") != by_url.npos; ++n)
          by_url = why_lost("url" + std::to_string(n), {.url = secured(engine.url(), "tls")});
        EXPECT(ends(by_url).starts_with("the server has no TLS"));
        EXPECT(ends(why_lost("context", {.url = engine.url("ann:secret@"), .tls = tls::client_context{}}))
                   .starts_with("the server has no TLS"));
      },
      1);
}

TEST_CASE("redis: rediss:// is TLS, and the server is verified") {
  const tls_files files;
  std::string port;
  on_workers([&port] { port = std::to_string(joist::net::listen(joist::net::endpoint::loopback(0)).local().port()); }, 1);
  const redis_engine engine{{"--bind", "127.0.0.1", "--tls-port", port, "--tls-cert-file", files.path("server.pem"),
                             "--tls-key-file", files.path("server.key"), "--tls-ca-cert-file", files.path("server.pem"),
                             "--tls-auth-clients", "no"}};
  on_workers(
      [&] {
        const auto node = [&](const char* name, const tls::client_context& trust) {
          return pubsub{
              {.adapter = joist::dist::redis({.url = "rediss://127.0.0.1:" + port, .tls = trust, .connection = impatient()}),
               .node = name}};
        };
        expect_secured(node("a", files.trusting()), node("b", files.trusting()), node("distrustful", tls::client_context{}));
      },
      1);
}
