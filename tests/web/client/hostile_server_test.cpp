// web::client against servers that do what they must not: each connection is a script of raw bytes.
#include <joist/web/client.hpp>

#include <atomic>
#include <functional>
#include <string>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::stream;
using joist::web::client;
using joist::web::client_error;
using joist::web::client_response;
using kind = joist::web::client_error::kind;

namespace {

using script = std::function<void(stream& peer, int connection)>;

/// Reads to the end of a head, and gives it; empty: the client has closed.
std::string read_head(stream& from) {
  std::string head;
  std::array<char, 1> c{};
  while (!head.ends_with("\r\n\r\n")) {
    const auto got = from.try_read_some(std::as_writable_bytes(std::span{c}), 20s);
    if (!got || *got == 0) return {};
    head += c[0];
  }
  return head;
}

/// Runs the script for each connection, one after the other, in a process that ends with the test.
std::string serve(script run) {
  auto door = joist::net::listen(joist::net::endpoint::loopback(0));
  const std::string url = "http://" + door.local().to_string() + "/";
  joist::spawn_link([door = std::move(door), run = std::move(run)]() mutable {
    for (int i = 0;; ++i) {
      stream peer = door.accept();
      joist::spawn_link([peer = std::move(peer), run, i]() mutable { run(peer, i); });
    }
  });
  return url;
}

/// Reads a head, and says these bytes to it; then closes.
script say(std::string bytes) {
  return [bytes = std::move(bytes)](stream& peer, int) {
    if (!read_head(peer).empty()) (void)peer.try_write(bytes, 20s);
  };
}

/// The same, and stays silent and connected.
script say_and_stay(std::string bytes) {
  return [bytes = std::move(bytes)](stream& peer, int) {
    if (read_head(peer).empty()) return;
    (void)peer.try_write(bytes, 20s);
    std::array<std::byte, 1> nothing{};
    (void)peer.try_read_some(nothing);
  };
}

kind kind_of(const script& run, const joist::web::client_options& options = {}) {
  const client http{options};
  const auto got = http.try_get(serve(run));
  EXPECT(!got);
  EXPECT(got.error().text.starts_with("GET http://127.0.0.1:"));
  EXPECT(http.counts().in_use == 0 && http.counts().idle == 0);
  return got.error().what;
}

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string empty = ok + "Content-Length: 0\r\n\r\n";

}  // namespace

