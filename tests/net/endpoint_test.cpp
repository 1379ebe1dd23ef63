#include <joist/net/endpoint.hpp>

#include <joist/error.hpp>

#include <string>

#include "support/catch.hpp"

using joist::net::endpoint;

TEST_CASE("endpoint: what to_string gives, parse takes, and it is the same") {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:443", "[2001:db8::ff]:1",
                           "[fe80::1%lo]:7", "unix:/run/app.sock", "unix:relative/path", "unix:@abstract"}) {
    const auto parsed = endpoint::parse(text);
    INFO(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->to_string() == text);
    CHECK(*endpoint::parse(parsed->to_string()) == *parsed);
    CHECK(endpoint::from_system(parsed->system()) == *parsed);
  }
}

TEST_CASE("endpoint: has a family, an address and a port") {
  using family = enum endpoint::family;
  CHECK(endpoint{"10.1.2.3:99"}.family() == family::ip4);
  CHECK(endpoint{"10.1.2.3:99"}.address() == "10.1.2.3");
  CHECK(endpoint{"10.1.2.3:99"}.port() == 99);
  CHECK(endpoint{"10.1.2.3:99"}.with_port(7).to_string() == "10.1.2.3:7");
  CHECK(endpoint{"[::]:99"}.with_port(7) == endpoint::any(7));
  CHECK(endpoint::loopback(5).to_string() == "127.0.0.1:5");
  CHECK(endpoint{"unix:@name"}.family() == family::unix_path);
  CHECK(endpoint{"unix:@name"}.address() == "@name");
  CHECK(endpoint{"unix:@name"}.port() == 0);
  CHECK(endpoint{}.family() == family::none);
  CHECK(endpoint{}.to_string() == "unnamed");
  CHECK_FALSE(endpoint{"10.1.2.3:99"} == endpoint{"10.1.2.3:98"});
  CHECK(endpoint::parse("::1", 80)->to_string() == "[::1]:80");
  CHECK(endpoint::parse("1.2.3.4", 80)->to_string() == "1.2.3.4:80");
}

TEST_CASE("endpoint: what is none is refused with what was expected and what came") {
  const std::string long_path = "unix:/" + std::string(200, 'x');
  const std::string long_host = std::string(300, '1') + ":80";
  for (const std::string& text : {std::string{""},
                                  std::string{":"},
                                  std::string{":80"},
                                  std::string{"127.0.0.1"},
                                  std::string{"127.0.0.1:"},
                                  std::string{"127.0.0.1:65536"},
                                  std::string{"127.0.0.1:-1"},
                                  std::string{"127.0.0.1:8x"},
                                  std::string{"127.0.0.1: 80"},
                                  std::string{"127.0.0:80"},
                                  std::string{"256.0.0.1:80"},
                                  std::string{"::1:80"},
                                  std::string{"[::1]"},
                                  std::string{"[::1:80"},
                                  std::string{"[127.0.0.1]:80"},
                                  std::string{"[]:80"},
                                  std::string{"localhost:80"},
                                  std::string{"[fe80::1%no-such-interface]:80"},
                                  std::string{"unix:"},
                                  std::string{"unix:@"},
                                  std::string{"unix:/a\0b", 9},
                                  long_path,
                                  long_host}) {
    const auto parsed = endpoint::parse(text);
    INFO(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().find("expected") != std::string::npos);
  }
  CHECK_THROWS_AS(endpoint{"nonsense"}, joist::error);
  CHECK_THROWS_AS(endpoint{"unix:/x"}.with_port(1), joist::error);
}
