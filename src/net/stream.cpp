#include <joist/net/stream.hpp>

#include <joist/message.hpp>
#include <joist/process.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/scheduler.hpp"
#include "net/descriptor.hpp"
#include "net/layered.hpp"
#include "net/names.hpp"
#include "net/pieces.hpp"

namespace joist::inline v0::net {

using detail::await;
using detail::deadline;
using detail::entry;
using detail::failed;
using detail::last_error;
using detail::use;

namespace {

template <class T>
T value_or_throw(io_result<T> r, const char* call, const stream& with) {
  if (!r) detail::throw_error(r.error(), call, with.is_open() ? with.peer().to_string() : "");
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

// An empty buffer would read as the end of the data.
void check_not_empty(std::span<std::byte> into, const char* call) {
  if (into.empty())
    throw error{errc::bad_argument, fmt::format("{}: expected a buffer of one byte or more, got none", call)};
}

}  // namespace

// Where the last read took all there was, nothing can be there that the poller has not told of: the attempt is saved. Not
// once the peer has closed: that is told only once.
io_result<std::size_t> detail::wire::receive(std::span<std::byte> into) const {
  entry& e = *socket_;
  while (!e.drained || e.ended.load(std::memory_order_relaxed) || e.in.is_ready()) {
    e.in.take();
    // What was told before this attempt, the attempt sees: where it finds nothing, it was of one that had this entry before.
    // What is told from now on stays. acquire: pairs with the poller's store, so that the end which it has seen is seen
    // here.
    const bool has_ended = e.ended.load(std::memory_order_acquire);
    if (has_ended) e.ended.store(false, std::memory_order_relaxed);
    const ssize_t got = ::recv(e.number.load(std::memory_order_relaxed), into.data(), into.size(), 0);
    const int why = got < 0 ? errno : 0;
    const bool is_empty = why == EAGAIN || why == EWOULDBLOCK;
    if (has_ended && !is_empty) e.ended.store(true, std::memory_order_relaxed);
    if (got >= 0) {
      e.drained = got > 0 && static_cast<std::size_t>(got) < into.size();
      return static_cast<std::size_t>(got);
    }
    if (why == EINTR) continue;
    if (!is_empty) return failure{std::error_code{why, std::system_category()}};
    e.drained = true;
    if (!e.in.is_ready()) break;
  }
  return failure{would_block()};
}

io_result<std::size_t> detail::wire::send(std::span<const std::byte> from) const {
  entry& e = *socket_;
  for (;;) {
    e.out.take();
    const ssize_t sent = ::send(e.number.load(std::memory_order_relaxed), from.data(), from.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return failure{would_block()};
    if (errno != EINTR) return failure{last_error()};
  }
}

io_result<std::size_t> stream::try_read_some(std::span<std::byte> into, deadline limit) {
  entry& e = use(fd_, "read_some");
  check_not_empty(into, "read_some");
  const detail::wire below{e};
  for (bool fixed = false;;) {
    auto got = layer_ == nullptr ? below.receive(into) : layer_->read(below, into);
    if (got || !detail::is_would_block(got.error())) return got;
    if (!fixed) limit = limit.fixed();
    fixed = true;
    if (const std::error_code why = await(e.in, limit, "read_some")) return failure{why};
    e.drained = false;
  }
}

io_result<std::size_t> stream::try_read(std::span<std::byte> into, deadline limit) {
  limit = limit.fixed();
  std::size_t have = 0;
  while (have < into.size()) {
    const auto got = try_read_some(into.subspan(have), limit);
    if (!got) return failure{got.error()};
    if (*got == 0) break;
    have += *got;
  }
  return have;
}

io_result<void> stream::try_write(std::span<const std::byte> all, deadline limit) {
  entry& e = use(fd_, "write");
  limit = limit.fixed();
  if (layer_ != nullptr) return detail::write_through(*layer_, fd_, {&all, 1}, limit);
  while (!all.empty()) {
    const auto sent = detail::attempt_until(e.out, limit, "write", [&] {
      return static_cast<std::int64_t>(::send(fd_.number(), all.data(), all.size(), MSG_NOSIGNAL));
    });
    if (!sent) return failure{sent.error()};
    all = all.subspan(static_cast<std::size_t>(*sent));
  }
  return {};
}

io_result<void> stream::try_write(std::span<const std::span<const std::byte>> pieces, deadline limit) {
  entry& e = use(fd_, "write");
  limit = limit.fixed();
  if (layer_ != nullptr) return detail::write_through(*layer_, fd_, pieces, limit);
  constexpr std::size_t at_once = 16;
  std::array<iovec, at_once> vectors;
  for (detail::unwritten rest{pieces}; !rest.empty();) {
    const std::size_t count = std::min(rest.count(), at_once);
    for (std::size_t i = 0; i < count; ++i) vectors[i] = {const_cast<std::byte*>(rest[i].data()), rest[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const auto sent = detail::attempt_until(
        e.out, limit, "write", [&] { return static_cast<std::int64_t>(::sendmsg(fd_.number(), &message, MSG_NOSIGNAL)); });
    if (!sent) return failure{sent.error()};
    rest.drop(static_cast<std::size_t>(*sent));
  }
  return {};
}

io_result<std::size_t> stream::try_write_now(std::span<const std::byte> some) {
  entry& e = use(fd_, "try_write_now");
  if (layer_ != nullptr) return detail::write_now(*layer_, detail::wire{e}, some);
  const auto sent = detail::wire{e}.send(some);
  if (!sent && detail::is_would_block(sent.error())) return std::size_t{0};
  return sent;
}

namespace {

// For files that the system does not send by itself.
io_result<std::uint64_t> copy_file(stream& to, int file, std::uint64_t offset, std::uint64_t bytes, deadline limit) {
  constexpr std::size_t portion = std::size_t{64} << 10;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(portion, bytes));
  std::uint64_t sent = 0;
  while (sent < bytes) {
    const ssize_t got = ::pread(file, buffer.data(), std::min<std::uint64_t>(buffer.size(), bytes - sent),
                                static_cast<off_t>(offset + sent));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure{last_error()};
    if (got == 0) break;
    const auto written = to.try_write(std::span{buffer}.first(static_cast<std::size_t>(got)), limit);
    if (!written) return failure{written.error()};
    sent += static_cast<std::uint64_t>(got);
  }
  return sent;
}

}  // namespace

io_result<std::uint64_t> stream::try_send_file(int file, std::uint64_t offset, std::uint64_t bytes, deadline limit) {
  entry& e = use(fd_, "send_file");
  limit = limit.fixed();
  if (layer_ != nullptr) return copy_file(*this, file, offset, bytes, limit);
  constexpr std::uint64_t portion = std::uint64_t{1} << 20;  // so that others have their turn
  std::uint64_t sent = 0;
  while (sent < bytes) {
    auto from = static_cast<off_t>(offset + sent);
    const auto went = detail::attempt_until(e.out, limit, "send_file", [&] {
      return static_cast<std::int64_t>(::sendfile(fd_.number(), file, &from, std::min(portion, bytes - sent)));
    });
    if (!went && (went.error() == std::errc::invalid_argument || went.error() == std::errc::function_not_supported))
      return sent == 0 ? copy_file(*this, file, offset, bytes, limit) : failure{went.error()};
    if (!went) return failure{went.error()};
    if (*went == 0) break;
    sent += static_cast<std::uint64_t>(*went);
    (void)use(fd_, "send_file");
  }
  return sent;
}

void stream::announce_readable() {
  entry& e = use(fd_, "announce_readable");
  const bool may_have_some =
      !e.drained || e.ended.load(std::memory_order_relaxed) || (layer_ != nullptr && layer_->may_have_unread());
  detail::announce(e.in, readable{fd_.id()}, may_have_some);
}

void stream::announce_writable() {
  entry& e = use(fd_, "announce_writable");
  // What a layer kept may have gone since: then nothing is left that would change.
  detail::announce(e.out, writable{fd_.id()}, layer_ != nullptr && !layer_->has_unsent());
}

bool stream::withdraw_announcement() {
  entry& e = use(fd_, "withdraw_announcement");
  return e.in.disarm() != nullptr;
}

io_result<void> stream::try_shutdown_write() {
  (void)use(fd_, "shutdown_write");
  if (layer_ != nullptr) {
    if (auto told = detail::finish_through(*layer_, fd_); !told) return told;
  }
  if (::shutdown(fd_.number(), SHUT_WR) != 0) return failure{last_error()};
  return {};
}

void stream::reset() noexcept {
  const linger at_once{1, 0};
  (void)::setsockopt(fd_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);  // a Unix socket knows no such thing
  layer_ = nullptr;
  fd_.close();
}

void stream::set_no_delay(bool on) {
  (void)use(fd_, "set_no_delay");
  const int value = on ? 1 : 0;
  if (::setsockopt(fd_.number(), IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) != 0 && errno != EOPNOTSUPP)
    detail::throw_error(last_error(), "set_no_delay", "");
}

endpoint stream::local() const { return detail::local_of(fd_.number()); }
endpoint stream::peer() const { return detail::peer_of(fd_.number()); }
std::uint64_t stream::id() const noexcept { return fd_.id(); }

std::size_t stream::read_some(std::span<std::byte> into, deadline limit) {
  return value_or_throw(try_read_some(into, limit), "read", *this);
}
std::size_t stream::read(std::span<std::byte> into, deadline limit) {
  return value_or_throw(try_read(into, limit), "read", *this);
}
void stream::write(std::span<const std::byte> all, deadline limit) { value_or_throw(try_write(all, limit), "write", *this); }
void stream::shutdown_write() { value_or_throw(try_shutdown_write(), "shutdown_write", *this); }

stream detail::stream_of(descriptor open) noexcept { return stream{std::move(open)}; }

void controlling_process(stream given, pid to) { (void)send(to, std::move(given)); }

}  // namespace joist::inline v0::net
