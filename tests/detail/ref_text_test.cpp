#include <joist/detail/ref_text.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"

using joist::detail::ref_text;

TEST_CASE("ref_text: a text is kept whatever its length, and none is not the empty one") {
  CHECK((!ref_text{} && ref_text{}.view().empty()));
  for (std::size_t n : {0U, 1U, 15U, 16U, 17U, 300U}) {
    const std::string text(n, 'r');
    const ref_text r{text};
    CHECK((r && r.view() == text));
    CHECK_FALSE(r == ref_text{});
    const ref_text copy = r;  // NOLINT: the copy is the point
    CHECK(copy == r);
    ref_text source{text};
    ref_text moved{std::move(source)};
    CHECK(moved == r);
    moved = ref_text{"other"};
    CHECK(moved.view() == "other");
    moved = r;
    CHECK(moved.view() == text);
  }
  static_assert(sizeof(ref_text) == 16);
}
