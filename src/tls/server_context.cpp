#include <joist/tls/context.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include "tls/contexts.hpp"
#include "tls/credentials.hpp"
#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls {
namespace {

using detail::server_snapshot;
using detail::ssl_ctx_ptr;

int choose_certificate(SSL* connection, int*, void* argument) noexcept {
  const char* name = ::SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto& all = *static_cast<const server_snapshot*>(argument);
  try {
    if (const auto which = all.hosts.find(name)) ::SSL_set_SSL_CTX(connection, all.of_certificates[*which].get());
  } catch (const std::bad_alloc&) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* bytes, const unsigned char* offered,
                    unsigned offered_bytes, void* argument) noexcept {
  const std::string& own = static_cast<const server_snapshot*>(argument)->alpn;
  unsigned char* found = nullptr;
  const int how = ::SSL_select_next_proto(&found, bytes, reinterpret_cast<const unsigned char*>(own.data()),
                                          static_cast<unsigned>(own.size()), offered, offered_bytes);
  if (how != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

ssl_ctx_ptr context_of(const certificate& own, const server_options& options, server_snapshot& all) {
  ssl_ctx_ptr context = detail::make_context(::TLS_server_method(), options.min_version);
  SSL_CTX* c = context.get();
  detail::use_certificate(*c, own);
  ::SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2: those with forward secrecy
  if (options.clients != client_certificates::none) {
    detail::trust(*c, *options.client_authorities, true);
    const bool required = options.clients == client_certificates::required;
    ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                         &detail::secure_layer::note_verdict);
  }
  static constexpr unsigned char sessions[] = "joist";  // whose they are: tickets are only good with their key
  ::SSL_CTX_set_session_id_context(c, sessions, sizeof sessions - 1);
  if (!options.session_tickets) ::SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_num_tickets(c, 0);  // of TLS 1.3 the layer sends one: secure_layer::write
  if (!all.alpn.empty()) ::SSL_CTX_set_alpn_select_cb(c, &choose_protocol, &all);
  return context;
}

std::shared_ptr<const server_snapshot> make(const server_options& options) {
  if (options.certificates.empty())
    throw error{joist::errc::bad_argument, "tls::server_options: expected a certificate, got none"};
  if ((options.clients != client_certificates::none) != options.client_authorities.has_value())
    throw error{joist::errc::bad_argument,
                "tls::server_options: expected `clients` and `client_authorities` together, got one without the other"};
  auto all = std::make_shared<server_snapshot>();
  all->alpn = detail::alpn_list(options.alpn);
  all->gives_tickets = options.session_tickets;
  for (const certificate& own : options.certificates) {
    ssl_ctx_ptr context = context_of(own, options, *all);
    for (const std::string& host : detail::hosts_of_certificate(*context)) all->hosts.add(host, all->of_certificates.size());
    all->of_certificates.push_back(std::move(context));
  }
  SSL_CTX* first = all->of_certificates.front().get();
  ::SSL_CTX_set_tlsext_servername_callback(first, &choose_certificate);
  ::SSL_CTX_set_tlsext_servername_arg(first, all.get());
  return all;
}

}  // namespace

server_context::state::state(server_options o) : options{std::move(o)}, snapshot{make(options)} {}

server_context::server_context(server_options options) : state_{std::make_shared<state>(std::move(options))} {}

result<server_context, std::string> server_context::try_make(server_options options) {
  try {
    return server_context{std::move(options)};
  } catch (const error& wrong) {
    return failure{std::string{wrong.what()}};
  }
}

result<void, std::string> server_context::state::change(server_options to) {
  try {
    auto made = make(to);
    options = std::move(to);
    const std::scoped_lock lock{mutex};
    snapshot.swap(made);
    return {};
  } catch (const error& wrong) {
    return failure{std::string{wrong.what()}};
  }
}

result<void, std::string> server_context::replace(server_options options) {
  const std::scoped_lock change{state_->changing};
  return state_->change(std::move(options));
}

result<void, std::string> server_context::reload() {
  const std::scoped_lock change{state_->changing};
  return state_->change(state_->options);
}

}  // namespace joist::inline v0::tls
