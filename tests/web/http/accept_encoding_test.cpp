#include "web/http/accept_encoding.hpp"

#include "support/catch.hpp"

using namespace joist::web::http;

TEST_CASE("accept_encoding: what is named is taken, with the quality it has") {
  CHECK(coding_quality("gzip", "gzip") == 1000);
  CHECK(coding_quality("br, GZIP;q=0.5", "gzip") == 500);
  CHECK(coding_quality("gzip ; Q = 0.125 ", "gzip") == 125);
  CHECK(coding_quality("gzip;q=1.000", "gzip") == 1000);
  CHECK(coding_quality("gzip;q=0", "gzip") == 0);
  CHECK(coding_quality("gzip;q=0.000", "gzip") == 0);
  CHECK(coding_quality("br", "gzip") == 0);
  CHECK(coding_quality("", "gzip") == 0);
}

TEST_CASE("accept_encoding: the star speaks for what is not named, and identity is taken unless it is refused") {
  CHECK(coding_quality("*", "gzip") == 1000);
  CHECK(coding_quality("gzip;q=0, *", "gzip") == 0);
  CHECK(coding_quality("", "identity") == 1000);
  CHECK(coding_quality("gzip", "identity") == 1000);
  CHECK(coding_quality("*;q=0", "identity") == 0);
  CHECK(coding_quality("*;q=0, identity;q=0.5", "identity") == 500);
}

TEST_CASE("accept_encoding: what is no quality is none") {
  for (const char* value :
       {"gzip;q=", "gzip;q=x", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=-1", "gzip;q=.5", "gzip;q=1x"}) {
    INFO(value);
    CHECK(coding_quality(value, "gzip") == 0);
  }
}

TEST_CASE("accept_encoding: a body that is there twice is sent with the coding, unless the client would rather not") {
  CHECK(prefers_coding("gzip, deflate, br", "gzip"));
  CHECK(prefers_coding("*", "gzip"));
  CHECK(prefers_coding("gzip;q=0.5", "gzip"));
  CHECK_FALSE(prefers_coding("gzip;q=0.5, identity", "gzip"));
  CHECK_FALSE(prefers_coding("identity", "gzip"));
  CHECK_FALSE(prefers_coding("", "gzip"));
}
