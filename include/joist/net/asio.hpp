// joist/net/asio.hpp: our streams for code that is written for Boost.Asio: what takes a SyncReadStream and a SyncWriteStream
// runs on them unchanged, inside a process, and only that process waits.
//
//   joist::net::asio_stream layer{stream, 30s};
//   boost::beast::http::read(layer, buffer, request);
//   boost::asio::ssl::stream<joist::net::asio_stream&> secure{layer, context};       // TLS, by OpenSSL
//   secure.handshake(boost::asio::ssl::stream_base::server);
//
// Promises
//   read_some and write_some wait as stream's calls do; `limit` is of each call, and gives boost's errc::timed_out
//   the end of the peer's data is boost::asio::error::eof
//
// What it does not do: asynchronous operations. Its executor is of an io_context that nobody runs; Asio's ssl::stream wants
// one to be there. This header brings Boost.Asio with it; nothing else of Joist does. See also: stream.hpp.
#pragma once

#include <joist/net/stream.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace joist::inline v0::net {

namespace detail {
inline boost::asio::io_context& context_that_nobody_runs() {
  static auto* const context = new boost::asio::io_context;  // streams in static objects may end after all else
  return *context;
}
}  // namespace detail

class asio_stream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using lowest_layer_type = asio_stream;

  /// The stream outlives it.     [process]
  explicit asio_stream(stream& on, joist::detail::deadline limit = infinity) noexcept : stream_{&on}, limit_{limit} {}

  [[nodiscard]] executor_type get_executor() const noexcept { return detail::context_that_nobody_runs().get_executor(); }
  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return *this; }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const noexcept { return *this; }
  [[nodiscard]] stream& underlying() noexcept { return *stream_; }
  /// Of each call from now on; a point of time is one for all of them.
  void set_limit(joist::detail::deadline limit) noexcept { limit_ = limit; }

  /// Into the first of the buffers that is not empty.     [process]
  template <class Buffers>
  std::size_t read_some(const Buffers& into, boost::system::error_code& why) {
    why = {};
    const auto end = boost::asio::buffer_sequence_end(into);
    for (auto at = boost::asio::buffer_sequence_begin(into); at != end; ++at) {
      const boost::asio::mutable_buffer buffer{*at};
      if (buffer.size() == 0) continue;
      const auto got = stream_->try_read_some({static_cast<std::byte*>(buffer.data()), buffer.size()}, limit_);
      if (!got) {
        why = got.error();
        return 0;
      }
      if (*got == 0) why = boost::asio::error::eof;
      return *got;
    }
    return 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& into) {
    return checked([&](boost::system::error_code& why) { return read_some(into, why); }, "read_some");
  }

  /// All of the first sixteen buffers.     [process]
  template <class Buffers>
  std::size_t write_some(const Buffers& from, boost::system::error_code& why) {
    why = {};
    std::array<std::span<const std::byte>, 16> pieces;
    std::size_t count = 0, bytes = 0;
    const auto end = boost::asio::buffer_sequence_end(from);
    for (auto at = boost::asio::buffer_sequence_begin(from); at != end && count < pieces.size(); ++at) {
      const boost::asio::const_buffer buffer{*at};
      pieces[count++] = {static_cast<const std::byte*>(buffer.data()), buffer.size()};
      bytes += buffer.size();
    }
    const auto written = stream_->try_write(std::span{pieces}.first(count), limit_);
    if (written) return bytes;
    why = written.error();
    return 0;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from) {
    return checked([&](boost::system::error_code& why) { return write_some(from, why); }, "write_some");
  }

 private:
  template <class Call>
  static std::size_t checked(Call&& call, const char* what) {
    boost::system::error_code why;
    const std::size_t done = call(why);
    if (why) throw boost::system::system_error{why, what};
    return done;
  }

  stream* stream_;
  joist::detail::deadline limit_;
};

}  // namespace joist::inline v0::net
