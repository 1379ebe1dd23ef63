#include <joist/web/http_error.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("http_error: carries a status for the client and a sentence for the log") {
  const joist::web::http_error e{404, "no such user"};
  CHECK(e.status() == 404);
  CHECK(std::string{e.what()} == "no such user");
}
