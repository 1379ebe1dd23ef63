#include <joist/web/http_date.hpp>

#include <random>
#include <string>

#include "support/catch.hpp"

using joist::web::format_http_date;
using joist::web::parse_http_date;
using namespace std::chrono;

TEST_CASE("http_date: the three forms say the same time") {
  const sys_seconds time = sys_days{1994y / November / 6} + 8h + 49min + 37s;
  CHECK(format_http_date(time) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == time);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == time);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == time);
  CHECK(parse_http_date("Wed Nov 16 08:49:37 1994") == time + days{10});
  CHECK(parse_http_date("Saturday, 06-Nov-69 08:49:37 GMT") == sys_days{2069y / November / 6} + 8h + 49min + 37s);
  CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == sys_seconds{});
}

TEST_CASE("http_date: what format gives, parse takes") {
  std::mt19937_64 random{1};
  for (int i = 0; i < 2000; ++i) {
    const sys_seconds time{seconds{static_cast<std::int64_t>(random() % 300'000'000'000) - 62'000'000'000}};
    const std::string text = format_http_date(time);
    INFO(text);
    CHECK(text.size() == 29);
    CHECK(parse_http_date(text).has_value());
    if (time >= sys_days{0y / January / 1} && time < sys_days{10000y / January / 1}) CHECK(parse_http_date(text) == time);
  }
  CHECK(format_http_date(sys_days{12000y / May / 5}).ends_with("Dec 9999 23:59:59 GMT"));
  CHECK(format_http_date(sys_days{-50y / May / 5}).ends_with("Jan 0000 00:00:00 GMT"));
}

TEST_CASE("http_date: any other text is no date") {
  for (const char* text :
       {"", "0", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun, 06-Nov-94 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text).has_value());
  }
}
