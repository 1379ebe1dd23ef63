// dist/nats_protocol.hpp: what a NATS server says and is told: the text protocol of core NATS.
//
// Pure. An operation is read whole or not at all; lines and payloads have limits, which hold before memory is taken.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dist/read_state.hpp"

namespace joist::inline v0::dist::detail {

enum class nats_verb : std::uint8_t { info, message, ping, pong, ok, error };

struct nats_operation {
  nats_verb verb = nats_verb::ok;
  std::string_view subject = {};  ///< of a message
  std::string_view text = {};     ///< payload of a message; JSON of an INFO; what an error says, without its quotes
};

inline constexpr std::size_t most_nats_line_bytes = 64 << 10;  // an INFO names all servers of a cluster

/// Reads the first operation in `bytes`; its parts are views of them. Payloads of more than `most_bytes` are broken.
[[nodiscard]] read_verdict read_nats(std::string_view bytes, std::size_t most_bytes, nats_operation& into);

/// What we need to know of a server.
struct nats_info {
  std::size_t max_payload = 1 << 20;
  bool tls_required = false;
  bool tls_available = false;
  bool lame_duck = false;  ///< it is about to stop, and asks its clients to go elsewhere
};
/// False: that is no JSON object. Members of other names are passed over.
[[nodiscard]] bool read_nats_info(std::string_view json, nats_info& into);

/// Whom we say that we are. Of user and password, or a token, what is empty is not sent.
struct nats_greeting {
  std::string name = {};
  std::string user = {};
  std::string password = {};
  std::string token = {};
  bool tls = false;
};
/// CONNECT. The server is asked not to send what comes from us back to us, nor to confirm each operation.
void write_nats_connect(std::string& out, const nats_greeting& from);
void write_nats_subscribe(std::string& out, std::string_view subject, int id);
void write_nats_publish(std::string& out, std::string_view subject, std::string_view payload);

/// A part of a subject that stands for `name`, whatever its bytes; another for each name.
[[nodiscard]] std::string nats_token(std::string_view name);

}  // namespace joist::inline v0::dist::detail
