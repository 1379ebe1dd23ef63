// joist/tls/stream.hpp: TLS on a stream. What was a stream of bytes that anybody could read is one that only its two ends
// can, and still a net::stream: read, write, announce_readable and all the others are as before.
//
//   joist::net::stream s = joist::net::connect("example.org", 443, 5s);
//   joist::tls::connect(s, joist::tls::client_context{}, "example.org", 5s);   // verified, or an exception
//   s.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
//
// Promises
//   a handshake waits as the calls of streams do, and ends at its time limit
//   a handshake that fails says why, in words; the stream is then only good for being closed
//   the end of the data is what the peer said it is: read_some gives 0 after its close_notify. A connection that ended
//     without gives tls::errc::truncated, for anybody on the way could have cut it
//   shutdown_write() and close() say to the peer that no more comes; a stream that is closed because its process crashes
//     or is killed does not, so the peer can tell
//   what breaks the protocol is an error of that stream, which stays; nothing else notices
//
// A write becomes records of 16 KiB at most. While a process waits for its stream nothing of OpenSSL's is on its stack, and
// no buffer is held. RFC 8446, RFC 5246; names: RFC 6066, RFC 9525; ALPN: RFC 7301. See also: context.hpp, server.hpp
// (accepting in a supervision tree), net/stream.hpp. Erlang: ssl:handshake, ssl:connect.
#pragma once

#include <joist/net/stream.hpp>
#include <joist/result.hpp>
#include <joist/tls/context.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace joist::inline v0::tls {

/// Errors of reading and writing, beside those of the system. Others of the same category come from OpenSSL, and are known
/// by their message.
enum class errc {
  truncated = 1,  ///< the connection ended without a close_notify: what has come may not be all. RFC 8446, 6.1
  flooded,        ///< the peer sends changes of keys, tickets and the like without end, and no data
};
[[nodiscard]] const std::error_category& category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

/// Why there is no TLS.
enum class failure_kind : std::uint8_t {
  timed_out,
  closed,               ///< the peer closed the connection
  connection,           ///< the system's error
  not_tls,              ///< the peer speaks something else: HTTP, for example
  no_shared_protocol,   ///< no version or cipher that both would use
  no_shared_alpn,       ///< no protocol of RFC 7301
  certificate_expired,  ///< the peer's
  certificate_not_yet_valid,
  wrong_host,            ///< the certificate is of another
  unknown_authority,     ///< signed by nobody who is trusted, or by itself
  bad_certificate,       ///< revoked, not for this use, broken ...
  certificate_required,  ///< the client has shown none
  refused_by_peer,       ///< its alert says why
  broken_protocol,       ///< anything else
};

/// What it means, in a sentence.
[[nodiscard]] std::string_view to_string(failure_kind kind) noexcept;

struct handshake_error {
  failure_kind kind = failure_kind::broken_protocol;
  std::string text = {};  ///< for people, with what OpenSSL said
  /// The text; where there is none, what `kind` means.
  [[nodiscard]] std::string to_string() const { return text.empty() ? std::string{tls::to_string(kind)} : text; }
};

/// What accept and connect throw.
class handshake_failed : public std::runtime_error {
 public:
  explicit handshake_failed(const handshake_error& why) : std::runtime_error{why.text}, kind_{why.kind} {}
  [[nodiscard]] failure_kind kind() const noexcept { return kind_; }

 private:
  failure_kind kind_;
};

/// The server's half, on a stream that was accepted and is plain so far.     [process]
void accept(net::stream& peer, const server_context& context, joist::detail::deadline limit = infinity);
[[nodiscard]] result<void, handshake_error> try_accept(net::stream& peer, const server_context& context,
                                                       joist::detail::deadline limit = infinity);

/// The client's half, on a stream that is connected and is plain so far. `host`: a name or an IP address, which the server's
/// certificate has to be of; a name is also told to the server (SNI). Throws joist::errc::bad_argument where it is empty.
/// [process]
void connect(net::stream& server, const client_context& context, std::string_view host,
             joist::detail::deadline limit = infinity);
[[nodiscard]] result<void, handshake_error> try_connect(net::stream& server, const client_context& context,
                                                        std::string_view host, joist::detail::deadline limit = infinity);

/// What both ends agreed on.
struct connection_info {
  std::string version;       ///< "TLSv1.3"
  std::string cipher;        ///< "TLS_AES_256_GCM_SHA384"
  std::string alpn;          ///< empty: none
  std::string server_name;   ///< that the client asked for (SNI); empty: none
  std::string peer_subject;  ///< of its certificate, as RFC 2253 writes it; empty: it has shown none
  bool resumed = false;      ///< by a session ticket
};
/// Nothing: the stream is plain, or closed.     [the owner]
[[nodiscard]] std::optional<connection_info> info(const net::stream& s);

/// A handshake is over. To count them: joist::telemetry::attach<joist::tls::handshake_done>(...).
struct handshake_done {
  static constexpr std::string_view event_name = "joist.tls.handshake";
  struct {
    std::chrono::nanoseconds took;
  } measurements;
  struct {
    std::string_view side;     ///< "server", "client"
    std::string_view outcome;  ///< "ok", or the failure_kind: "timed_out", "not_tls" ...
    std::string_view why;      ///< the text of a failure
  } metadata;
};

}  // namespace joist::inline v0::tls

template <>
struct std::is_error_code_enum<joist::tls::errc> : std::true_type {};
