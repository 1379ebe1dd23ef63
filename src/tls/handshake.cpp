// Handshakes: who waits here stands in shallow frames, with nothing of OpenSSL's on its stack.
#include <joist/tls/stream.hpp>

#include <joist/error.hpp>
#include <joist/telemetry.hpp>

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <string>
#include <utility>

#include "core/scheduler.hpp"
#include "net/layered.hpp"
#include "tls/contexts.hpp"
#include "tls/refusal.hpp"
#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls {
namespace {

using detail::secure_layer;
using joist::detail::deadline;
using net::detail::layer_access;

constexpr std::int32_t reductions_of_a_step = 1000;  // signatures and what proves them: some 100 microseconds

std::error_code shake(secure_layer& layer, net::stream& s, const deadline& limit) {
  for (;;) {
    net::detail::entry& e = layer_access::socket(s, "handshake");
    core::spend(core::require_process("handshake"), reductions_of_a_step);
    const auto step = layer.shake(net::detail::wire{e});
    if (step) return {};
    if (!net::detail::is_would_block(step.error())) return step.error();
    const bool writes = layer.has_unsent();
    if (const std::error_code why = net::detail::await(writes ? e.out : e.in, limit, "handshake")) return why;
    if (!writes) e.drained = false;
  }
}

[[gnu::noinline]] void tell(std::string_view side, clock::time_point begun, const handshake_error* why) {
  telemetry::execute_with([&] {
    return handshake_done{
        {clock::now() - begun},
        {side, why == nullptr ? "ok" : detail::name_of(why->kind), why == nullptr ? std::string_view{} : why->text}};
  });
}

// `host`: of a client.
result<void, handshake_error> secure(net::stream& s, std::unique_ptr<secure_layer> layer, deadline limit,
                                     std::string_view side, std::string_view host) {
  const clock::time_point begun = clock::now();
  limit = limit.fixed();
  if (const std::error_code why = shake(*layer, s, limit)) {
    handshake_error refused = detail::refusal_of(*layer, why, host.empty() ? s.peer().to_string() : std::string{host});
    tell(side, begun, &refused);
    return failure{std::move(refused)};
  }
  layer_access::lay(s, std::move(layer));
  tell(side, begun, nullptr);
  return {};
}

void check_plain(net::stream& s, const char* call) {
  (void)layer_access::socket(s, call);
  if (layer_access::layer(s) != nullptr)
    throw error{joist::errc::bad_argument, fmt::format("{}: expected a plain stream, this one is secured already", call)};
}

// noinline, as all that has OpenSSL's frames below it.
[[gnu::noinline]] std::unique_ptr<secure_layer> server_half(const server_context& context) {
  auto snapshot = context.get().current();
  detail::ssl_ptr half = detail::made(detail::ssl_ptr{::SSL_new(snapshot->of_certificates.front().get())});
  ::SSL_set_accept_state(half.get());
  const bool gives_ticket = snapshot->gives_tickets;
  return std::make_unique<secure_layer>(std::move(half), std::move(snapshot), gives_ticket);
}

// The certificate has to be of `host`; a name is told to the server as well, an address is not: RFC 6066, 3.
void ask_for(SSL* half, const std::string& host) {
  X509_VERIFY_PARAM* wanted = ::SSL_get0_param(half);
  if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return;
  // RFC 9525, 2: a name is in subjectAltName, and `*` is all of the leftmost label.
  ::SSL_set_hostflags(half, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  // OpenSSL takes a dot in front for "any host below".
  const bool fits = host.find('\0') == host.npos && !host.empty() && host.front() != '.' &&
                    ::SSL_set1_host(half, host.c_str()) == 1 && ::SSL_set_tlsext_host_name(half, host.c_str()) == 1;
  ::ERR_clear_error();
  if (!fits)
    throw error{joist::errc::bad_argument, fmt::format("tls::connect: expected the name of a host, got \"{}\"", host)};
}

[[gnu::noinline]] std::unique_ptr<secure_layer> client_half(const client_context& context, std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);  // an IPv6 address in a URL
  if (host.ends_with('.')) host.remove_suffix(1);
  detail::ssl_ptr half = detail::made(detail::ssl_ptr{::SSL_new(context.get().context.get())});
  ask_for(half.get(), std::string{host});
  ::SSL_set_connect_state(half.get());
  return std::make_unique<secure_layer>(std::move(half), nullptr, false);
}

}  // namespace

result<void, handshake_error> try_accept(net::stream& peer, const server_context& context, deadline limit) {
  check_plain(peer, "tls::accept");
  return secure(peer, server_half(context), limit, "server", {});
}

result<void, handshake_error> try_connect(net::stream& server, const client_context& context, std::string_view host,
                                          deadline limit) {
  check_plain(server, "tls::connect");
  return secure(server, client_half(context, host), limit, "client", host);
}

void accept(net::stream& peer, const server_context& context, deadline limit) {
  if (const auto done = try_accept(peer, context, limit); !done) throw handshake_failed{done.error()};
}

void connect(net::stream& server, const client_context& context, std::string_view host, deadline limit) {
  if (const auto done = try_connect(server, context, host, limit); !done) throw handshake_failed{done.error()};
}

}  // namespace joist::inline v0::tls
