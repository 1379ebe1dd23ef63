#include <joist/tls/context.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include "tls/contexts.hpp"
#include "tls/credentials.hpp"
#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls {
namespace {

// Whom the system trusts is read from files: some 100 milliseconds.
void trust(SSL_CTX& context, const std::optional<pem>& authorities) {
  if (authorities) return detail::trust(context, *authorities, false);
  if (::SSL_CTX_set_default_verify_paths(&context) != 1)
    throw error{
        joist::errc::bad_argument,
        fmt::format("tls::client_context: expected the system's authorities, got none: {}", detail::take_error_text())};
}

detail::ssl_ctx_ptr make(const client_options& options) {
  detail::ssl_ctx_ptr context = detail::make_context(::TLS_client_method(), options.min_version);
  SSL_CTX* c = context.get();
  if (options.dangerously_trust_any_server) {
    ::SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
  } else {
    ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER, &detail::secure_layer::note_verdict);
    trust(*c, options.authorities);
  }
  if (options.own) detail::use_certificate(*c, *options.own);
  if (const std::string alpn = detail::alpn_list(options.alpn); !alpn.empty()) {
    if (::SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(alpn.data()),
                                  static_cast<unsigned>(alpn.size())) != 0)
      throw std::bad_alloc{};
  }
  ::ERR_clear_error();
  return context;
}

}  // namespace

client_context::client_context(client_options options) : state_{std::make_shared<const state>(state{make(options)})} {}

result<client_context, std::string> client_context::try_make(client_options options) {
  try {
    return client_context{std::move(options)};
  } catch (const error& wrong) {
    return failure{std::string{wrong.what()}};
  }
}

}  // namespace joist::inline v0::tls
