#include "tls/secure_layer.hpp"

#include <joist/tls/stream.hpp>

#include <openssl/sslerr.h>

#include <algorithm>
#include <utility>

#include "tls/wire_bio.hpp"

namespace joist::inline v0::tls::detail {
namespace {

using net::detail::is_would_block;
using net::detail::wire;
using net::detail::would_block;

constexpr std::size_t record_bytes = std::size_t{16} << 10;        // RFC 8446, 5.1
constexpr std::size_t most_unsent_bytes = std::size_t{512} << 10;  // more than the longest flight of a handshake

}  // namespace

// A call of OpenSSL: S2, S3.
class secure_layer::call {
 public:
  call(secure_layer& in, wire below) noexcept : in_{in} {
    in_.wire_ = below;
    in_.is_dry_ = false;
    ::ERR_clear_error();
  }
  call(const call&) = delete;
  call& operator=(const call&) = delete;
  ~call() { in_.wire_.reset(); }

 private:
  secure_layer& in_;
};

secure_layer::secure_layer(ssl_ptr connection, std::shared_ptr<const void> keeps, bool gives_ticket)
    : keeps_{std::move(keeps)}, connection_{std::move(connection)}, owes_ticket_{gives_ticket} {
  BIO* both = make_wire_bio(*this);
  ::SSL_set_bio(connection_.get(), both, both);  // owns it
}

secure_layer::~secure_layer() = default;

int secure_layer::receive(std::span<std::byte> into, bool& try_again) noexcept {
  const auto got = wire_->receive(into);
  if (!got) {
    try_again = is_would_block(got.error());
    if (!try_again) system_error_ = got.error();
    is_dry_ = try_again;
    return -1;
  }
  if (*got == 0) came_to_end_ = true;
  return static_cast<int>(*got);
}

// While shaking, a flight is gathered and goes in one piece.
bool secure_layer::take(std::span<const std::byte> from) noexcept {
  std::size_t gone = 0;
  while (!shaking_ && unsent_.empty() && gone < from.size()) {
    const auto sent = wire_->send(from.subspan(gone));
    if (sent) {
      gone += *sent;
      continue;
    }
    if (is_would_block(sent.error())) break;
    system_error_ = sent.error();
    return false;
  }
  const auto rest = from.subspan(gone);
  if (unsent_.size() + rest.size() > most_unsent_bytes) {
    system_error_ = std::make_error_code(std::errc::no_buffer_space);
    return false;
  }
  try {
    unsent_.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  } catch (const std::bad_alloc&) {
    system_error_ = std::make_error_code(std::errc::not_enough_memory);
    return false;
  }
  return true;
}

int secure_layer::note_verdict(int good, X509_STORE_CTX* about) noexcept {
  if (good == 1) return good;
  const auto* connection =
      static_cast<const SSL*>(::X509_STORE_CTX_get_ex_data(about, ::SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& layer = *static_cast<secure_layer*>(::BIO_get_data(::SSL_get_rbio(connection)));
  try {
    layer.refused_subject_ = subject_of(::X509_STORE_CTX_get_current_cert(about));
  } catch (const std::bad_alloc&) {  // it is refused all the same
  }
  return good;
}

secure_layer::done_or_why secure_layer::flush(wire below) {
  while (sent_ < unsent_.size()) {
    const auto sent = below.send(std::as_bytes(std::span{unsent_}).subspan(sent_));
    if (!sent) return failure{sent.error()};
    sent_ += *sent;
  }
  if (!unsent_.empty()) unsent_ = std::string{};
  sent_ = 0;
  return {};
}

secure_layer::done_or_why secure_layer::shake(wire below) {
  if (broken_) return failure{broken_};
  std::error_code why;
  if (shaking_) {
    const call now{*this, below};
    const int returned = ::SSL_do_handshake(connection_.get());
    if (returned == 1) {
      shaking_ = false;
      starved_ = false;
    } else {
      why = why_not(::SSL_get_error(connection_.get(), returned));
    }
  }
  const auto flushed = flush(below);
  if (broken_) return failure{broken_};
  if (!flushed && !is_would_block(flushed.error())) system_error_ = flushed.error();
  if (!flushed) return flushed;
  if (why) return failure{why};
  return {};
}

secure_layer::size_or_why secure_layer::read(wire below, std::span<std::byte> into) {
  if (broken_) return failure{broken_};
  if (has_unsent()) (void)flush(below);  // a failure is also seen by who writes
  // Beside data there are changes of keys and tickets: some. More would keep this process busy without a wait.
  constexpr int most_without_data = 8;  // buffers of 16 KiB
  for (int i = 0; i < most_without_data; ++i) {
    const call now{*this, below};
    std::size_t got = 0;
    const int returned = ::SSL_read_ex(connection_.get(), into.data(), into.size(), &got);
    if (returned == 1) {
      starved_ = false;
      return got;
    }
    const int kind = ::SSL_get_error(connection_.get(), returned);
    if (kind == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (kind != SSL_ERROR_WANT_READ || is_dry_) return failure{why_not(kind)};
  }
  return failure{broken_ = errc::flooded};
}

secure_layer::size_or_why secure_layer::write(wire below, std::span<const std::byte> from) {
  if (broken_) return failure{broken_};
  if (const auto flushed = flush(below); !flushed) return failure{flushed.error()};
  const call now{*this, below};
  // Of TLS 1.3. Not with the handshake: a client that only writes, and closes with a ticket unread, breaks the connection
  // off in the eyes of the system, and what it wrote may be lost.
  if (std::exchange(owes_ticket_, false) && ::SSL_version(connection_.get()) == TLS1_3_VERSION)
    (void)::SSL_new_session_ticket(connection_.get());
  std::size_t taken = 0;
  const int returned = ::SSL_write_ex(connection_.get(), from.data(), std::min(from.size(), record_bytes), &taken);
  if (returned == 1) return taken;
  return failure{why_not(::SSL_get_error(connection_.get(), returned))};
}

secure_layer::done_or_why secure_layer::finish(wire below) {
  if (broken_) return failure{broken_};
  if ((::SSL_get_shutdown(connection_.get()) & SSL_SENT_SHUTDOWN) == 0) {
    const call now{*this, below};
    const int returned = ::SSL_shutdown(connection_.get());
    if (returned < 0) return failure{why_not(::SSL_get_error(connection_.get(), returned))};
  }
  return flush(below);
}

bool secure_layer::may_have_unread() const noexcept { return !starved_ && ::SSL_has_pending(connection_.get()) == 1; }

std::error_code secure_layer::why_not(int kind) {
  if (kind == SSL_ERROR_WANT_READ) {
    starved_ = true;
    return would_block();
  }
  code_ = kind == SSL_ERROR_SSL ? ::ERR_peek_error() : 0;
  ::ERR_clear_error();
  if (came_to_end_) {
    broken_ = errc::truncated;
  } else if (code_ != 0) {  // also where the system did not take the alert that says so
    broken_ = {static_cast<int>(code_), category()};
  } else if (system_error_) {
    broken_ = system_error_;
  } else {
    broken_ = std::make_error_code(std::errc::protocol_error);
  }
  return broken_;
}

}  // namespace joist::inline v0::tls::detail
