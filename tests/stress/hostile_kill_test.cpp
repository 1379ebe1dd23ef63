// Connections killed at random moments, in whatever they are doing: nothing of them is left, and the others are served.
#include <joist/web/websocket.hpp>

#include <string>
#include <unordered_set>
#include <vector>

#include "base/random.hpp"
#include "support/hostile.hpp"
#include "support/temporary_folder.hpp"
#include "support/websocket_peer.hpp"
#include "support/world.hpp"

using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::size_t kills = 600;
#elif defined(__SANITIZE_ADDRESS__) || defined(JOIST_CHECK_ISOLATION)
constexpr std::size_t kills = 1'500;
#else
constexpr std::size_t kills = 10'000;
#endif

joist::web::router routes(const std::string& file) {
  joist::web::router r = with_good();
  r.get("/wait", [](const request&) {
    joist::sleep_for(30s);
    return joist::web::text("late");
  });
  r.get("/compute", [](const request&) {
    volatile std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 200'000; ++i) sum = sum + i;
    return joist::web::text(std::to_string(sum));
  });
  r.get("/file", [file](const request&) { return joist::web::send_file(*joist::web::open_file::at(file), "text/plain"); });
  r.get("/endless", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      const std::string piece(8 * 1024, 'p');
      for (;;) to.write(piece);
    });
  });
  r.post("/body", [](const request& in) { return joist::web::text(std::to_string(in.body().size())); });
  r.get("/ws", joist::web::websocket_handler({}, [](joist::web::websocket& socket) {
          while (const auto m = socket.next()) socket.send_text(m->data);
        }));
  return r;
}

// Brings a connection into one of the states that it may be killed in, and then takes what comes until it is.
void be_a_victim(const endpoint& at, joist::base::random& dice) {
  stream s = joist::net::connect(at, 30s);
  const std::string get = " HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string upgrade =
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  bool reads = true;
  switch (dice.below(11)) {
    case 0: break;                                                                  // before its first request
    case 1: (void)s.try_write("GET /go"); break;                                    // in a head
    case 2: (void)s.try_write("GET /good" + get); break;                            // between requests
    case 3: (void)s.try_write("GET /wait" + get); break;                            // in a handler that waits
    case 4: (void)s.try_write("GET /compute" + get + "GET /compute" + get); break;  // in one that computes
    case 5: reads = !s.try_write("GET /file" + get).has_value(); break;             // a file for one who does not read
    case 6: reads = !s.try_write("GET /endless" + get).has_value(); break;          // a stream for one who does not read
    case 7: (void)s.try_write("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx"); break;  // in a body
    case 8: (void)s.try_write(upgrade); break;  // in a handshake, or a WebSocket
    case 9:                                     // a WebSocket that is pinged at
      (void)s.try_write(upgrade + std::string{"\x89\x80", 2} + "abcd" + std::string{"\x81\x85", 2} + "abcd");
      break;
    default:  // half-closed, or while what was refused is read to its end
      (void)s.try_write("nonsense\r\n\r\n");
      (void)s.try_shutdown_write();
      break;
  }
  std::string buffer(4096, '\0');
  const auto limit = joist::detail::deadline{1ms * static_cast<int>(1 + dice.below(40))}.fixed();
  if (!reads) joist::sleep_for(limit);
  while (reads) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), limit);
    reads = got && *got > 0;
  }
  if (dice.below(2) == 0) s.reset();
}

}  // namespace

TEST_CASE("hostile: connections that are killed at random moments leave no descriptor, no process and no memory") {
  raise_descriptor_limit();
  const joist_test::temporary_folder folder;
  folder.write("file", std::string(16 << 20, 'f'));
  on_workers(
      [path = (folder.path() / "file").string()] {
        const holdings before = what_is_held();
        joist::web::server_options options{.at = endpoint::loopback(0)};
        options.drain = 50ms;
        options.max_requests = 1'000'000'000;
        const auto server = joist::web::start_server(options, routes(path));
        constexpr std::size_t good = 8, victims = 48;
        good_clients served{server.local(), good};
        while (server.counts().open < good) joist::sleep_for(1ms);
        std::unordered_set<std::uint64_t> spared;
        for (const joist::pid p : server.connections()) spared.insert(p.value());

        const auto over = std::make_shared<std::atomic<bool>>(false);
        std::vector<joist::monitored> clients;
        for (std::size_t i = 0; i < victims; ++i) {
          clients.push_back(joist::spawn_monitor([at = server.local(), over, i] {
            for (joist::base::random dice{i}; !*over;) be_a_victim(at, dice);
          }));
        }
        joist::base::random dice{1};
        std::unordered_set<std::uint64_t> killed;
        std::size_t halfway_bytes = 0;
        while (killed.size() < kills) {
          for (const joist::pid p : server.connections()) {
            if (spared.count(p.value()) != 0 || dice.below(2) != 0) continue;
            joist::exit(p, joist::exit_reason::kill);
            killed.insert(p.value());
          }
          joist::sleep_for(std::chrono::microseconds{dice.below(2000)});
          if (halfway_bytes == 0 && killed.size() >= kills / 2) halfway_bytes = allocated_bytes();
        }
        const std::size_t grown = std::max(allocated_bytes(), halfway_bytes) - halfway_bytes;
        *over = true;
        for (const auto& c : clients) EXPECT(reason_of(c) == joist::exit_reason::normal);
        EXPECT(were_served(served.stop()));
        // What grows is this test's own set of pids, and the good clients' times; 200 bytes for each victim would show.
        EXPECT(grown < 1'000'000 + kills / 2 * 100);
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}
