#include <joist/result.hpp>

#include <memory>
#include <string>

#include "support/catch.hpp"

using joist::failure;
using joist::result;

TEST_CASE("result: has a value, or says why there is none") {
  const result<int, std::string> good = 7;
  const result<int, std::string> bad = failure{std::string{"no"}};
  CHECK(good);
  CHECK(good.has_value());
  CHECK(*good == 7);
  CHECK(good.value() == 7);
  CHECK(good.value_or(9) == 7);
  CHECK_FALSE(bad);
  CHECK(bad.error() == "no");
  CHECK(bad.value_or(9) == 9);
  CHECK_THROWS_AS(bad.value(), joist::bad_result);
}

TEST_CASE("result: nothing is a value too, and what is moved in is moved out") {
  const result<void, int> done;
  const result<void, int> not_done = failure{3};
  CHECK(done);
  CHECK_FALSE(not_done);
  CHECK(not_done.error() == 3);
  done.value();
  CHECK_THROWS_AS(not_done.value(), joist::bad_result);
  result<std::unique_ptr<int>, int> owner = std::make_unique<int>(5);
  CHECK(**owner == 5);
  CHECK(owner->get() == owner.value().get());
  const std::unique_ptr<int> out = *std::move(owner);
  CHECK(*out == 5);
}
