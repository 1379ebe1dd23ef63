// web/client/request_writer.hpp: the heads of requests as the bytes of a connection. RFC 9112, 3 and 6. Pure.
//
// Invariants
// W1: what is written has one end: its length, chunks, or no body; whatever fields the caller has set
// W2: method, target and fields hold no byte that ends a line: web::url and web::fields see to theirs
#pragma once

#include <joist/web/fields.hpp>
#include <joist/web/url.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "web/http/response_writer.hpp"

namespace joist::inline v0::web::http {

struct outgoing_head {
  std::string_view method;
  const url& to;
  const fields& own;                       // of the caller
  body_framing body = body_framing::none;  // none, sized or chunked
  std::uint64_t body_bytes = 0;            // of a sized one
  std::string_view user_agent{};           // where `own` names none
  std::string_view upgrade{};              // another protocol that is asked for
};

/// Throws errc::bad_argument for a method that is none, and for fields that are the writer's: those that frame a body, or
/// say who stays connected (`Connection: close` may be said).     [any thread]
void check_head(std::string_view method, const fields& own);
/// Of one that check_head let pass.     [any thread]
void append_request_head(std::string& out, const outgoing_head& head);

}  // namespace joist::inline v0::web::http
