// tls/secure_layer.hpp: TLS between a stream and its socket.
//
// OpenSSL is called with what there is, and never waits: what it wants to read and is not there yet is would_block, and what
// it writes is taken in any case. So a record that was written needs no second call with the same bytes.
//
//   state      meaning                                           who moves it on
//     shaking    shake() has not returned success                  shake -> open, broken
//     open       records go both ways                              read, write -> broken
//     broken     `broken_` is what every call says                 nobody
//
// Invariants
//   S1  unsent_ holds what the system has not taken: a record, and what OpenSSL said beside it (answers to key updates,
//   alerts);
//       more than most_unsent_bytes is an error. It is empty, without memory, when all has gone
//   S2  between two calls OpenSSL has no pointer to anything but this object, which does not move
//   S3  OpenSSL's queue of errors is empty before a call, and read right after it
#pragma once

#include <joist/net/detail/stream_layer.hpp>

#include <memory>
#include <optional>
#include <string>

#include "tls/openssl.hpp"

namespace joist::inline v0::tls::detail {

class secure_layer final : public net::detail::stream_layer {
 public:
  using size_or_why = result<std::size_t, std::error_code>;
  using done_or_why = result<void, std::error_code>;

  /// `keeps`: what the connection needs to live as long. `gives_ticket`: a server's, which lets its client come back.
  secure_layer(ssl_ptr connection, std::shared_ptr<const void> keeps, bool gives_ticket);
  ~secure_layer() override;

  /// A step of the handshake. would_block: wait until the wire can be written to, where has_unsent(), else read from.
  [[nodiscard]] done_or_why shake(net::detail::wire below);

  size_or_why read(net::detail::wire below, std::span<std::byte> into) override;
  size_or_why write(net::detail::wire below, std::span<const std::byte> from) override;
  done_or_why flush(net::detail::wire below) override;
  [[nodiscard]] bool has_unsent() const noexcept override { return !unsent_.empty(); }
  [[nodiscard]] bool may_have_unread() const noexcept override;
  done_or_why finish(net::detail::wire below) override;

  [[nodiscard]] SSL* connection() const noexcept { return connection_.get(); }
  /// The peer has closed its half of the socket.
  [[nodiscard]] bool came_to_end() const noexcept { return came_to_end_; }
  /// What the system said.
  [[nodiscard]] const std::error_code& system_error() const noexcept { return system_error_; }
  /// Of OpenSSL's queue, when it broke; 0: none.
  [[nodiscard]] unsigned long code() const noexcept { return code_; }

  /// Whose certificate was refused; empty: none was.
  [[nodiscard]] const std::string& refused_subject() const noexcept { return refused_subject_; }

  // -- for OpenSSL: wire_bio.cpp, and SSL_CTX_set_verify
  /// Agrees with what was found out, and remembers of whom.
  static int note_verdict(int good, X509_STORE_CTX* about) noexcept;
  /// What has come; less than 0: nothing now, or an error.
  int receive(std::span<std::byte> into, bool& try_again) noexcept;
  bool take(std::span<const std::byte> from) noexcept;

 private:
  class call;
  [[nodiscard]] std::error_code why_not(int kind);

  std::shared_ptr<const void> keeps_;
  std::string unsent_;
  std::size_t sent_ = 0;                   // of unsent_
  std::optional<net::detail::wire> wire_;  // within a call
  ssl_ptr connection_;
  std::string refused_subject_;
  std::error_code broken_;
  std::error_code system_error_;
  unsigned long code_ = 0;
  bool shaking_ = true;
  bool owes_ticket_;
  bool came_to_end_ = false;
  bool is_dry_ = false;   // the wire had nothing more, in this call
  bool starved_ = false;  // OpenSSL has nothing more without the wire
};

}  // namespace joist::inline v0::tls::detail
