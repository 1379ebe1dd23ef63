// joist/net/stream.hpp: connections of bytes, TCP or Unix: listen, accept, connect, read, write.
//
//   joist::net::listener door = joist::net::listen(endpoint{"0.0.0.0:7"});
//   for (;;) joist::spawn([peer = door.accept()]() mutable { echo(peer); });
//
// Promises
//   calls read as if they blocked, and only the calling process waits: its worker goes on with others
//   a stream belongs to a process, and is closed when that process ends, however it ends: by return, exception, kill, or
//     with its stack given up
//   it is given away by moving it: into a message, into a spawned body. Who uses it next owns it
//     (OTP: gen_tcp:controlling_process)
//   the end of the peer's data is no error: read_some gives 0
//   a call that waits ends at its time limit with std::errc::timed_out, and the stream is as it was before
//
// Calls come twice: the plain one throws std::system_error, whose text says what was tried and with whom; try_... returns
// the error. Both throw errc::bad_argument for a stream that is closed, and errc::not_a_process outside of processes.
// Example: examples/22_echo. See also: endpoint.hpp, resolve.hpp, datagram.hpp. OTP: gen_tcp.
#pragma once

#include <joist/clock.hpp>
#include <joist/net/detail/descriptor.hpp>
#include <joist/net/detail/stream_layer.hpp>
#include <joist/net/endpoint.hpp>
#include <joist/pid.hpp>
#include <joist/result.hpp>
#include <joist/sendable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace joist::inline v0::net {

class stream;
namespace detail {
[[nodiscard]] stream stream_of(descriptor open) noexcept;
struct layer_access;
}  // namespace detail

/// A value, or the system's error; std::errc names them.
template <class T>
using io_result = result<T, std::error_code>;

/// A message: something has come, or the peer has closed, since announce_readable(). May come once too often: read_some then
/// has nothing.
struct readable {
  std::uint64_t stream;  // stream::id()
};

/// The same of announce_writable(): the system may take more.
struct writable {
  std::uint64_t stream;
};

class stream {
 public:
  /// A closed one.
  stream() noexcept = default;
  stream(stream&& from) noexcept = default;
  stream& operator=(stream&& from) noexcept {
    if (this != &from) {
      close();
      fd_ = std::move(from.fd_);
      layer_ = std::move(from.layer_);
    }
    return *this;
  }
  ~stream() { close(); }

