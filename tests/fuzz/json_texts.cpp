// tests/fuzz/json_texts.cpp: whatever text comes, the parser of JSON does not crash, keeps to its limits, and what it has
// read is the same after it was written and read again.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.json_texts
//   build/fuzz/tests/fuzz/fuzz.json_texts -max_total_time=60 new_inputs tests/fuzz/corpus/json_texts
#include <joist/web/json_value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.hpp"

namespace {

std::size_t depth_of(const joist::web::json_value& v) {
  std::size_t below = 0;
  if (const auto* elements = v.as_array()) {
    for (const auto& e : *elements) below = std::max(below, depth_of(e));
    return below + 1;
  }
  if (const auto* members = v.as_object()) {
    for (const auto& m : *members) below = std::max(below, depth_of(m.value));
    return below + 1;
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  constexpr joist::web::json_limits limits{.depth = 10, .values = 1000};
  const auto read = joist::web::parse_json(text, limits);
  if (!read) {
    JOIST_ASSERT(!read.error().what.empty(), "a refusal says why");
    return 0;
  }
  JOIST_ASSERT(depth_of(*read) <= limits.depth, "the depth keeps to its limit");
  const std::string written = read->to_string();
  const auto again = joist::web::parse_json(written, limits);
  JOIST_ASSERT(again.has_value() && *again == *read, "what is written reads the same");
  JOIST_ASSERT(again->to_string() == written, "what is the same is written the same");
  return 0;
}
