// Servers that are none, or worse: what is kept of them is bounded, and a good one is found again.
#include <joist/dist/nats.hpp>
#include <joist/dist/redis.hpp>
#include <joist/net/server.hpp>

#include <malloc.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/joined.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"

using namespace support;
using joist::pubsub;
using joist::net::stream;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

using behaviour = std::function<void(stream&)>;
enum class language { redis, nats };

void swallow(stream& from) {
  std::vector<std::byte> some(4096);
  for (auto got = from.try_read_some(some); got && *got > 0; got = from.try_read_some(some)) {
  }
}
void say(stream& to, std::string_view text) { (void)to.try_write(text, 10s); }
void flood(stream& to, const std::string& text) {
  while (to.try_write(text, 10s)) {
  }
}

// What a good server answers to the greeting; two replies for the subscriptions.
const std::string redis_welcome =
    "%1\r\n+server\r\n+redis\r\n>3\r\n+subscribe\r\n+a\r\n:1\r\n>3\r\n+subscribe\r\n+b\r\n:2\r\n+PONG\r\n";
const std::string nats_welcome = "INFO {}\r\nPONG\r\n";

/// Reads until that has come.
void hear(stream& from, std::string_view text) {
  std::string come;
  std::array<char, 4096> some{};
  for (std::size_t got = 1; got > 0 && !contains(come, text); come.append(some.data(), got))
    got = from.try_read_some(std::as_writable_bytes(std::span{some})).value_or(0);
}

/// Whether a node whose server behaves so first finds out, and is connected when it behaves well; the reason that it told.
std::string why_lost_with(language spoken, const behaviour& bad, std::chrono::milliseconds connect_limit = 300ms) {
  std::string why;
  on_workers(
      [&] {
        const watched_connections watched;
        const auto is_bad = std::make_shared<std::atomic<bool>>(true);
        const std::string welcome = spoken == language::redis ? redis_welcome : nats_welcome;
        const auto server =
            joist::net::start_server({.at = joist::net::endpoint::loopback(0), .drain = std::chrono::milliseconds{1}},
                                     [=, parent = joist::self()](stream& peer) {
                                       if (*is_bad) return bad(peer);
                                       say(peer, welcome);
                                       hear(peer, "goes out");
                                       joist::send(parent, go{});
                                     });
        joist::dist::connection_options options = impatient(200ms);
        options.connect_limit = connect_limit;
        options.frame_bytes = 1 << 20;
        const std::string at = server.local().to_string();
        const auto adapter = spoken == language::redis ? joist::dist::redis({.url = "redis://" + at, .connection = options})
                                                       : joist::dist::nats({.url = "nats://" + at, .connection = options});
        const pubsub bus{{.adapter = adapter, .node = "a"}};
        joist::start_pubsub(bus);
        why = watched.why_lost("a");
        *is_bad = false;
        const auto is_heard = [] {
          return joist::receive([](go) { return true; }, joist::after(10ms, [] { return false; }));
        };
        while (!is_heard()) (void)bus.broadcast("t", std::string{"goes out"});
      },
      1);
  return why;
}

}  // namespace