  /// Waits until something has come, and takes what fits; 0: the peer will send nothing more.     [process]
  std::size_t read_some(std::span<std::byte> into, joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<std::size_t> try_read_some(std::span<std::byte> into, joist::detail::deadline limit = infinity);
  /// Waits until `into` is full. Less: the peer closed before.     [process]
  std::size_t read(std::span<std::byte> into, joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<std::size_t> try_read(std::span<std::byte> into, joist::detail::deadline limit = infinity);

  /// Returns when the system has taken all of it. After a failure some of it may have gone: close.     [process]
  void write(std::span<const std::byte> all, joist::detail::deadline limit = infinity);
  void write(std::string_view all, joist::detail::deadline limit = infinity) { write(std::as_bytes(std::span{all}), limit); }
  [[nodiscard]] io_result<void> try_write(std::span<const std::byte> all, joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<void> try_write(std::string_view all, joist::detail::deadline limit = infinity) {
    return try_write(std::as_bytes(std::span{all}), limit);
  }
  /// Several pieces, one after the other, without copying them together: one call of the system where it takes them.
  /// [process]
  [[nodiscard]] io_result<void> try_write(std::span<const std::span<const std::byte>> pieces,
                                          joist::detail::deadline limit = infinity);
  /// As much as the system takes at once: 0 when it takes nothing now. What was left, if anything, is to be written next: on
  /// a secured stream (joist::tls) its first byte may be on its way.     [process]
  [[nodiscard]] io_result<std::size_t> try_write_now(std::span<const std::byte> some);
  /// Bytes of an open file, without copying them through this program. Less than `bytes`: the file ended. `file` is the
  /// number of a descriptor.     [process]
  [[nodiscard]] io_result<std::uint64_t> try_send_file(int file, std::uint64_t offset, std::uint64_t bytes,
                                                       joist::detail::deadline limit = infinity);

  /// A `readable` comes as a message when there is something to read: for a process that waits for messages as well. Once
  /// per call; at once if there is something already (OTP: {active, once}). An announcement that has not come when the
  /// stream's next owner uses it does not come: that one asks for its own.     [process]
  void announce_readable();
  /// Takes back an announcement that has not come. False: it is in the mailbox, or there was none.     [process]
  bool withdraw_announcement();

  /// A `writable` comes as a message when the system takes more, after try_write_now has taken less than all.     [process]
  void announce_writable();

  /// No more is written; the peer reads to the end. Reading goes on. On a secured stream it waits until the system has taken
  /// what was written, a few seconds at most.     [process]
  [[nodiscard]] io_result<void> try_shutdown_write();
  void shutdown_write();
  /// What was written goes on to the peer; a second close does nothing.     [the owner]
  void close() noexcept {
    if (layer_ != nullptr) [[unlikely]]
      part();
    fd_.close();
  }
  /// Closes and tells the peer that the connection was broken off: what is on its way may be lost.     [process]
  void reset() noexcept;
  /// Sends small pieces at once, which is how a TCP stream begins; off: gathers them (Nagle).     [process]
  void set_no_delay(bool on);

  [[nodiscard]] bool is_open() const noexcept { return fd_.is_open(); }
  explicit operator bool() const noexcept { return is_open(); }
  [[nodiscard]] endpoint local() const;
  [[nodiscard]] endpoint peer() const;
  /// Another for each stream that is open.     [any thread]
  [[nodiscard]] std::uint64_t id() const noexcept;
  /// The number of its descriptor, for options that have no name here; -1 when closed. Who reads, writes or closes by it
  /// disturbs.     [any thread]
  [[nodiscard]] int native_handle() const noexcept { return fd_.number(); }

 private:
  friend class listener;
  friend stream detail::stream_of(detail::descriptor) noexcept;
  friend io_result<stream> try_connect(const endpoint&, joist::detail::deadline);
  friend stream adopt(int);
  friend struct detail::layer_access;
  explicit stream(detail::descriptor fd) noexcept : fd_{std::move(fd)} {}
  void part() noexcept;

  detail::descriptor fd_;
  std::unique_ptr<detail::stream_layer> layer_;  // null: what is written is what is sent
};

struct listen_options {
  int backlog = 4096;             ///< connections that wait to be accepted, at most; the system may have a lower limit
  bool share_port = false;        ///< several listeners on one port, each with a part of the connections (SO_REUSEPORT)
  bool only_ip6 = false;          ///< else one on [::] takes IPv4 as well
  bool replace_unix_path = true;  ///< a socket file that nobody listens on any more is removed first
  unsigned unix_mode = 0666;      ///< who may connect to a Unix socket
  std::string inherited = {};  ///< the name of a socket that was handed down: where there is one, it, and not the address,
                               ///< is listened on, as it was opened (activation.hpp)
};

class listener {
 public:
  listener() noexcept = default;

  /// The next connection. Where the system has no descriptors or memory for it, waits until it has: others that are
  /// open live on. A connection that broke off before it was accepted is passed over.     [process]
  [[nodiscard]] stream accept(joist::detail::deadline limit = infinity);
  [[nodiscard]] io_result<stream> try_accept(joist::detail::deadline limit = infinity);

  void close() noexcept { fd_.close(); }
  [[nodiscard]] bool is_open() const noexcept { return fd_.is_open(); }
  /// With the port that was given, where 0 was asked for.     [any thread]
  [[nodiscard]] endpoint local() const;
  [[nodiscard]] int native_handle() const noexcept { return fd_.number(); }

 private:
  friend io_result<listener> try_listen(const endpoint&, const listen_options&);
  friend listener adopt_listener(int);
  explicit listener(detail::descriptor fd) noexcept : fd_{std::move(fd)} {}

  detail::descriptor fd_;
};

/// [process]
[[nodiscard]] listener listen(const endpoint& at, const listen_options& options = {});
[[nodiscard]] io_result<listener> try_listen(const endpoint& at, const listen_options& options = {});
/// Without a limit the system gives up after some two minutes.     [process]
[[nodiscard]] stream connect(const endpoint& to, joist::detail::deadline limit = infinity);
[[nodiscard]] io_result<stream> try_connect(const endpoint& to, joist::detail::deadline limit = infinity);

/// Takes over a socket that is open already, such as one that systemd hands down: made non-blocking, closed with the result.
/// [process]
[[nodiscard]] stream adopt(int connected);
[[nodiscard]] listener adopt_listener(int listening);

/// A message with the stream in it: the receiver owns it. OTP: gen_tcp:controlling_process, without the fear of what had
/// come before.     [process]
void controlling_process(stream given, pid to);

}  // namespace joist::inline v0::net

namespace joist::inline v0 {
template <>
struct enable_sendable<net::stream> : std::true_type {};
template <>
struct enable_sendable<net::listener> : std::true_type {};
}  // namespace joist::inline v0
