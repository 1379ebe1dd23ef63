#include "web/http/range.hpp"

#include <joist/web/http_date.hpp>

#include <string>

#include "support/catch.hpp"

using namespace joist::web::http;
namespace web = joist::web;

namespace {

std::string parsed(std::string_view value, std::uint64_t size) {
  const range_choice c = parse_range(value, size);
  if (c.verdict == range_verdict::whole) return "whole";
  return c.verdict == range_verdict::part ? content_range(c.part, size) : "none of " + unsatisfied_range(size);
}

}  // namespace

TEST_CASE("range: first to last, from the first on, and the last so many") {
  CHECK(parsed("bytes=0-4", 10) == "bytes 0-4/10");
  CHECK(parsed("bytes=5-5", 10) == "bytes 5-5/10");
  CHECK(parsed("bytes=5-", 10) == "bytes 5-9/10");
  CHECK(parsed("bytes=5-100", 10) == "bytes 5-9/10");
  CHECK(parsed("bytes=-3", 10) == "bytes 7-9/10");
  CHECK(parsed("bytes=-100", 10) == "bytes 0-9/10");
  CHECK(parsed("Bytes= 0-4 ", 10) == "bytes 0-4/10");
  CHECK(parsed("bytes=0-99999999999999999999999", 10) == "bytes 0-9/10");
}

TEST_CASE("range: what lies behind the end is unsatisfiable") {
  CHECK(parsed("bytes=10-", 10) == "none of bytes */10");
  CHECK(parsed("bytes=10-20", 10) == "none of bytes */10");
  CHECK(parsed("bytes=99999999999999999999999-", 10) == "none of bytes */10");
  CHECK(parsed("bytes=-0", 10) == "none of bytes */10");
  CHECK(parsed("bytes=0-", 0) == "none of bytes */0");
}

TEST_CASE("range: what is broken, of another unit, or several, is answered by the whole") {
  for (const char* value : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4", "bytes=0-1,3-4",
                            "lines=0-4", "bytes=+1-2", "bytes=1-2-3", "bytes=--1", "bytes=1 -2", "0-4"}) {
    INFO(value);
    CHECK(parsed(value, 10) == "whole");
  }
  CHECK(parsed("bytes=-5", 0) == "whole");
}

TEST_CASE("range: If-Range wants the part only of what the client knows") {
  const auto modified = std::chrono::sys_days{std::chrono::year{2026} / 5 / 4};
  const web::validators now{.tag = web::etag{"v2"}, .modified = modified};
  const auto verdict = [&](web::fields fields, std::string method = "GET") {
    fields.add("Range", "bytes=0-4");
    return choose_range(web::request{{.method = std::move(method), .fields = std::move(fields)}}, now, 10).verdict;
  };
  CHECK(verdict({}) == range_verdict::part);
  CHECK(verdict({}, "HEAD") == range_verdict::whole);
  CHECK(verdict({{"Range", "bytes=7-8"}}) == range_verdict::whole);
  CHECK(verdict({{"If-Range", "\"v2\""}}) == range_verdict::part);
  CHECK(verdict({{"If-Range", "\"v1\""}}) == range_verdict::whole);
  CHECK(verdict({{"If-Range", "W/\"v2\""}}) == range_verdict::whole);
  CHECK(verdict({{"If-Range", web::format_http_date(modified)}}) == range_verdict::part);
  CHECK(verdict({{"If-Range", web::format_http_date(modified + std::chrono::seconds{1})}}) == range_verdict::whole);
  CHECK(verdict({{"If-Range", "nonsense"}}) == range_verdict::whole);
}
