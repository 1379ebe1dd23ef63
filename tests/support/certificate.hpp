// tests/support/certificate.hpp: a certificate that signs itself, as PEM: made anew for each test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace support {

struct certificate {
  std::string pem, key;
};

/// For `host`; `days`: how long it is valid from now on, less than 0: it was, until then.
inline certificate make_certificate(const std::string& host, int days = 1) {
  constexpr long day = 24 * 60 * 60;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{::EVP_EC_gen("P-256"), &::EVP_PKEY_free};
  const std::unique_ptr<X509, void (*)(X509*)> made{::X509_new(), &::X509_free};
  ::X509_set_version(made.get(), X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -2 * day);
  ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), days * day);
  X509_NAME* name = ::X509_get_subject_name(made.get());
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  ::X509_set_issuer_name(made.get(), name);
  ::X509_set_pubkey(made.get(), key.get());
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> names{
      ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str()), &::X509_EXTENSION_free};
  ::X509_add_ext(made.get(), names.get(), -1);
  ::X509_sign(made.get(), key.get(), ::EVP_sha256());

  const auto text_of = [](auto&& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> memory{::BIO_new(::BIO_s_mem()), &::BIO_free};
    write(memory.get());
    char* data = nullptr;
    const long bytes = ::BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(bytes));
  };
  return {text_of([&](BIO* to) { ::PEM_write_bio_X509(to, made.get()); }),
          text_of([&](BIO* to) { ::PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

}  // namespace support
