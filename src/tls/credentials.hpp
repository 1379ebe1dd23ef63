// tls/credentials.hpp: PEM, put into OpenSSL's contexts. All throw joist::error with bad_argument, which names the file.
#pragma once

#include <joist/tls/context.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "tls/openssl.hpp"

namespace joist::inline v0::tls::detail {

/// The chain and its key.
void use_certificate(SSL_CTX& context, const certificate& own);
/// The hosts that the certificate in use is of, as they stand in it: RFC 5280, 4.2.1.6.
[[nodiscard]] std::vector<std::string> hosts_of_certificate(const SSL_CTX& context);
/// Who signs the peers' certificates. `announce`: servers tell clients whom they trust.
void trust(SSL_CTX& context, const pem& authorities, bool announce);
/// Protocols as they are sent. RFC 7301, 3.1.
[[nodiscard]] std::string alpn_list(const std::vector<std::string>& protocols);
/// What every context of ours has. Throws std::bad_alloc.
[[nodiscard]] ssl_ctx_ptr make_context(const SSL_METHOD* role, version least);

}  // namespace joist::inline v0::tls::detail
