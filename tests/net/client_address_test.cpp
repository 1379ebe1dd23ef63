#include "net/client_address.hpp"

#include "support/catch.hpp"

using joist::net::endpoint;

namespace {

auto client(const char* text) { return joist::net::detail::client_address_of(endpoint{text}); }

}  // namespace

TEST_CASE("client_address: ports make no difference, addresses do, and IPv4 is the same within IPv6") {
  CHECK(client("1.2.3.4:80") == client("1.2.3.4:81"));
  CHECK(client("1.2.3.4:80") != client("1.2.3.5:80"));
  CHECK(client("1.2.3.4:80") == client("[::ffff:1.2.3.4]:80"));
  CHECK(client("[::ffff:1.2.3.4]:80") != client("[::ffff:1.2.3.5]:80"));
}

TEST_CASE("client_address: a network of IPv6 is one client, for who has it has all addresses in it") {
  CHECK(client("[2001:db8:1:2::1]:80") == client("[2001:db8:1:2:ffff:ffff:ffff:ffff]:80"));
  CHECK(client("[2001:db8:1:2::1]:80") != client("[2001:db8:1:3::1]:80"));
  CHECK(client("[::1]:80") != client("127.0.0.1:80"));
}

TEST_CASE("client_address: Unix sockets are all one client") { CHECK(client("unix:/run/a") == client("unix:/run/b")); }
