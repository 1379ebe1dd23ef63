#include "dist/backoff.hpp"

#include "support/catch.hpp"

using joist::dist::detail::backoff;
using namespace std::chrono_literals;

TEST_CASE("backoff: pauses double up to the longest, each shortened by a half at most") {
  backoff pauses{100ms, 1000ms, 1};
  for (const auto whole : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto pause = pauses.next();
    CHECK((pause >= whole / 2 && pause <= whole));
  }
  pauses.reset();
  CHECK(pauses.next() <= 100ms);
}

TEST_CASE("backoff: nodes that begin at the same time do not come back at the same time") {
  backoff one{10'000ms, 10'000ms, 1}, other{10'000ms, 10'000ms, 2};
  CHECK(one.next() != other.next());
}

TEST_CASE("backoff: a first pause that is longer than the longest is the longest") {
  backoff pauses{500ms, 100ms, 1};
  CHECK(pauses.next() <= 100ms);
}
