// tests/support/secured.hpp: two ends of a connection with TLS between them, and certificates for them.
#pragma once

#include <joist/tls/stream.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "support/certificate.hpp"
#include "support/sockets.hpp"

namespace support {

inline constexpr const char* tls_host = "joist.example";

inline joist::tls::certificate as_texts(const certificate& c) {
  return {joist::tls::pem::text(c.pem), joist::tls::pem::text(c.key)};
}

/// An authority, and a server of `tls_host` that it has signed.
struct tls_world {
  certificate authority = make_authority("Joist test authority");
  certificate server = make_certificate({.subject = tls_host, .names = std::string{"DNS:"} + tls_host}, &authority);

  [[nodiscard]] joist::tls::server_options server_options() const { return {.certificates = {as_texts(server)}}; }
  [[nodiscard]] joist::tls::client_options client_options() const {
    return {.authorities = joist::tls::pem::text(authority.pem)};
  }
  [[nodiscard]] joist::tls::server_context server_context() const { return joist::tls::server_context{server_options()}; }
  [[nodiscard]] joist::tls::client_context client_context() const { return joist::tls::client_context{client_options()}; }
};

/// Connected over TCP, and secured: `here` is the client.
inline two_ends secured_ends(const joist::tls::server_context& server, const joist::tls::client_context& client,
                             const std::string& host = tls_host) {
  auto [here, there] = connected();
  joist::spawn([peer = std::move(there), server, parent = joist::self()]() mutable {
    joist::tls::accept(peer, server, std::chrono::seconds{20});
    joist::send(parent, std::move(peer));
  });
  joist::tls::connect(here, client, host, std::chrono::seconds{20});
  return {std::move(here), joist::receive<joist::net::stream>()};
}
inline two_ends secured_ends() {
  static const tls_world world;
  static const joist::tls::server_context server = world.server_context();
  static const joist::tls::client_context client = world.client_context();
  return secured_ends(server, client);
}

}  // namespace support
