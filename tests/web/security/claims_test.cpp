#include "web/security/claims.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace joist::web::security;
using namespace std::string_view_literals;

namespace {

// A term of three: "42", 1'700'000'000'000 ms, and what is given.
std::string signed_for(std::string_view max_age) {
  return std::string{"\x83\x68\x03\x6d\x00\x00\x00\x02\x34\x32\x6e\x06\x00\x00\x68\xe5\xcf\x8b\x01"sv}.append(max_age);
}
// The same with other data.
std::string saying(std::string_view data) { return std::string{"\x83\x68\x03"sv}.append(data).append("\x61\x01\x61\x3c"sv); }

}  // namespace

TEST_CASE("claims: the bytes are those of term_to_binary") {
  CHECK(to_term({"42", 1'700'000'000'000, 86400}) == signed_for("\x62\x00\x01\x51\x80"sv));
  CHECK(to_term({"42", 1'700'000'000'000, 255}) == signed_for("\x61\xff"sv));
  CHECK(to_term({"42", 1'700'000'000'000, {}}) == signed_for("\x77\x08infinity"sv));
  CHECK(from_term(signed_for("\x64\x00\x08infinity"sv)) == claims{"42", 1'700'000'000'000, {}});  // up to OTP 25
}

TEST_CASE("claims: what is written is read, whatever the data and the numbers") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, std::int64_t{INT32_MAX},
        std::int64_t{INT32_MAX} + 1, std::int64_t{INT32_MIN}, std::int64_t{INT32_MIN} - 1, least, most}) {
    for (const std::string& data : {std::string{}, std::string{"\0\xff", 2}, std::string(70'000, 'x')}) {
      CHECK(from_term(to_term({data, n, 60})) == claims{data, n, 60});
      CHECK(from_term(to_term({data, 7, n})) == claims{data, 7, n});
      CHECK(from_term(to_term({data, n, {}})) == claims{data, n, {}});
    }
  }
}

TEST_CASE("claims: integers come as their digits") {
  CHECK(from_term(saying("\x61\x2a"sv))->data == "42");
  CHECK(from_term(saying("\x62\xff\xff\xff\xfe"sv))->data == "-2");
  CHECK(from_term(saying("\x6e\x06\x01\x00\x68\xe5\xcf\x8b\x01"sv))->data == "-1700000000000");
  CHECK(from_term(saying("\x6e\x08\x01\x00\x00\x00\x00\x00\x00\x00\x80"sv))->data == "-9223372036854775808");
}

TEST_CASE("claims: atoms, lists, maps, floats, compressed terms and larger integers are refused") {
  for (const std::string_view data : {
           "\x77\x05"
           "admin"sv,                                             // an atom
           "\x6a"sv,                                              // []
           "\x6b\x00\x02hi"sv,                                    // a string of Erlang's: a list
           "\x74\x00\x00\x00\x00"sv,                              // %{}
           "\x68\x00"sv,                                          // {}
           "\x46\x3f\xe0\x00\x00\x00\x00\x00\x00"sv,              // 0.5
           "\x6e\x08\x00\x00\x00\x00\x00\x00\x00\x00\x80"sv,      // 2^63
           "\x6e\x09\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"sv,  // 2^64 + 1
           "\x6e\x01\x02\x2a"sv,                                  // no sign is 2
           "\x6f\x00\x00\x00\x01\x00\x2a"sv,                      // a large big
           "\x6d\xff\xff\xff\xff\x2a"sv,                          // a binary that ends before its end
       }) {
    CHECK_FALSE(from_term(saying(data)).has_value());
  }
  CHECK_FALSE(from_term("\x83\x50\x00\x00\x00\x0f\x78\x9c"sv).has_value());  // compressed
  CHECK_FALSE(from_term(signed_for("\x77\x08infinite"sv)).has_value());
  CHECK_FALSE(from_term(signed_for("\x46\x3f\xe0\x00\x00\x00\x00\x00\x00"sv)).has_value());
}

TEST_CASE("claims: a term that ends early, or goes on, is none") {
  for (const std::string& whole : {to_term({"42", 1'700'000'000'000, 86400}), to_term({"42", -1, {}})}) {
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(from_term(whole.substr(0, size)).has_value());
    CHECK_FALSE(from_term(whole + '\0').has_value());
  }
}

TEST_CASE("claims: something holds until its age is beyond the one it has, to the millisecond") {
  CHECK_FALSE(is_over(5000, 60, 65'000));
  CHECK(is_over(5000, 60, 65'001));
  CHECK_FALSE(is_over(5000, 60, 0));  // another clock goes behind ours
  CHECK_FALSE(is_over(5000, {}, INT64_MAX));
  CHECK(is_over(5000, 0, 5000));
  CHECK(is_over(5000, -1, 0));
  CHECK_FALSE(is_over(5000, INT64_MAX, INT64_MAX));
  CHECK_FALSE(is_over(INT64_MAX, 1, INT64_MAX));
  CHECK(is_over(INT64_MIN, 1, INT64_MAX));
}
