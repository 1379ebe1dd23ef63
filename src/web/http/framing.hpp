// web/http/framing.hpp: the fields that say where a body ends, and which of them are refused. RFC 9112, 6. Pure.
//
// Readers that disagree on it are how requests and responses are smuggled: a body whose end is not certain is nobody's body.
#pragma once

#include <joist/web/fields.hpp>
#include <joist/web/request.hpp>

#include "web/http/refusal.hpp"

namespace joist::inline v0::web::http {

/// Status 0: nothing is refused; then there is one length of digits, or Transfer-Encoding: chunked, or neither.
///     [any thread]
[[nodiscard]] refusal framing_refusal(const fields& f, http_version version);
/// Whether another message may come behind this one. RFC 9112, 9.3.     [any thread]
[[nodiscard]] bool keeps_alive(const fields& f, http_version version);

}  // namespace joist::inline v0::web::http
