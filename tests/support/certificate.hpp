// tests/support/certificate.hpp: certificates as PEM, which sign themselves or are signed by an authority: made anew for
// each test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace support {

struct certificate {
  std::string pem, key;
};

struct certificate_wish {
  std::string subject;
  std::string names = {};  // "DNS:a.example,IP:127.0.0.1"; empty: none
  int from_days = -2;      // from now on, less than 0: before
  int to_days = 1;
  bool authority = false;  // may sign others
};

namespace detail {

template <class T, auto Free>
auto owned(T* object) {
  if (object == nullptr) throw std::runtime_error{"a certificate cannot be made"};
  return std::unique_ptr<T, void (*)(T*)>{object, [](T* o) { Free(o); }};
}

template <class Write>
std::string text_of(Write&& write) {
  const auto memory = owned<BIO, &::BIO_free>(::BIO_new(::BIO_s_mem()));
  write(memory.get());
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(bytes));
}

template <class Read>
auto read_text(const std::string& pem, Read&& read) {
  const auto memory = owned<BIO, &::BIO_free>(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return read(memory.get());
}

inline void add_extension(X509* to, int what, const std::string& value) {
  const auto made =
      owned<X509_EXTENSION, &::X509_EXTENSION_free>(::X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()));
  ::X509_add_ext(to, made.get(), -1);
}

}  // namespace detail

/// Signed by `authority`; by itself, where that is null.
inline certificate make_certificate(const certificate_wish& wish, const certificate* authority) {
  using namespace detail;
  constexpr long day = 24 * 60 * 60;
  static int made_so_far = 0;
  const auto key = owned<EVP_PKEY, &::EVP_PKEY_free>(::EVP_EC_gen("P-256"));
  const auto made = owned<X509, &::X509_free>(::X509_new());
  ::X509_set_version(made.get(), X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), ++made_so_far);
  ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), wish.from_days * day);
  ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), wish.to_days * day);
  X509_NAME* name = ::X509_get_subject_name(made.get());
  const auto* subject = reinterpret_cast<const unsigned char*>(wish.subject.c_str());
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0);
  ::X509_set_pubkey(made.get(), key.get());
  if (!wish.names.empty()) add_extension(made.get(), NID_subject_alt_name, wish.names);
  if (wish.authority) add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  if (authority == nullptr) {
    ::X509_set_issuer_name(made.get(), name);
    ::X509_sign(made.get(), key.get(), ::EVP_sha256());
  } else {
    const auto signer = owned<X509, &::X509_free>(
        read_text(authority->pem, [](BIO* from) { return ::PEM_read_bio_X509(from, nullptr, nullptr, nullptr); }));
    const auto signer_key = owned<EVP_PKEY, &::EVP_PKEY_free>(
        read_text(authority->key, [](BIO* from) { return ::PEM_read_bio_PrivateKey(from, nullptr, nullptr, nullptr); }));
    ::X509_set_issuer_name(made.get(), ::X509_get_subject_name(signer.get()));
    ::X509_sign(made.get(), signer_key.get(), ::EVP_sha256());
  }
  return {text_of([&](BIO* to) { ::PEM_write_bio_X509(to, made.get()); }),
          text_of([&](BIO* to) { ::PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

/// For `host`, signed by itself; `days`: how long it is valid from now on, less than 0: it was, until then.
inline certificate make_certificate(const std::string& host, int days = 1) {
  return make_certificate({.subject = host, .names = "DNS:" + host, .to_days = days}, nullptr);
}

inline certificate make_authority(const std::string& name) {
  return make_certificate({.subject = name, .authority = true}, nullptr);
}

}  // namespace support
