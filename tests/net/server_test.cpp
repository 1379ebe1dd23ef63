#include <joist/net/server.hpp>

#include <joist/otp/supervisor.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::net::endpoint;
using joist::net::stream;

namespace {

void echo(stream& peer) {
  std::array<std::byte, 512> buffer{};
  while (const std::size_t got = peer.read_some(buffer)) peer.write(std::span{buffer}.first(got));
}

joist::net::server_options here() { return {.at = endpoint::loopback(0), .drain = 20ms}; }

bool answers(stream& s) {
  s.write("ping");
  return read_text(s, 4) == "ping";
}

// Until the server has heard of it.
bool open_become(const joist::net::server_ref& server, std::size_t count) {
  for (int i = 0; i < 4000; ++i) {
    if (server.counts().open == count) return true;
    joist::sleep_for(2ms);
  }
  return false;
}

}  // namespace

TEST_CASE("server: serves each connection in a process of its own, and one that crashes takes nothing with it") {
  on_workers([] {
    const auto server = joist::net::start_server(here(), [](stream& peer) {
      const std::string first = read_text(peer, 4);
      if (first == "boom") throw std::runtime_error{"on purpose"};
      peer.write(first);
      echo(peer);
    });
    stream good = joist::net::connect(server.local());
    stream bad = joist::net::connect(server.local());
    EXPECT(answers(good));
    EXPECT(open_become(server, 2));
    EXPECT(server.connections().size() == 2);
    bad.write("boom");
    EXPECT(read_text(bad, 1).empty());
    EXPECT(open_become(server, 1));
    EXPECT(answers(good));
    good.close();
    EXPECT(open_become(server, 0));
    EXPECT(server.counts().accepted == 2 && server.counts().refused == 0);
    server.stop();
    bad.close();
    EXPECT(sockets_become(0));
  });
}

TEST_CASE("server: at a stop it accepts no more, its connections are told and may finish") {
  on_workers([] {
    auto options = here();
    options.drain = 30s;
    const auto server = joist::net::start_server(options, [](stream& peer) {
      peer.write("hello ");
      joist::receive<joist::net::stopping>();
      peer.write("and goodbye");
    });
    const endpoint at = server.local();
    stream s = joist::net::connect(at);
    EXPECT(read_text(s, 6) == "hello ");
    server.stop();
    EXPECT(read_text(s, 100) == "and goodbye");
    EXPECT(joist::net::try_connect(at).error() == std::errc::connection_refused);
    EXPECT(sockets_become(1));
  });
}

TEST_CASE("server: connections that do not end within drain are ended by shutdown, and then killed") {
  on_workers(
      [] {
        auto options = here();
        options.drain = 10ms;
        const auto server = joist::net::start_server(options, [](stream& peer) {
          if (read_text(peer, 1) == "t") joist::trap_exit(true);  // heeds kill alone
          peer.write("!");
          for (;;) joist::sleep_for(joist::infinity);
        });
        stream plain = joist::net::connect(server.local());
        plain.write("p");
        EXPECT(read_text(plain, 1) == "!");
        stream traps = joist::net::connect(server.local());
        traps.write("t");
        EXPECT(read_text(traps, 1) == "!");
        server.stop();
        EXPECT(read_text(plain, 1).empty());
        EXPECT(read_text(traps, 1).empty());
        EXPECT(sockets_become(2));
      },
      2);
}

TEST_CASE("server: more than max_connections wait in line, and are served when others have ended") {
  on_workers(
      [] {
        auto options = here();
        options.max_connections = 2;
        const auto server = joist::net::start_server(options, echo);
        stream a = joist::net::connect(server.local());
        stream b = joist::net::connect(server.local());
        EXPECT(answers(a) && answers(b));
        stream c = joist::net::connect(server.local());
        c.write("ping");
        std::array<std::byte, 4> buffer{};
        EXPECT(c.try_read_some(buffer, 10ms).error() == std::errc::timed_out);
        a.close();
        EXPECT(read_text(c, 4) == "ping");
        EXPECT(server.counts().open <= 2);
        server.stop();
      },
      5);
}

