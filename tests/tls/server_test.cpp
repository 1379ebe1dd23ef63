#include <joist/tls/server.hpp>

#include <joist/telemetry.hpp>
#include <joist/tls/stream.hpp>

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/secured.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;

namespace {

void echo(stream& peer) {
  std::array<std::byte, 512> buffer{};
  while (const std::size_t got = peer.read_some(buffer)) peer.write(std::span{buffer}.first(got));
}

}  // namespace

TEST_CASE("tls::secured: serves behind a handshake; one that fails, or does not come, closes its connection and no other") {
  static std::atomic<int> crashes, good, not_tls, timed_out;
  on_workers(
      [] {
        crashes = good = not_tls = timed_out = 0;
        joist::telemetry::attach<joist::tls::handshake_done>("handshakes", [](const joist::tls::handshake_done& e) {
          if (e.metadata.side != "server") return;
          if (e.measurements.took.count() <= 0) ++crashes;
          if (e.metadata.outcome == "ok") ++good;
          if (e.metadata.outcome == "not_tls" && !e.metadata.why.empty()) ++not_tls;
          if (e.metadata.outcome == "timed_out") ++timed_out;
        });
        joist::telemetry::attach<joist::telemetry::process_exited>("ends", [](const joist::telemetry::process_exited& e) {
          if (e.metadata.label == "connection" && !e.metadata.reason.is_orderly()) ++crashes;
        });
        const tls_world w;
        const auto server = joist::net::start_server({.at = endpoint::loopback(0), .drain = 20ms},
                                                     joist::tls::secured(w.server_context(), echo, 700ms));
        stream plain = joist::net::connect(server.local());
        plain.write("GET / HTTP/1.1\r\n\r\n");
        std::byte one{};
        const auto end = plain.try_read_some(std::span{&one, 1}, 20s);
        EXPECT(!end || *end == 0);
        stream silent = joist::net::connect(server.local());
        EXPECT(silent.read_some(std::span{&one, 1}, 20s) == 0);  // after the limit
        std::vector<stream> clients;
        for (int i = 0; i < 5; ++i) {
          stream& s = clients.emplace_back(joist::net::connect(server.local()));
          // A machine that is busy may need longer than the limit of the server.
          if (joist::tls::try_connect(s, w.client_context(), tls_host, 20s)) {
            s.write("ping");
            EXPECT(read_text(s, 4) == "ping");
          }
        }
        EXPECT(not_tls == 1 && timed_out >= 1 && good >= 1 && good + timed_out == 6 && crashes == 0);
        clients.clear();
        plain.close();
        silent.close();
        server.stop();
        EXPECT(sockets_become(0));
        for (const auto& h : joist::telemetry::handlers()) joist::telemetry::detach(h.id);
      },
      1);
}

TEST_CASE("tls::secured: a limit of nothing is refused") {
  const tls_world w;
  CHECK(refuses(joist::errc::bad_argument, [&] { (void)joist::tls::secured(w.server_context(), echo, 0ms); }));
}
