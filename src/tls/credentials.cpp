#include "tls/credentials.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace joist::inline v0::tls::detail {
namespace {

[[noreturn]] void refuse(std::string text) { throw error{joist::errc::bad_argument, std::move(text)}; }

std::string place_of(const pem& from) { return from.is_file() ? from.content() : "the text that was given"; }

// A PEM file is small: what is larger was meant to be something else.
std::string read_file(const std::string& path, std::string_view what) {
  constexpr std::size_t most_bytes = std::size_t{4} << 20;
  const std::unique_ptr<std::FILE, freed_by<&std::fclose>> file{std::fopen(path.c_str(), "rbe")};
  std::string content;
  char some[4096];
  for (std::size_t got = 1; file != nullptr && got > 0 && content.size() <= most_bytes;) {
    got = std::fread(some, 1, sizeof some, file.get());
    content.append(some, got);
  }
  if (file == nullptr || std::ferror(file.get()) != 0)
    refuse(fmt::format("expected {} in {}, which cannot be read: {}", what, path,
                       std::error_code{errno, std::system_category()}.message()));
  if (content.size() > most_bytes) refuse(fmt::format("expected {} in {}, got more than 4 MiB", what, path));
  return content;
}

struct opened {
  std::string content;
  bio_ptr bio;  // a view of it
};

opened open(const pem& from, std::string_view what) {
  opened o{from.is_file() ? read_file(from.content(), what) : from.content(), nullptr};
  o.bio = made(bio_ptr{::BIO_new_mem_buf(o.content.data(), static_cast<int>(o.content.size()))});
  ::ERR_clear_error();
  return o;
}

// OpenSSL would ask for the password on the terminal.
int no_password(char*, int, int, void*) { return -1; }

// The next one of several; null at the end.
x509_ptr next_certificate(BIO* from, const pem& source, std::string_view what) {
  x509_ptr one{::PEM_read_bio_X509(from, nullptr, &no_password, nullptr)};
  if (one != nullptr) return one;
  const unsigned long code = ::ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!is_end) refuse(fmt::format("expected {} in {}; OpenSSL: {}", what, place_of(source), take_error_text()));
  ::ERR_clear_error();
  return nullptr;
}

void use_chain(SSL_CTX& context, const pem& chain) {
  constexpr std::string_view what = "a PEM certificate, perhaps followed by its chain,";
  const opened from = open(chain, what);
  const x509_ptr first = next_certificate(from.bio.get(), chain, what);
  if (first == nullptr) refuse(fmt::format("expected {} in {}, got no certificate", what, place_of(chain)));
  if (::SSL_CTX_use_certificate(&context, first.get()) != 1)
    refuse(fmt::format("the certificate in {} cannot be used; OpenSSL: {}", place_of(chain), take_error_text()));
  while (x509_ptr next = next_certificate(from.bio.get(), chain, what)) {
    if (::SSL_CTX_add1_chain_cert(&context, next.get()) != 1)
      refuse(
          fmt::format("a certificate of the chain in {} cannot be used; OpenSSL: {}", place_of(chain), take_error_text()));
  }
}

void use_key(SSL_CTX& context, const certificate& own) {
  constexpr std::string_view what = "a PEM private key without a password";
  const opened from = open(own.key, what);
  const key_ptr key{::PEM_read_bio_PrivateKey(from.bio.get(), nullptr, &no_password, nullptr)};
  if (key == nullptr) refuse(fmt::format("expected {} in {}; OpenSSL: {}", what, place_of(own.key), take_error_text()));
  if (::SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || ::SSL_CTX_check_private_key(&context) != 1)
    refuse(fmt::format("expected in {} the key of the certificate in {}; OpenSSL: {}", place_of(own.key),
                       place_of(own.chain), take_error_text()));
}

}  // namespace

void use_certificate(SSL_CTX& context, const certificate& own) {
  use_chain(context, own.chain);
  use_key(context, own);
}

std::vector<std::string> hosts_of_certificate(const SSL_CTX& context) {
  std::vector<std::string> hosts;
  const std::unique_ptr<GENERAL_NAMES, freed_by<&::GENERAL_NAMES_free>> names{static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(::SSL_CTX_get0_certificate(&context), NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(names.get(), i);
    if (one->type != GEN_DNS) continue;
    hosts.emplace_back(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(one->d.dNSName)),
                       static_cast<std::size_t>(::ASN1_STRING_length(one->d.dNSName)));
  }
  ::ERR_clear_error();
  return hosts;
}

void trust(SSL_CTX& context, const pem& authorities, bool announce) {
  constexpr std::string_view what = "PEM certificates of authorities";
  const opened from = open(authorities, what);
  X509_STORE* store = ::SSL_CTX_get_cert_store(&context);
  int count = 0;
  for (; const x509_ptr one = next_certificate(from.bio.get(), authorities, what); ++count) {
    if (::X509_STORE_add_cert(store, one.get()) != 1 || (announce && ::SSL_CTX_add_client_CA(&context, one.get()) != 1))
      refuse(fmt::format("a certificate in {} cannot be used; OpenSSL: {}", place_of(authorities), take_error_text()));
  }
  if (count == 0) refuse(fmt::format("expected {} in {}, got no certificate", what, place_of(authorities)));
}

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& p : protocols) {
    if (p.empty() || p.size() > 255) refuse(fmt::format("alpn: expected names of 1 to 255 bytes, got one of {}", p.size()));
    list += static_cast<char>(static_cast<unsigned char>(p.size()));
    list += p;
  }
  return list;
}

ssl_ctx_ptr make_context(const SSL_METHOD* role, version least) {
  ssl_ctx_ptr context = made(ssl_ctx_ptr{::SSL_CTX_new(role)});
  SSL_CTX* c = context.get();
  ::SSL_CTX_set_min_proto_version(c, least == version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  ::SSL_CTX_set_options(
      c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Buffers live while bytes are in them; a call of the system takes all that is there.
  ::SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_clear_mode(c, SSL_MODE_AUTO_RETRY);  // secure_layer::read says how often
  ::SSL_CTX_set_read_ahead(c, 1);
  ::SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_default_passwd_cb(c, &no_password);
  return context;
}

}  // namespace joist::inline v0::tls::detail
