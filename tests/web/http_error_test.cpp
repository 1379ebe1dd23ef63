#include <joist/web/http_error.hpp>
#include <joist/web/response.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("http_error: carries a status for the client and a sentence for the log") {
  const joist::web::http_error e{404, "no such user"};
  CHECK(e.status() == 404);
  CHECK(std::string{e.what()} == "no such user");
  const joist::web::response page = joist::web::status_page(e);
  CHECK(page.status == 404);
  CHECK(page.why == "no such user");
  CHECK(page.text() == "404 Not Found\n");
}
