// tls/openssl.hpp: OpenSSL's objects as owners, and its errors as text. Its queue of errors is of a thread, and processes
// change threads where they wait: it is read where the failure was, with no wait between.
#pragma once

#include <joist/result.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <new>
#include <string>

namespace joist::inline v0::tls::detail {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, freed_by<&::BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<&::EVP_PKEY_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, freed_by<&::SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freed_by<&::SSL_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<&::X509_free>>;

/// What a code of its queue means: "no start line".
[[nodiscard]] std::string text_of_code(unsigned long code);
/// The same of the oldest code that is queued, which is mostly the cause; the queue is empty then.     [where the failure
/// was]
[[nodiscard]] std::string take_error_text();
/// Whose certificate it is, as RFC 2253 writes it; empty for null.
[[nodiscard]] std::string subject_of(const X509* shown);
/// Throws std::bad_alloc for an object that OpenSSL could not make.
template <class Owner>
[[nodiscard]] Owner made(Owner object) {
  if (object == nullptr) {
    ::ERR_clear_error();
    throw std::bad_alloc{};
  }
  return object;
}

}  // namespace joist::inline v0::tls::detail
