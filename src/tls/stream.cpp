// What is to be known of a stream that is secured, and the errors of its own.
#include <joist/tls/stream.hpp>

#include "net/layered.hpp"
#include "tls/secure_layer.hpp"

namespace joist::inline v0::tls {
namespace {

std::string text_or_empty(const char* text) { return text != nullptr ? text : std::string{}; }

class tls_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "joist.tls"; }
  std::string message(int value) const override {
    if (value == static_cast<int>(errc::truncated))
      return "the connection ended before the peer said that its data had (no close_notify)";
    if (value == static_cast<int>(errc::flooded)) return "the peer sends what is no data, without end";
    return "TLS: " + detail::text_of_code(static_cast<unsigned>(value));
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const tls_category one;
  return one;
}

std::optional<connection_info> info(const net::stream& s) {
  const auto* layer = s.is_open() ? dynamic_cast<const detail::secure_layer*>(net::detail::layer_access::layer(s)) : nullptr;
  if (layer == nullptr) return std::nullopt;
  const SSL* with = layer->connection();
  connection_info all;
  all.version = text_or_empty(::SSL_get_version(with));
  all.cipher = text_or_empty(::SSL_get_cipher_name(with));
  const unsigned char* alpn = nullptr;
  unsigned alpn_bytes = 0;
  ::SSL_get0_alpn_selected(with, &alpn, &alpn_bytes);
  if (alpn_bytes > 0) all.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_bytes);
  all.server_name = text_or_empty(::SSL_get_servername(with, TLSEXT_NAMETYPE_host_name));
  all.peer_subject = detail::subject_of(::SSL_get0_peer_certificate(with));
  all.resumed = ::SSL_session_reused(with) == 1;
  return all;
}

}  // namespace joist::inline v0::tls
