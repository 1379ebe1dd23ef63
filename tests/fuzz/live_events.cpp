// tests/fuzz/live_events.cpp: whatever a client says of an event or a form of a live view, it is a value of no more depth
// than names may have, and of no more values than were sent.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.live_events
//   build/fuzz/tests/fuzz/fuzz.live_events -max_total_time=60 new_inputs tests/fuzz/corpus/live_events
//
// An input is a form as browsers send it, or the JSON of an event's message.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "live/event_params.hpp"

namespace {

using joist::web::json_value;

struct size {
  std::size_t depth = 0;
  std::size_t values = 1;
};

size size_of(const json_value& v) {
  size all;
  const auto add = [&all](const json_value& each) {
    const size s = size_of(each);
    all.depth = std::max(all.depth, s.depth + 1);
    all.values += s.values;
  };
  if (v.as_array() != nullptr) {
    for (const json_value& each : *v.as_array()) add(each);
  } else if (v.as_object() != nullptr) {
    for (const auto& m : *v.as_object()) add(m.value);
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view text{reinterpret_cast<const char*>(data), bytes};
  const json_value form = joist::live::form_params(text);
  JOIST_ASSERT(form.as_object() != nullptr, "a form is an object");
  const size s = size_of(form);
  JOIST_ASSERT(s.depth <= 16 && s.values <= bytes + 2, "a form is as large as what was sent");
  if (const auto message = joist::web::parse_json(text)) (void)joist::live::event_params(*message);
  return 0;
}
