#include <joist/net/asio.hpp>

#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <string>

#include "support/certificate.hpp"
#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::asio_stream;
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using secure_stream = asio::ssl::stream<asio_stream&>;

asio::ssl::context server_context(const certificate& c) {
  asio::ssl::context made{asio::ssl::context::tls_server};
  made.use_certificate_chain(asio::buffer(c.pem));
  made.use_private_key(asio::buffer(c.key), asio::ssl::context::pem);
  return made;
}

// A server for one connection, which sends back what comes, and a client that trusts `trusted` and asks for `host`. The
// client's error; or what came back of `text`.
std::pair<boost::system::error_code, std::string> talk(const certificate& own, const certificate& trusted,
                                                       const std::string& host, const std::string& text) {
  auto [here, there] = connected();
  joist::spawn([peer = std::move(there), own]() mutable {
    auto context = server_context(own);
    asio_stream layer{peer, 20s};
    secure_stream secure{layer, context};
    boost::system::error_code why;
    secure.handshake(asio::ssl::stream_base::server, why);
    std::array<char, 5000> buffer{};
    while (!why) {
      const std::size_t got = secure.read_some(asio::buffer(buffer), why);
      if (!why) asio::write(secure, asio::buffer(buffer, got), why);
    }
  });
  asio::ssl::context context{asio::ssl::context::tls_client};
  context.add_certificate_authority(asio::buffer(trusted.pem));
  asio_stream layer{here, 20s};
  secure_stream secure{layer, context};
  secure.set_verify_mode(asio::ssl::verify_peer);
  secure.set_verify_callback(asio::ssl::host_name_verification{host});
  boost::system::error_code why;
  secure.handshake(asio::ssl::stream_base::client, why);
  std::string back(text.size(), '\0');
  for (std::size_t at = 0; at < text.size() && !why; at += 4000) {
    const std::size_t bytes = std::min<std::size_t>(4000, text.size() - at);
    asio::write(secure, asio::buffer(text.data() + at, bytes), why);
    if (!why) asio::read(secure, asio::buffer(back.data() + at, bytes), why);
  }
  return {why, back};
}

}  // namespace

TEST_CASE("asio_stream: Asio's and Beast's synchronous functions run on it") {
  on_workers(
      [] {
        auto [here, there] = connected();
        const auto server = joist::spawn_monitor([peer = std::move(there)]() mutable {
          asio_stream layer{peer, 20s};
          boost::beast::flat_buffer buffer;
          http::request<http::string_body> request;
          http::read(layer, buffer, request);
          http::response<http::string_body> answer{http::status::ok, 11};
          answer.body() = "you said " + request.body();
          answer.prepare_payload();
          http::write(layer, answer);
        });
        asio_stream layer{here, 20s};
        http::request<http::string_body> request{http::verb::post, "/", 11};
        request.body() = std::string(100'000, 'b');
        request.prepare_payload();
        http::write(layer, request);
        boost::beast::flat_buffer buffer;
        http::response<http::string_body> answer;
        http::read(layer, buffer, answer);
        EXPECT(answer.body() == "you said " + request.body());
        EXPECT(reason_of(server) == joist::exit_reason::normal);
        boost::system::error_code why;
        std::array<char, 8> rest{};
        EXPECT(layer.read_some(asio::buffer(rest), why) == 0 && why == asio::error::eof);
      },
      3);
}

TEST_CASE("asio_stream: its limit is of each call, and a broken connection is the system's error") {
  on_workers(
      [] {
        auto [here, there] = connected();
        asio_stream layer{here, 5ms};
        std::array<char, 8> buffer{};
        boost::system::error_code why;
        EXPECT(layer.read_some(asio::buffer(buffer), why) == 0 && why == boost::system::errc::timed_out);
        EXPECT(layer.read_some(asio::mutable_buffer{}, why) == 0 && !why);
        layer.set_limit(joist::infinity);
        there.reset();
        EXPECT(layer.read_some(asio::buffer(buffer), why) == 0 && why == boost::system::errc::connection_reset);
        bool thrown = false;
        try {
          for (int i = 0; i < 100; ++i) layer.write_some(asio::buffer("x", 1));
        } catch (const boost::system::system_error& e) {
          thrown = e.code() == boost::system::errc::broken_pipe;
        }
        EXPECT(thrown);
      },
      3);
}

TEST_CASE("asio_stream: carries TLS, which refuses certificates that are expired, of another host, or trusted by nobody") {
  on_workers(
      [] {
        const certificate good = make_certificate("joist.example"), other = make_certificate("joist.example");
        const std::string text(50'000, 't');
        EXPECT((talk(good, good, "joist.example", text) == std::pair{boost::system::error_code{}, text}));
        EXPECT(talk(good, good, "elsewhere.example", text).first);
        EXPECT(talk(good, other, "joist.example", text).first);
        const certificate expired = make_certificate("joist.example", -1);
        EXPECT(talk(expired, expired, "joist.example", text).first);
        EXPECT(sockets_become(0));
      },
      2);
}
