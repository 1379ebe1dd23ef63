#include <joist/web/media_type.hpp>

#include "support/catch.hpp"

using joist::web::has_media_type;
using joist::web::media_type_of;

TEST_CASE("media_type: the extension says what a file holds, and case says nothing") {
  CHECK(media_type_of("app.js") == "text/javascript; charset=utf-8");
  CHECK(media_type_of("a/b.c/INDEX.HTML") == "text/html; charset=utf-8");
  CHECK(media_type_of("site.webmanifest") == "application/manifest+json");
  CHECK(media_type_of("x.aac") == "audio/aac");
  CHECK(media_type_of("x.zip") == "application/zip");
  CHECK(media_type_of("archive.tar.gz") == "application/gzip");
  for (const char* name : {"", "none", "a.unknown", "a.", "dir.js/file", "x.averyverylongextension"})
    CHECK(media_type_of(name) == "application/octet-stream");
}

TEST_CASE("media_type: parameters of a Content-Type do not change its type") {
  CHECK(has_media_type("Application/JSON ; charset=utf-8", "application/json"));
  CHECK(has_media_type("application/json", "application/json"));
  CHECK_FALSE(has_media_type("application/jsonx", "application/json"));
  CHECK_FALSE(has_media_type("", "application/json"));
}
