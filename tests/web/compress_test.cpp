#include <joist/web/compress.hpp>

#include <joist/error.hpp>
#include <joist/web/conditional.hpp>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "support/catch.hpp"
#include "web/http/gzip.hpp"

namespace web = joist::web;
using web::http::gzip;

namespace {

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8U | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

// By Beast's inflater, and a check of all that stands around: RFC 1952, 2.3.
std::string gunzip(std::string_view file) {
  namespace zlib = boost::beast::zlib;
  REQUIRE(file.size() >= 18);
  REQUIRE(file.substr(0, 4) == std::string_view{"\x1f\x8b\x08\x00", 4});
  const std::string_view trailer = file.substr(file.size() - 8);
  file = file.substr(10, file.size() - 18);
  std::string text(little_endian(trailer.substr(4)) + 1, '\0');  // room for the proof that there is no more
  zlib::inflate_stream stream;
  zlib::z_params z;
  z.next_in = file.data();
  z.avail_in = file.size();
  z.next_out = text.data();
  z.avail_out = text.size();
  boost::beast::error_code ec;
  stream.write(z, zlib::Flush::finish, ec);
  REQUIRE(ec == zlib::error::end_of_stream);
  REQUIRE(z.avail_in == 0);
  REQUIRE(z.avail_out == 1);
  text.pop_back();
  boost::crc_32_type check;
  check.process_bytes(text.data(), text.size());
  REQUIRE(check.checksum() == little_endian(trailer));
  return text;
}

std::string page(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  text.resize(bytes);
  return text;
}

web::response ask(web::response answer, const std::string& accepts, web::compress_options options = {},
                  const std::string& method = "GET") {
  const auto held = std::make_shared<web::response>(std::move(answer));
  const web::handler all =
      web::pipeline({web::compress(std::move(options))}, [held](web::request&) { return std::move(*held); });
  web::request in{{.method = method}};
  if (!accepts.empty()) in.fields().set("Accept-Encoding", accepts);
  return all(in);
}
bool is_packed(const web::response& out) { return out.fields.get("Content-Encoding") == "gzip"; }

}  // namespace

TEST_CASE("gzip: what is packed is unpacked to the same, whatever it is and at every level") {
  std::mt19937 random{7};
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& text :
       {std::string{}, std::string{"a"}, page(5000), page(1'000'000), std::string(3'000'000, 'x'), noise}) {
    for (int level = 1; level <= 9; ++level) CHECK(gunzip(gzip(text, level)) == text);
  }
  CHECK(gzip(page(5000), 5) == gzip(page(5000), 5));
}

TEST_CASE("compress: texts are packed for who takes gzip, and caches hear of it in any case") {
  const auto answer = [] { return web::text(page(5000)).with_field("ETag", "\"v1\"").with_field("Content-Length", "5000"); };
  const web::response packed = ask(answer(), "br, gzip");
  REQUIRE(is_packed(packed));
  CHECK(packed.text().size() < 2500);
  CHECK(gunzip(packed.text()) == page(5000));
  CHECK(packed.fields.get("Vary") == "Accept-Encoding");
  CHECK(packed.fields.get("ETag") == "W/\"v1\"");
  CHECK_FALSE(packed.fields.contains("Content-Length"));
  CHECK(packed.fields.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(ask(answer(), "gzip", {}, "HEAD").fields.get("Content-Encoding") == "gzip");
  for (const char* accepts : {"", "br", "gzip;q=0", "identity, gzip;q=0.5", "nonsense"}) {
    const web::response plain = ask(answer(), accepts);
    CHECK_FALSE(is_packed(plain));
    CHECK(plain.text() == page(5000));
    CHECK(plain.fields.get("Vary") == "Accept-Encoding");
    CHECK(plain.fields.get("ETag") == "\"v1\"");
  }
}

TEST_CASE("compress: what is small, large, packed, a part, of another type or forbidden is left alone") {
  const auto untouched = [](web::response answer, web::compress_options options = {}) {
    const std::string text{answer.text()};
    const web::response out = ask(std::move(answer), "gzip", std::move(options));
    return !is_packed(out) && out.text() == text && !out.fields.contains("Vary");
  };
  CHECK(untouched(web::text(page(1023))));
  CHECK(untouched(web::text(page(1025)), {.least_bytes = 1026}));
  CHECK(untouched(web::text(page(5001)), {.most_bytes = 5000}));
  CHECK(untouched(web::bytes("image/png", page(5000))));
  CHECK(untouched(web::bytes("application/jsonx", page(5000))));
  CHECK(untouched(web::bytes("", page(5000))));
  CHECK(ask(web::text(page(5000)).with_field("Content-Encoding", "br"), "gzip").fields.get("Content-Encoding") == "br");
  CHECK(untouched(web::text(page(5000)).with_field("Cache-Control", "public, no-transform")));
  CHECK(untouched(web::text(page(5000)).with_status(206)));
  CHECK(untouched(web::no_content()));
  CHECK(untouched(web::stream("text/plain", [](web::body_sink&) {})));
  for (const char* type :
       {"text/css", "TEXT/HTML; charset=utf-8", "application/json", "application/problem+json", "image/svg+xml"})
    CHECK(is_packed(ask(web::bytes(type, page(5000)), "gzip")));
  CHECK(is_packed(ask(web::bytes("image/png", page(5000)), "gzip", {.types = {"image/png"}})));
}

TEST_CASE("compress: what does not get smaller stays as it is") {
  std::mt19937 random{7};
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const web::response out = ask(web::text(noise).with_field("ETag", "\"v1\""), "gzip");
  CHECK_FALSE(is_packed(out));
  CHECK(out.text() == noise);
  CHECK(out.fields.get("ETag") == "\"v1\"");
  CHECK(out.fields.get("Vary") == "Accept-Encoding");
}

TEST_CASE("compress: Vary is completed and not repeated; weak tags stay weak") {
  CHECK(ask(web::text(page(5000)).with_field("Vary", "Origin"), "gzip").fields.joined("Vary") == "Origin, Accept-Encoding");
  CHECK(ask(web::text(page(5000)).with_field("Vary", "accept-encoding, Origin"), "gzip").fields.joined("Vary") ==
        "accept-encoding, Origin");
  CHECK(ask(web::text(page(5000)).with_field("Vary", "*"), "gzip").fields.joined("Vary") == "*");
  CHECK(ask(web::text(page(5000)).with_field("ETag", "W/\"v1\""), "gzip").fields.get("ETag") == "W/\"v1\"");
}

TEST_CASE("compress: who has the packed page is told that it has not changed") {
  const web::handler all = web::pipeline({web::compress()}, [](web::request& in) {
    return web::conditional(in, {.tag = web::etag{"v1"}}, [] { return web::text(page(5000)); });
  });
  web::request first{{}};
  first.fields().set("Accept-Encoding", "gzip");
  const web::response packed = all(first);
  REQUIRE(is_packed(packed));
  web::request again{{}};
  again.fields().set("Accept-Encoding", "gzip").set("If-None-Match", packed.fields.get("ETag"));
  const web::response unchanged = all(again);
  CHECK(unchanged.status == 304);
  CHECK(unchanged.fields.get("Vary") == "Accept-Encoding");
}

TEST_CASE("compress: a level that there is not is refused at the start") {
  for (const int level : {0, 10, -1}) CHECK_THROWS_AS(web::compress({.level = level}), joist::error);
}