TEST_CASE("hostile: a server that closes, says nothing, or speaks something else is told, and left") {
  for (const language l : {language::redis, language::nats}) {
    const std::string why = why_lost_with(l, [](stream&) {});
    CHECK((contains(why, "closed") || contains(why, "eset") || contains(why, "pipe")));  // as far as the greeting came
    CHECK(contains(why_lost_with(l, swallow), "does not answer"));
    CHECK(contains(why_lost_with(l,
                                 [](stream& s) {
                                   say(s, "HTTP/1.1 400 Bad Request\r\n\r\n");
                                   swallow(s);
                                 }),
                   "no known"));
    CHECK(contains(why_lost_with(l, [](stream& s) { flood(s, std::string(10'000, 'x')); }), "too long"));
  }
}

TEST_CASE("hostile: half of a greeting, and nothing more, ends with the limit of an attempt") {
  CHECK(contains(why_lost_with(language::redis,
                               [](stream& s) {
                                 say(s, redis_welcome.substr(0, 30));
                                 swallow(s);
                               }),
                 "does not answer"));
  CHECK(contains(why_lost_with(language::nats,
                               [](stream& s) {
                                 say(s, "INFO {\"max_pay");
                                 swallow(s);
                               }),
                 "does not answer"));
}

TEST_CASE("hostile: a server that falls silent when it has greeted is missed") {
  for (const language l : {language::redis, language::nats}) {
    CHECK(contains(why_lost_with(l,
                                 [l](stream& s) {
                                   say(s, l == language::redis ? redis_welcome : nats_welcome);
                                   swallow(s);
                                 }),
                   "does not answer"));
  }
}

TEST_CASE("hostile: refusals are told in the server's words") {
  CHECK(contains(why_lost_with(language::redis,
                               [](stream& s) {
                                 say(s, "-ERR unknown command 'HELLO'\r\n");
                                 swallow(s);
                               }),
                 "unknown command"));
  CHECK(contains(why_lost_with(language::nats,
                               [](stream& s) {
                                 say(s, "INFO {}\r\n-ERR 'Authorization Violation'\r\n");
                                 swallow(s);
                               }),
                 "Authorization Violation"));
  CHECK(contains(why_lost_with(language::nats,
                               [](stream& s) {
                                 say(s, "INFO {\"tls_required\":true}\r\n");
                                 swallow(s);
                               }),
                 "TLS"));
}

TEST_CASE("hostile: lengths that no memory holds, and messages without an end, are refused before they are there") {
  const auto after_welcome = [](language l, const std::string& text, bool again) {
    return why_lost_with(l, [=](stream& s) {
      say(s, l == language::redis ? redis_welcome : nats_welcome);
      if (again) return flood(s, text);
      say(s, text);
      swallow(s);
    });
  };
  const std::size_t before = ::mallinfo2().uordblks;
  CHECK(contains(after_welcome(language::redis, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$99999999999\r\n", false), "longer"));
  CHECK(contains(after_welcome(language::redis, "*1000000\r\n", false), "too many"));
  CHECK(contains(after_welcome(language::redis, std::string(10'000, '+'), true), "too long"));
  CHECK(contains(after_welcome(language::redis, "*4000\r\n", true), "too many"));
  // Strings that are each short enough, in an array that has room for gigabytes of them.
  const std::string part = "$500000\r\n" + std::string(500'000, 'x') + "\r\n";
  std::string many = "*4000\r\n";
  for (int i = 0; i < 8; ++i) many += part;
  CHECK(contains(after_welcome(language::redis, many, false), "longer than is taken"));
  const auto instead_of_welcome = [&many](stream& s) {
    say(s, many);
    swallow(s);
  };
  CHECK(contains(why_lost_with(language::redis, instead_of_welcome, 20s), "longer than is taken"));
  CHECK(contains(after_welcome(language::nats, "MSG a 1 99999999999\r\n", false), "longer"));
  CHECK(contains(after_welcome(language::nats, std::string(10'000, 'M'), true), "too long"));
  CHECK(contains(after_welcome(language::nats, "MSG a 1 3\r\nabcdef\r\n", true), "does not end"));
  if (!checked_build) CHECK(::mallinfo2().uordblks < before + (16 << 20));
}

TEST_CASE("hostile: frames that are none are dropped, and the connection goes on") {
  for (const language l : {language::redis, language::nats}) {
    on_workers(
        [l] {
          const watched_connections watched;
          joist::telemetry::attach<joist::pubsub_refused>(
              "refused", [to = joist::self()](const joist::pubsub_refused&) { joist::send(to, go{}); });
          const auto server = joist::net::start_server(
              {.at = joist::net::endpoint::loopback(0), .drain = std::chrono::milliseconds{1}}, [l](stream& peer) {
                say(peer, l == language::redis ? redis_welcome : nats_welcome);
                for (int i = 0; i < 3; ++i)
                  say(peer, l == language::redis ? ">3\r\n+message\r\n+a\r\n$4\r\njunk\r\n" : "MSG a 1 4\r\njunk\r\n");
                swallow(peer);
              });
          const std::string at = server.local().to_string();
          const joist::dist::connection_options options = impatient();
          const auto adapter = l == language::redis ? joist::dist::redis({.url = "redis://" + at, .connection = options})
                                                    : joist::dist::nats({.url = "nats://" + at, .connection = options});
          const pubsub bus{{.adapter = adapter, .node = "a"}};
          joist::start_pubsub(bus);
          for (int i = 0; i < 3; ++i) (void)joist::receive<go>();
          EXPECT(bus.broadcast("t", std::string{"goes out"}).has_value());
          joist::telemetry::detach("refused");
        },
        1);
  }
}

TEST_CASE("hostile: O2: what may wait to be sent is as much as before when a connection was lost within a frame") {
  on_workers(
      [] {
        const watched_connections watched;
        const joist_test::temporary_folder folder;
        const std::string path = (folder.path() / "redis.sock").string();  // with buffers that are smaller than a frame
        const auto is_first = std::make_shared<std::atomic<bool>>(true);
        (void)joist::net::start_server(
            {.at = joist::net::endpoint::parse("unix:" + path).value(), .drain = std::chrono::milliseconds{1}},
            [is_first, parent = joist::self()](stream& peer) {
              say(peer, redis_welcome);
              if (is_first->exchange(false)) return hear(peer, std::string(1000, 'z'));
              for (const char* text : {"small-1", "small-2"}) {
                hear(peer, text);
                joist::send(parent, go{});
              }
              joist::sleep_for(joist::infinity);
            });
        joist::dist::connection_options options = impatient();
        options.frame_bytes = 5'000'000;
        options.queue_bytes = 8'100'000;
        const pubsub bus{{.adapter = joist::dist::redis({.url = "unix://" + path, .connection = options}), .node = "a"}};
        joist::start_pubsub(bus);
        watched.await("a");
        const std::string large(4'000'000, 'z');
        EXPECT(bus.broadcast("t", large).has_value());
        (void)watched.why_lost("a");
        watched.await("a");
        for (const char* text : {"small-1", "small-2"}) {
          EXPECT(bus.broadcast("t", std::string{text}).has_value());
          (void)joist::receive<go>();
        }
        int taken = 0;
        while (taken < 10 && bus.broadcast("t", large).has_value()) ++taken;
        EXPECT(taken == 2);
      },
      1);
}

TEST_CASE("hostile: what a NATS server refuses and goes on from is no end, and its limit is the one it said last") {
  on_workers(
      [] {
        const watched_connections watched;
        const auto server = joist::net::start_server(
            {.at = joist::net::endpoint::loopback(0), .drain = std::chrono::milliseconds{1}},
            [parent = joist::self()](stream& peer) {
              say(peer, nats_welcome);
              for (const char* text :
                   {"-ERR 'Permissions Violation for Publish to \"joist.node.b\"'\r\n-ERR 'Invalid Subject'\r\n",
                    "INFO {\"max_payload\":1000}\r\n", "INFO {\"max_payload\":4000}\r\n"}) {
                say(peer, text);
                say(peer, "PING\r\n");
                hear(peer, "PONG");
                joist::send(parent, joist::self());
                (void)joist::receive<go>();
              }
              swallow(peer);
            });
        const pubsub bus{
            {.adapter = joist::dist::nats({.url = "nats://" + server.local().to_string(), .connection = impatient()}),
             .node = "a"}};
        joist::start_pubsub(bus);
        watched.await("a");
        for (const bool takes_2000 : {true, false, true}) {
          const auto peer = joist::receive<joist::pid>();
          EXPECT(bus.broadcast("t", std::string(2000, 'x')).has_value() == takes_2000);
          EXPECT(bus.broadcast("t", std::string(500, 'x')).has_value());
          joist::send(peer, go{});
        }
        EXPECT(!joist::receive<told_disconnected>(joist::after(0ms)));
      },
      1);
  CHECK(contains(why_lost_with(language::nats,
                               [](stream& s) {
                                 say(s, "INFO {}\r\n-ERR 'Permissions Violation for Subscription to \"joist.all\"'\r\n");
                                 swallow(s);
                               }),
                 "Permissions Violation for Subscription"));
}

TEST_CASE("hostile: options that make no sense are refused when they are given, without what is secret in them") {
  using joist::dist::nats;
  using joist::dist::redis;
  const auto text_of = [](auto&& make) {
    try {
      (void)make();
    } catch (const joist::error& e) {
      return std::string{e.what()};
    }
    return std::string{};
  };
  CHECK(contains(text_of([] { return redis({.url = "http://u:secret@h"}); }), "expected redis://"));
  CHECK(!contains(text_of([] { return redis({.url = "http://u:secret@h"}); }), "secret"));
  CHECK(contains(text_of([] { return nats({.url = "nats://h:0"}); }), "1 to 65535"));
  CHECK(contains(text_of([] { return nats({.system = "a.b"}); }), "letters, digits"));
  CHECK(contains(text_of([] { return redis({.system = ""}); }), "letters, digits"));
  CHECK(contains(text_of([] { return redis({.connection = {.ping_every = 0ms}}); }), "more than zero"));
  CHECK(contains(text_of([] { return redis({.connection = {.queue_bytes = 1}}); }), "queue_bytes"));
}
