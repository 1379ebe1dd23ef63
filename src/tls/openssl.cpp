#include "tls/openssl.hpp"

#include <fmt/format.h>

#include <system_error>

namespace joist::inline v0::tls::detail {

std::string text_of_code(unsigned long code) {
  if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? std::string{reason} : fmt::format("error {:#x} of OpenSSL", code);
}

std::string take_error_text() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  return code == 0 ? "OpenSSL gave no reason" : text_of_code(code);
}

std::string subject_of(const X509* shown) {
  if (shown == nullptr) return {};
  const bio_ptr text = made(bio_ptr{::BIO_new(::BIO_s_mem())});
  ::X509_NAME_print_ex(text.get(), ::X509_get_subject_name(shown), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(bytes)};
}

}  // namespace joist::inline v0::tls::detail
