// joist/tls/context.hpp: what both ends of TLS bring along: certificates, whom they trust, which versions and protocols.
//
//   joist::tls::server_context secure{{.certificates = {{pem::file("server.pem"), pem::file("server.key")}}}};
//   joist::net::stream peer = door.accept();
//   joist::tls::accept(peer, secure, 10s);
//
//   secure.reload();     // the files have changed: new connections get the new certificate, others go on
//
// Promises
//   what is wrong is said with the file and with what OpenSSL has to say: by an exception, or as text of the try_ variants
//   a reload or replacement that fails changes nothing
//   contexts are handles: copies are the same context; used by any number of processes and threads at once
//   a client verifies: who signed the certificate, that it is valid now, and that it is of the host that was asked for
//
// TLS 1.2 (ECDHE with AEAD ciphers only, at servers) and 1.3, by OpenSSL 3. No renegotiation, no compression, no early data.
// Example: examples/26_https. Guide: docs/guides/tls.md. See also: stream.hpp, server.hpp. Erlang: ssl.
#pragma once

#include <joist/result.hpp>
#include <joist/sendable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0::tls {

/// Certificates or a key in the PEM format: from a file, which is read where a context is made and at each reload, or as a
/// text. Keys are not encrypted.
class pem {
 public:
  [[nodiscard]] static pem file(std::string path) { return pem{true, std::move(path)}; }
  [[nodiscard]] static pem text(std::string content) { return pem{false, std::move(content)}; }

  [[nodiscard]] bool is_file() const noexcept { return is_file_; }
  /// The path, or the text.
  [[nodiscard]] const std::string& content() const noexcept { return content_; }

 private:
  pem(bool is_file, std::string content) : is_file_{is_file}, content_{std::move(content)} {}

  bool is_file_;
  std::string content_;
};

/// Who one is: the certificate, followed by those that lead to the authority which the other end knows, and its private key.
struct certificate {
  pem chain;
  pem key;
};

enum class version : std::uint8_t { tls_1_2, tls_1_3 };

/// Whether a server asks its clients who they are.
enum class client_certificates : std::uint8_t {
  none,
  optional,  ///< who has one shows it, and is refused where it is not signed by client_authorities
  required,
};

struct server_options {
  /// At least one. A client that names a host (SNI) gets the first that is of this host, exactly or as `*.example.org`;
  /// else, and who names none, the first of all.
  std::vector<certificate> certificates;
  std::vector<std::string> alpn = {};  ///< protocols, the best first, as "http/1.1"; a client with none of them is refused
  version min_version = version::tls_1_2;
  client_certificates clients = client_certificates::none;
  std::optional<pem> client_authorities = {};  ///< who signs clients' certificates
  bool session_tickets = true;  ///< a client that comes back saves a round trip (1.2) and the signature; until a reload
};

class server_context {
 public:
  /// Throws joist::errc::bad_argument.     [any thread]
  explicit server_context(server_options options);
  [[nodiscard]] static result<server_context, std::string> try_make(server_options options);

  /// Reads its files again. A failure is returned, and changes nothing.     [any thread]
  [[nodiscard]] result<void, std::string> reload();
  /// New options, for connections that are accepted from now on. As reload().     [any thread]
  [[nodiscard]] result<void, std::string> replace(server_options options);

  struct state;
  [[nodiscard]] const state& get() const noexcept { return *state_; }

 private:
  explicit server_context(std::shared_ptr<state> made) noexcept : state_{std::move(made)} {}

  std::shared_ptr<state> state_;
};

struct client_options {
  std::optional<pem> authorities = {};       ///< who may have signed servers' certificates; nothing: whom the system trusts
  std::optional<tls::certificate> own = {};  ///< for servers that ask who the client is
  std::vector<std::string> alpn = {};        ///< protocols, the best first
  version min_version = version::tls_1_2;
  bool dangerously_trust_any_server = false;  ///< neither signature nor host is looked at: for tests alone
};

class client_context {
 public:
  /// Throws joist::errc::bad_argument. Verifies by whom the system trusts, unless told otherwise, and reads many files for
  /// that: make one for all connections.     [any thread]
  explicit client_context(client_options options = {});
  [[nodiscard]] static result<client_context, std::string> try_make(client_options options);

  struct state;
  [[nodiscard]] const state& get() const noexcept { return *state_; }

 private:
  explicit client_context(std::shared_ptr<const state> made) noexcept : state_{std::move(made)} {}

  std::shared_ptr<const state> state_;
};

}  // namespace joist::inline v0::tls

namespace joist::inline v0 {
template <>
struct enable_sendable<tls::server_context> : std::true_type {};  // what is shared looks after itself
template <>
struct enable_sendable<tls::client_context> : std::true_type {};
}  // namespace joist::inline v0