TEST_CASE("web::client: what is no response, or has two readings, is a protocol error, and closes the connection") {
  on_workers(
      [] {
        EXPECT(kind_of(say("SSH-2.0-OpenSSH_9.2\r\n")) == kind::closed);  // no head came to its end
        EXPECT(kind_of(say("SSH-2.0-OpenSSH_9.2\r\n\r\n")) == kind::protocol);
        EXPECT(kind_of(say_and_stay(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) ==
               kind::protocol);
        EXPECT(kind_of(say_and_stay(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")) == kind::protocol);
        EXPECT(kind_of(say_and_stay(ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n")) == kind::protocol);
        EXPECT(kind_of(say_and_stay(ok + "A: b\nC: d\r\n\r\n")) == kind::protocol);
        EXPECT(kind_of(say_and_stay(std::string{"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 26})) == kind::protocol);
        EXPECT(kind_of(say_and_stay("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")) == kind::protocol);
      },
      2);
}

TEST_CASE("web::client: a connection that ends early is told from a response that is whole") {
  on_workers(
      [] {
        EXPECT(kind_of([](stream&, int) {}) == kind::closed);
        EXPECT(kind_of(say("")) == kind::closed);
        EXPECT(kind_of(say("HTTP/1.1 200")) == kind::closed);
        EXPECT(kind_of(say(ok + "Content-Length: 5\r\n\r\nhel")) == kind::closed);
        EXPECT(kind_of(say(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")) == kind::closed);
        EXPECT(kind_of([](stream& peer, int) {
                 (void)read_head(peer);
                 (void)peer.try_write(ok);
                 peer.reset();
               }) == kind::closed);
        const client http;
        EXPECT(http.get(serve(say(ok + "\r\nuntil the end"))).body() == "until the end");
        EXPECT(http.counts().idle == 0);
      },
      2);
}

TEST_CASE("web::client: what a server sends without end ends at a limit of memory") {
  on_workers(
      [] {
        const auto flood = [](std::string begin, std::string piece) -> script {
          return [begin = std::move(begin), piece = std::move(piece)](stream& peer, int) {
            (void)read_head(peer);
            if (!peer.try_write(begin, 20s)) return;
            while (peer.try_write(piece, 20s)) {
            }
          };
        };
        const std::string much(10'000, 'x');
        EXPECT(kind_of(flood(ok + "A: ", much)) == kind::too_large);
        EXPECT(kind_of(flood(ok, "A: b\r\n")) == kind::too_large);
        EXPECT(kind_of(flood("HTTP/1.1 ", much)) == kind::too_large);
        EXPECT(kind_of(flood("", "HTTP/1.1 100 Continue\r\n\r\n")) == kind::too_large);
        const joist::web::client_options small{.limits = {.body_bytes = 50'000}};
        EXPECT(kind_of(flood(ok + "\r\n", much), small) == kind::too_large);
        EXPECT(kind_of(flood(ok + "Transfer-Encoding: chunked\r\n\r\n", "2710\r\n" + much + "\r\n"), small) ==
               kind::too_large);
        EXPECT(kind_of(flood(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: ", much)) == kind::too_large);
        EXPECT(kind_of(say_and_stay(ok + "Content-Length: 50001\r\n\r\n"), small) == kind::too_large);
        const std::string just = std::string(50'000, 'y');
        EXPECT(client{small}.get(serve(say(ok + "\r\n" + just))).body() == just);
        EXPECT(client{small}.get(serve(say(ok + "Content-Length: 50000\r\n\r\n" + just))).body() == just);
      },
      2);
}

TEST_CASE("web::client: a server that is slow, or says nothing, meets a limit of time") {
  on_workers(
      [] {
        const auto within = [](joist::web::client_times times) { return joist::web::client_options{.times = times}; };
        EXPECT(kind_of(say_and_stay(""), within({.first_byte = 30ms})) == kind::timed_out);
        EXPECT(kind_of(say_and_stay("HTTP/1.1 2"), within({.pause = 30ms})) == kind::timed_out);
        EXPECT(kind_of(say_and_stay(ok + "Content-Length: 5\r\n\r\nhel"), within({.pause = 30ms})) == kind::timed_out);
        const auto drips = [](std::string begin) -> script {
          return [begin = std::move(begin)](stream& peer, int) {
            (void)read_head(peer);
            if (!peer.try_write(begin, 20s)) return;
            while (peer.try_write("x", 20s)) joist::sleep_for(2ms);
          };
        };
        EXPECT(kind_of(drips("HTTP/1.1 200 "), within({.whole = 60ms})) == kind::timed_out);
        EXPECT(kind_of(drips(ok + "\r\n"), within({.whole = 60ms})) == kind::timed_out);
        // Who accepts, and reads nothing.
        const client http{within({.write = 60ms})};
        const auto stuck = http.try_post(serve([](stream& peer, int) {
                                           joist::sleep_for(20s);
                                           peer.close();
                                         }),
                                         joist::web::text(std::string(20'000'000, 'x')));
        EXPECT(!stuck && stuck.error().what == kind::timed_out);
      },
      1);
}

TEST_CASE("web::client: redirects from page to page without end are left") {
  on_workers(
      [] {
        const client http;
        const auto url = serve([](stream& peer, int) {
          for (int i = 0; !read_head(peer).empty(); ++i)
            peer.write("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /" + std::to_string(i) + "\r\n\r\n");
        });
        const auto got = http.try_get(url);
        EXPECT(!got && got.error().what == kind::too_many_redirects);
        EXPECT(http.counts().in_use == 0 && http.counts().idle == 1);
        const auto bad = http.try_get(serve(say("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: //a@b/\r\n\r\n")));
        EXPECT(!bad && bad.error().what == kind::bad_redirect);
        EXPECT(http.get(serve(say("HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nbody"))).body() == "body");
      },
      2);
}

TEST_CASE("web::client: a connection that was closed while it was idle is replaced, once, where that does nothing twice") {
  on_workers(
      [] {
        // Answers the first request of the first connections, and closes in front of the next answer.
        const auto unreliable = [](int connections) -> script {
          return [connections](stream& peer, int i) {
            (void)read_head(peer);
            peer.write(ok + "Content-Length: 1\r\n\r\n" + std::to_string(i));
            (void)read_head(peer);
            if (i >= connections) peer.write(ok + "Content-Length: 1\r\n\r\n" + std::to_string(i));
          };
        };
        {
          const client http;
          const auto url = serve(unreliable(1));
          EXPECT(http.get(url).body() == "0");
          EXPECT(http.get(url).body() == "1");  // the first connection got it, and closed
        }
        {
          const client http;
          const auto url = serve(unreliable(1));
          EXPECT(http.get(url).body() == "0");
          const auto twice = http.try_post(url, joist::web::text("pay"));
          EXPECT(!twice && twice.error().what == kind::closed);
        }
        {
          const client http;
          const auto seen = std::make_shared<std::atomic<int>>(0);
          const auto url = serve([seen](stream& peer, int i) {
            if (read_head(peer).empty()) return;
            seen->fetch_add(1);
            if (i > 0) return;
            peer.write(empty);
            if (!read_head(peer).empty()) seen->fetch_add(1);
          });
          EXPECT(http.get(url).is_success());
          const auto got = http.try_get(url);  // once more, and not again
          EXPECT(!got && got.error().what == kind::closed && seen->load() == 3);
        }
        {
          // A byte of a response has come: it is not asked again.
          const client http;
          const auto url = serve([](stream& peer, int i) {
            EXPECT(i == 0);
            (void)read_head(peer);
            peer.write(empty);
            (void)read_head(peer);
            peer.write("H");
          });
          EXPECT(http.get(url).is_success());
          const auto got = http.try_get(url);
          EXPECT(!got && got.error().what == kind::closed);
        }
      },
      3);
}

TEST_CASE("web::client: bytes that nobody asked for are no response to the next request") {
  on_workers(
      [] {
        const client http;
        const auto url = serve([](stream& peer, int i) {
          while (!read_head(peer).empty())
            (void)peer.try_write(ok + "Content-Length: 1\r\n\r\n" + std::to_string(i) + ok +
                                 "Content-Length: 4\r\n\r\nevil");
        });
        EXPECT(http.get(url).body() == "0");
        EXPECT(http.get(url).body() == "1");
        // And those that come later.
        const auto told = joist::self();
        const auto late = serve([told](stream& peer, int i) {
          (void)read_head(peer);
          peer.write(ok + "Content-Length: 1\r\n\r\n" + std::to_string(i));
          if (i == 0) {
            joist::send(told, joist::self());
            joist::receive<go>();
            peer.write(ok + "Content-Length: 4\r\n\r\nevil");
            joist::send(told, go{});
          }
          (void)read_head(peer);
        });
        EXPECT(http.get(late).body() == "0");
        joist::send(joist::receive<joist::pid>(), go{});
        joist::receive<go>();
        EXPECT(http.get(late).body() == "1");
      },
      3);
}

TEST_CASE("web::client: a server that answers before all of the body has come is heard") {
  on_workers(
      [] {
        const client http;
        const std::string refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!";
        const auto early = [refusal](stream& peer, int) {
          (void)read_head(peer);
          peer.write(refusal);
          peer.shutdown_write();
          std::array<std::byte, 4096> nowhere{};
          while (peer.read_some(nowhere) > 0) {
          }
        };
        const auto got = http.post(serve(early), joist::web::text(std::string(3'000'000, 'x')));
        EXPECT(got.status() == 413 && got.body() == "no!");
        // One that closes in the middle.
        const auto cut = [](stream& peer, int) { (void)read_head(peer); };
        const auto lost = http.try_post(serve(cut), joist::web::stream("text/plain", [](joist::web::body_sink& to) {
                                          for (int i = 0; i < 1000; ++i) to.write(std::string(100'000, 'x'));
                                        }));
        EXPECT(!lost && lost.error().what == kind::closed);
      },
      2);
}
