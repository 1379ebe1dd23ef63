#include <joist/net/resolve.hpp>

#include <algorithm>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;

TEST_CASE("resolve: a name has addresses, an address is itself, and a name that nobody has is not found") {
  on_workers(
      [] {
        const auto local = joist::net::resolve("localhost", 80, 20s);
        const auto is_loopback = [](const endpoint& e) { return e.address() == "127.0.0.1" || e.address() == "::1"; };
        EXPECT(!local.empty() && std::all_of(local.begin(), local.end(), is_loopback) && local.front().port() == 80);
        EXPECT(joist::net::resolve("192.0.2.7", 1) == std::vector{endpoint{"192.0.2.7:1"}});
        EXPECT(joist::net::resolve("::1", 2) == std::vector{endpoint{"[::1]:2"}});
        // Without a network no name server says so.
        const auto nobody = joist::net::try_resolve("no-such-host.invalid", 80, 20s);
        EXPECT(nobody.error() == joist::net::resolve_errc::not_found ||
               nobody.error() == joist::net::resolve_errc::try_again || nobody.error() == std::errc::timed_out);
        EXPECT(!nobody.error().message().empty());
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)joist::net::try_resolve("", 80); }));
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)joist::net::try_resolve(std::string{"a\0b", 3}, 80); }));
        EXPECT(mailbox_stays_empty());
      },
      3);
}

TEST_CASE("resolve: the limit holds, and what is found later is dropped") {
  on_workers(
      [] {
        const auto before = joist::clock::now();
        const auto found = joist::net::try_resolve("no-such-host.invalid", 80, 0ms);
        EXPECT(found.error() == std::errc::timed_out);
        EXPECT(joist::clock::now() - before < 10s);
        EXPECT(mailbox_stays_empty(20ms));
      },
      3);
}

TEST_CASE("connect: to a name, by the first of its addresses that answers") {
  on_workers(
      [] {
        joist::net::listener door = joist::net::listen(endpoint::loopback(0));
        joist::net::stream here = joist::net::connect("localhost", door.local().port(), 20s);
        joist::net::stream there = door.accept(20s);
        here.write("by name");
        EXPECT(read_text(there, 7) == "by name");
        const auto port = door.local().port();
        door.close();
        EXPECT(joist::net::try_connect("localhost", port, 20s).error() == std::errc::connection_refused);
        EXPECT(mailbox_stays_empty());
        here.close();
        there.close();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("connect: a caller that traps exits does not hear of the processes that work for it") {
  on_workers(
      [] {
        joist::trap_exit(true);
        joist::net::listener door = joist::net::listen(endpoint::loopback(0));
        for (int i = 0; i < 20; ++i) {
          EXPECT(joist::net::try_connect("localhost", door.local().port(), 20s).has_value());
          EXPECT(!joist::receive<joist::exited>(joist::after(0ms)));
        }
        EXPECT(mailbox_stays_empty());
      },
      3);
}