TEST_CASE(
    "server: where no more processes may be, a connection is closed, those that are there live on, and others come when "
    "there is room") {
  auto options = quiet(2);
  options.process_limit = 64;
  joist::runtime runtime{options};
  runtime.ask([] {
    const auto server = joist::net::start_server(here(), echo);
    stream before = joist::net::connect(server.local());
    EXPECT(answers(before));
    std::vector<joist::pid> fillers;
    EXPECT(refuses(joist::errc::process_limit, [&] {
      for (;;) fillers.push_back(joist::spawn([] { joist::receive([](int) {}); }));
    }));
    stream beyond = joist::net::connect(server.local());
    std::array<std::byte, 1> none{};
    const auto got = beyond.try_read_some(none, 20s);
    EXPECT(!got ? got.error() == std::errc::connection_reset : *got == 0);
    EXPECT(answers(before));
    EXPECT(server.counts().refused == 1);
    for (const joist::pid p : fillers) joist::send(p, 1);
    stream after = joist::net::connect(server.local());
    EXPECT(answers(after));
    server.stop();
  });
}

TEST_CASE("server: more than max_per_address of one address are closed") {
  on_workers(
      [] {
        auto options = here();
        options.max_per_address = 2;
        const auto server = joist::net::start_server(options, echo);
        stream a = joist::net::connect(server.local());
        stream b = joist::net::connect(server.local());
        EXPECT(answers(a) && answers(b));
        stream c = joist::net::connect(server.local());
        std::array<std::byte, 1> buffer{};
        EXPECT(c.read_some(buffer, 20s) == 0);
        EXPECT(server.counts().refused == 1);
        b.close();
        EXPECT(open_become(server, 1));
        stream d = joist::net::connect(server.local());
        EXPECT(answers(d));
        server.stop();
      },
      5);
}

TEST_CASE("server: is a child like others: an address that is taken is a failed start, a crash starts it again") {
  on_workers(
      [] {
        const auto server = joist::net::start_server(here(), echo);
        auto taken = here();
        taken.at = server.local();
        const auto second = joist::net::try_start_server(taken, echo);
        EXPECT(!second.has_value() && second.error().what == joist::start_error::kind::failed);
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)joist::net::child_server("x", {}, echo); }));
        server.stop();

        auto named = here();
        named.name = "the echo";
        const auto tree = joist::start_supervisor({}, {joist::net::child_server("echo", named, echo)});
        const auto running = [] { return joist::net::server_ref{joist::whereis("the echo").value_or(joist::pid{})}; };
        stream s = joist::net::connect(running().local());
        EXPECT(answers(s));
        const joist::pid before = running();
        joist::exit(before, exit_reason::kill);
        EXPECT(read_text(s, 1).empty());  // its connections end with it
        while (!joist::whereis("the echo") || joist::whereis("the echo") == before) joist::sleep_for(1ms);
        stream again = joist::net::connect(running().local());
        EXPECT(answers(again));
        tree.stop();
        EXPECT(read_text(again, 1).empty());
      },
      5);
}

TEST_CASE("server: a storm of connects, resets, half-open peers and kills leaks no descriptor and no process") {
  on_workers(
      [] {
        const std::size_t rounds = checked_build ? 300 : 3000;
        const auto server = joist::net::start_server(here(), echo);
        const endpoint at = server.local();
        stream steady = joist::net::connect(at);
        joist::base::random dice{7};
        std::vector<stream> kept;
        for (std::size_t i = 0; i < rounds; ++i) {
          stream s = joist::net::connect(at);
          switch (dice.below(6)) {
            case 0: break;
            case 1: s.reset(); break;
            case 2: EXPECT(answers(s)); break;
            case 3:
              s.write("half");
              s.shutdown_write();
              EXPECT(read_text(s, 10) == "half");
              break;
            case 4: kept.push_back(std::move(s)); break;
            default:
              s.write("for nobody");
              s.reset();
              break;
          }
          if (dice.below(20) == 0) {
            for (const joist::pid victim : server.connections()) {
              if (dice.below(8) == 0) joist::exit(victim, exit_reason::kill);
            }
            std::array<std::byte, 4> pong{};
            const auto got = steady.try_write("ping") ? steady.try_read(pong) : joist::net::io_result<std::size_t>{0U};
            if (!got || *got < pong.size()) steady = joist::net::connect(at);  // it was among them
          }
        }
        kept.clear();
        steady.close();
        EXPECT(open_become(server, 0));
        EXPECT(server.counts().accepted >= rounds);
        server.stop();
        EXPECT(sockets_become(0));
        EXPECT(joist::system_info().process_count <= 2);
      },
      2);
}
