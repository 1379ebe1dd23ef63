#include <joist/net/datagram.hpp>

#include <array>
#include <string>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;

namespace {
std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }
}  // namespace

TEST_CASE("datagram_socket: each datagram comes whole, with where it came from; one that is too long says so") {
  on_workers([] {
    auto a = joist::net::bind_datagram(endpoint::loopback(0));
    auto b = joist::net::bind_datagram(endpoint::loopback(0));
    std::array<std::byte, 8> buffer{};
    a.send_to(b.local(), bytes_of("first"));
    a.send_to(b.local(), {});
    a.send_to(b.local(), bytes_of("longer than the buffer"));
    const auto first = b.receive(buffer, 20s);
    EXPECT(first.bytes == 5 && first.from == a.local() && !first.truncated);
    EXPECT(b.receive(buffer, 20s).bytes == 0);
    const auto last = b.receive(buffer, 20s);
    EXPECT(last.bytes == 8 && last.truncated);
    EXPECT(b.try_receive(buffer, 5ms).error() == std::errc::timed_out);
    b.send_to(last.from, bytes_of("back"));
    EXPECT(a.receive(buffer, 20s).bytes == 4);
    EXPECT(a.try_send_to(b.local(), bytes_of(std::string(70'000, 'x'))).error() == std::errc::message_size);
    EXPECT(joist::net::try_bind_datagram(a.local()).error() == std::errc::address_in_use);
  });
  CHECK(joist::net::detail::open_entries() == 0);
}

TEST_CASE("datagram_socket: belongs to its process, and goes with a message") {
  on_workers([] {
    auto mine = joist::net::bind_datagram(endpoint::loopback(0));
    const endpoint at = mine.local();
    const auto owner = joist::spawn_monitor([] {
      auto given = joist::receive<joist::net::datagram_socket>();
      std::array<std::byte, 16> buffer{};
      const auto got = given.receive(buffer);
      given.send_to(got.from, std::span{buffer}.first(got.bytes));
      wait_for_ever();
    });
    joist::send(owner.process, std::move(mine));
    auto other = joist::net::bind_datagram(endpoint::loopback(0));
    other.send_to(at, bytes_of("echo"));
    std::array<std::byte, 16> buffer{};
    EXPECT(other.receive(buffer, 20s).bytes == 4);
    joist::exit(owner.process, joist::exit_reason::kill);
    EXPECT(reason_of(owner) == joist::exit_reason::killed);
    EXPECT(sockets_become(1));
  });
}
