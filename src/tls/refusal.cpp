#include "tls/refusal.hpp"

#include <fmt/format.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace joist::inline v0::tls::detail {
namespace {

failure_kind kind_of_certificate(long verdict) noexcept {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return failure_kind::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return failure_kind::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return failure_kind::wrong_host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return failure_kind::unknown_authority;
    default: return failure_kind::bad_certificate;
  }
}

// Reasons of OpenSSL's own library for TLS; an alert's is 1000 and its number (RFC 8446, 6).
failure_kind kind_of_reason(int reason) noexcept {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH: return failure_kind::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY: return failure_kind::no_shared_protocol;
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: return failure_kind::no_shared_alpn;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return failure_kind::certificate_required;
    default: return reason > SSL_AD_REASON_OFFSET ? failure_kind::refused_by_peer : failure_kind::broken_protocol;
  }
}

std::string_view hint_of(failure_kind kind) noexcept {
  switch (kind) {
    case failure_kind::not_tls: return "expected TLS, the peer speaks something else";
    case failure_kind::no_shared_protocol: return "there is no version or cipher that both ends would use";
    case failure_kind::no_shared_alpn: return "there is no protocol (ALPN) that both ends speak";
    case failure_kind::certificate_required: return "expected a certificate of the client, got none";
    case failure_kind::refused_by_peer: return "the peer refused";
    default: return "the peer broke the protocol";
  }
}

}  // namespace

handshake_error refusal_of(const secure_layer& failed, const std::error_code& why, std::string_view peer) {
  const auto say = [&](failure_kind kind, std::string_view text) {
    return handshake_error{kind, fmt::format("TLS handshake with {}: {}", peer, text)};
  };
  if (why == std::errc::timed_out) return say(failure_kind::timed_out, "it was not over within its time limit");
  if (failed.code() == 0 && why.category() != category())
    return say(failure_kind::connection, (failed.system_error() ? failed.system_error() : why).message());
  const unsigned long code = failed.code();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long verdict = ::SSL_get_verify_result(failed.connection());
    return say(kind_of_certificate(verdict),
               fmt::format("the peer's certificate is refused: {} ({})", ::X509_verify_cert_error_string(verdict),
                           failed.refused_subject()));
  }
  if (failed.came_to_end()) return say(failure_kind::closed, "the peer closed the connection");
  const auto kind = ERR_GET_LIB(code) == ERR_LIB_SSL ? kind_of_reason(ERR_GET_REASON(code)) : failure_kind::broken_protocol;
  return say(kind, fmt::format("{}; OpenSSL: {}", hint_of(kind), text_of_code(code)));
}

std::string_view name_of(failure_kind kind) noexcept {
  switch (kind) {
    case failure_kind::timed_out: return "timed_out";
    case failure_kind::closed: return "closed";
    case failure_kind::connection: return "connection";
    case failure_kind::not_tls: return "not_tls";
    case failure_kind::no_shared_protocol: return "no_shared_protocol";
    case failure_kind::no_shared_alpn: return "no_shared_alpn";
    case failure_kind::certificate_expired: return "certificate_expired";
    case failure_kind::certificate_not_yet_valid: return "certificate_not_yet_valid";
    case failure_kind::wrong_host: return "wrong_host";
    case failure_kind::unknown_authority: return "unknown_authority";
    case failure_kind::bad_certificate: return "bad_certificate";
    case failure_kind::certificate_required: return "certificate_required";
    case failure_kind::refused_by_peer: return "refused_by_peer";
    case failure_kind::broken_protocol: return "broken_protocol";
  }
  return "";
}

}  // namespace joist::inline v0::tls::detail

namespace joist::inline v0::tls {

std::string_view to_string(failure_kind kind) noexcept {
  switch (kind) {
    case failure_kind::timed_out: return "the handshake was not over within its time limit";
    case failure_kind::closed: return "the peer closed the connection";
    case failure_kind::connection: return "the connection has failed";
    case failure_kind::certificate_expired: return "the certificate of the peer has expired";
    case failure_kind::certificate_not_yet_valid: return "the certificate of the peer is not valid yet";
    case failure_kind::wrong_host: return "the certificate of the peer is for another host";
    case failure_kind::unknown_authority: return "the certificate of the peer is signed by nobody who is trusted";
    case failure_kind::bad_certificate: return "the certificate of the peer is not accepted";
    case failure_kind::not_tls:
    case failure_kind::no_shared_protocol:
    case failure_kind::no_shared_alpn:
    case failure_kind::certificate_required:
    case failure_kind::refused_by_peer:
    case failure_kind::broken_protocol: return detail::hint_of(kind);
  }
  return "?";
}

}  // namespace joist::inline v0::tls
