// Clients that send by the byte, or never read: each is cut at its limit, and the others are served meanwhile.
#include <joist/web/websocket.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "support/hostile.hpp"
#include "support/temporary_folder.hpp"
#include "support/websocket_peer.hpp"
#include "support/world.hpp"

using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;
using joist::web::websocket;

namespace {

joist::web::server_options here() {
  joist::web::server_options o{.at = endpoint::loopback(0)};
  o.drain = 100ms;
  o.max_requests = 1'000'000'000;
  return o;
}

void echo(websocket& socket) {
  while (const auto m = socket.next()) socket.send_text(m->data);
}

// A peer whose own buffers take little.
stream connect_narrow(const endpoint& at) {
  stream s = joist::net::connect(at, 30s);
  const int bytes = 4096;
  (void)::setsockopt(s.native_handle(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return s;
}

struct news {
  std::shared_ptr<const std::string> text;
};

}  // namespace

TEST_CASE("hostile: thousands that send a byte now and then are cut at the limits, and told why") {
  raise_descriptor_limit();
  on_workers(
      [] {
        const holdings before = what_is_held();
        joist::web::router r = with_good();
        r.post("/body", [](const request& in) { return joist::web::text(std::to_string(in.body().size())); });
        r.get("/ws", joist::web::websocket_handler({.message = 1s}, echo));
        auto options = here();
        options.times.first_byte = options.times.head = options.times.body = 1s;
        const auto server = joist::web::start_server(options, r);
        const auto met = std::make_shared<tally>();
        good_clients good{server.local()};
        all_at_once(crowd, [at = server.local(), met](std::size_t i) {
          std::string said, expected;
          stream s;
          if (i % 4 == 3) {
            websocket_peer peer{at, "/ws"};
            peer.raw(std::string{"\x82\xfe\xff\xff", 4} + "abcd");
            said = trickle(peer.stream(), "x", 50ms);
            expected = std::string{"\x03\xf0", 2};  // 1008
          } else {
            s = joist::net::connect(at, 30s);
            if (i % 4 == 0) {
              said = rest_of(s);
            } else if (i % 4 == 1) {
              said = trickle(s, "GET /", 50ms);
              expected = "HTTP/1.1 408 ";
            } else {
              s.write("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
              said = trickle(s, "b", 50ms);
              expected = "HTTP/1.1 408 ";
            }
          }
          if (expected.empty() ? said.empty() : said.find(expected) != said.npos) {
            ++met->as_expected;
          } else {  // a machine that is slow lets the end overtake what was said before it
            ++(said.empty() ? met->broken_off : met->otherwise);
          }
        });
        const auto seen = good.stop();
        EXPECT(met->otherwise == 0);
        EXPECT(met->as_expected + met->broken_off == crowd && met->as_expected > crowd / 2);
        EXPECT(were_served(seen));
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: clients that ask for much and never read cost little memory, and are cut at the write limit") {
  raise_descriptor_limit();
  const joist_test::temporary_folder folder;
  folder.write("large", std::string(32 << 20, 'f'));
  on_workers(
      [path = (folder.path() / "large").string()] {
        const holdings before = what_is_held();
        joist::web::router r = with_good();
        r.get("/file",
              [path](const request&) { return joist::web::send_file(*joist::web::open_file::at(path), "text/plain"); });
        r.get("/endless", [](const request&) {
          return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
            const std::string piece(64 * 1024, 'p');
            for (;;) to.write(piece);
          });
        });
        r.get("/page", [](const request&) { return joist::web::text(std::string(10'000, 'x')); });
        auto options = here();
        options.times.write = 500ms;
        const auto server = joist::web::start_server(options, r);
        constexpr std::size_t clients = 48, bytes_each = std::size_t{512} << 10;
        for (int round = 0; round < 2; ++round) {  // what was made once, such as pools, is there in the second
          good_clients good{server.local()};
          memory_watch watch;
          const auto cut = std::make_shared<std::atomic<std::size_t>>(0);
          all_at_once(clients, [at = server.local(), cut](std::size_t i) {
            stream s = connect_narrow(at);
            if (i % 3 == 2) {  // ten thousand requests, and none of their answers is read
              std::string all;
              for (int n = 0; n < 10'000; ++n) all += "GET /page HTTP/1.1\r\nHost: x\r\n\r\n";
              (void)s.try_write(all, 20s);
            } else {
              s.write(i % 3 == 0 ? "GET /file HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            // Who does not read finds out by writing that the server has closed: the system answers that by a reset.
            int n = 0;
            while (n < 4000 && s.try_write("\n", 20s)) {
              joist::sleep_for(5ms);
              ++n;
            }
            if (n == 4000) return;
            ++*cut;
          });
          const auto seen = good.stop();
          const std::size_t most = watch.most_bytes();
          EXPECT(were_served(seen));
          EXPECT(cut->load() == clients);
          // The attackers' own requests, 400 kB for each third, are in this program as well.
          EXPECT(round == 0 || most < clients * bytes_each);
        }
        server.stop();
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: a client that reads slowly, and takes each piece in time, gets all of a large answer") {
  const joist_test::temporary_folder folder;
  const std::string content(24 << 20, 'f');
  folder.write("large", content);
  on_workers(
      [path = (folder.path() / "large").string(), bytes = content.size()] {
        joist::web::router r;
        r.get("/file",
              [path](const request&) { return joist::web::send_file(*joist::web::open_file::at(path), "text/plain"); });
        r.get("/text", [bytes](const request&) { return joist::web::text(std::string(bytes, 't')); });
        auto options = here();
        options.times.write = 1s;
        const auto server = joist::web::start_server(options, r);
        all_at_once(2, [at = server.local(), bytes](std::size_t i) {
          stream s = joist::net::connect(at, 30s);
          s.write("GET " + std::string{i == 0 ? "/file" : "/text"} + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
          std::size_t got = 0;
          std::string buffer(64 << 10, '\0');
          const auto begun = joist::clock::now();
          while (const std::size_t n = s.read_some(std::as_writable_bytes(std::span{buffer}), 30s)) {
            got += n;
            joist::sleep_for(begun + 1ms * static_cast<int>(3500 * got / bytes));  // 3.5 s in all
          }
          EXPECT(got > bytes);
        });
        server.stop();
      },
      1);
}

TEST_CASE("hostile: WebSockets whose clients never read hold what their policy allows, and hear of it") {
  raise_descriptor_limit();
  on_workers(
      [] {
        const holdings before = what_is_held();
        constexpr std::size_t clients = 40, queue_bytes = 300'000, message_bytes = 50'000;
        for (const auto policy :
             {joist::web::slow_consumer::wait, joist::web::slow_consumer::close, joist::web::slow_consumer::drop}) {
          const auto closed = std::make_shared<std::atomic<std::size_t>>(0),
                     dropped = std::make_shared<std::atomic<std::size_t>>(0);
          joist::web::router r = with_good();
          const joist::pid test = joist::self();
          r.get("/ws", joist::web::websocket_handler({.write = 300ms, .when_slow = policy, .queue_bytes = queue_bytes},
                                                     [=](websocket& socket) {
                                                       joist::send(test, joist::self());
                                                       while (socket.next([&](const news& n) {
                                                         if (!socket.send_binary(*n.text) && !socket.is_closed()) ++*dropped;
                                                       })) {
                                                       }
                                                       ++*closed;
                                                     }));
          const auto server = joist::web::start_server(here(), r);
          good_clients good{server.local()};
          std::vector<websocket_peer> peers;
          std::vector<joist::pid> sockets;
          for (std::size_t i = 0; i < clients; ++i) {
            peers.emplace_back(server.local(), "/ws");
            sockets.push_back(joist::receive<joist::pid>());
          }
          memory_watch watch;
          const news all{std::make_shared<const std::string>(message_bytes, 'n')};
          const bool ends = policy != joist::web::slow_consumer::drop;
          for (int i = 0; i < 6000 && (ends ? closed->load() < clients : dropped->load() < 100 * clients); ++i) {
            for (const joist::pid s : sockets) joist::send(s, all);
            joist::sleep_for(2ms);
          }
          const std::size_t most = watch.most_bytes();
          EXPECT(ends ? closed->load() == clients : (closed->load() == 0 && dropped->load() >= 100 * clients));
          // A queue grows by doubling, and a message is on its way into it.
          EXPECT(most < clients * (2 * (queue_bytes + message_bytes) + 200'000));
          peers.clear();
          EXPECT(were_served(good.stop()));
          server.stop();
        }
        EXPECT(all_is_given_back(before));
      },
      1);
}

TEST_CASE("hostile: WebSockets give back the memory of a message before they wait for the next") {
  if (checked_build) return;  // their allocators count otherwise
  on_workers(
      [] {
        joist::web::router r;
        r.get("/ws", joist::web::websocket_handler({}, [](websocket& socket) {
                while (const auto m = socket.next()) socket.send_text(std::to_string(m->data.size()));
              }));
        const auto server = joist::web::start_server(here(), r);
        constexpr std::size_t clients = 64, bytes = 1'000'000;
        const std::size_t before = allocated_bytes();
        std::vector<websocket_peer> peers;
        for (std::size_t i = 0; i < clients; ++i) {
          websocket_peer& peer = peers.emplace_back(server.local(), "/ws");
          std::string frame;
          ws::append_frame(frame, {.op = ws::opcode::binary, .masked = ws::mask_key{}, .payload_bytes = bytes},
                           std::string(bytes, 'm'));
          peer.raw(frame);
          EXPECT(peer.message() == std::to_string(bytes));
        }
        bool small = false;
        for (int i = 0; i < 2000 && !small; ++i) {
          small = allocated_bytes() < before + clients * bytes / 4;
          if (!small) joist::sleep_for(5ms);
        }
        EXPECT(small);
        peers.clear();
        server.stop();
      },
      1);
}
