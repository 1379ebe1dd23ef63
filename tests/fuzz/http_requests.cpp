// tests/fuzz/http_requests.cpp: whatever bytes come, the reader of requests does not crash, tells the same however they are
// cut, keeps to its limits, and never reads a framing that Beast does not read.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.http_requests
//   build/fuzz/tests/fuzz/fuzz.http_requests -max_total_time=60 new_inputs tests/fuzz/corpus/http_requests
//
// An input is a byte that chooses the limits, a byte that seeds the cuts, and what comes from the connection.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "web/http/request_reader.hpp"
#include "web/http/transcript.hpp"

namespace {

using joist::web::request_limits;

void check_limits(std::string_view all, const request_limits& limits) {
  using joist::web::http::progress;
  joist::web::http::request_reader reader{limits};
  auto left = std::as_bytes(std::span{all});
  std::uint64_t body = 0;
  for (;;) {
    const auto step = reader.read(left);
    JOIST_ASSERT(step.used <= left.size(), "no more is used than there is");
    left = left.subspan(step.used);
    if (step.what == progress::need_more || step.what == progress::refused) return;
    if (step.what == progress::head) {
      const joist::web::request& in = *step.head;
      JOIST_ASSERT(in.target().size() <= limits.target_bytes, "a target keeps to its limit");
      JOIST_ASSERT(in.fields().size() <= limits.field_count, "the fields keep to their limit");
      JOIST_ASSERT(in.fields().wire().size() <= limits.head_bytes + 2 * in.fields().size(), "the head keeps to its limit");
      JOIST_ASSERT(in.path().find('\0') == std::string::npos, "a path has no NUL");
      for (std::size_t i = 0; i < in.segment_count(); ++i)
        JOIST_ASSERT(in.segment(i) != "." && in.segment(i) != "..", "a path has no segment of dots");
      const auto lengths = in.fields().count("Content-Length");
      const bool chunked = in.fields().contains("Transfer-Encoding");
      JOIST_ASSERT(lengths <= 1 && !(chunked && lengths > 0), "a body has one framing");
    }
    if (step.what == progress::body) body += step.body.size();
    JOIST_ASSERT(body <= limits.body_bytes, "a body keeps to its limit");
    if (step.what == progress::done) {
      body = 0;
      reader.restart();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  request_limits limits;
  if ((data[0] & 1) != 0)
    limits = {.head_bytes = 400, .field_count = 8, .target_bytes = 60, .body_bytes = 100, .chunk_extension_bytes = 40};
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  std::minstd_rand random{data[1] + 1U};

  const std::string whole = joist_test::transcript(bytes, limits);
  JOIST_ASSERT(!whole.ends_with(joist::web::http::two_readings), "Beast and the reader read the same framing");
  JOIST_ASSERT(joist_test::transcript(bytes, limits, [](std::size_t) { return 1; }) == whole, "byte by byte it is the same");
  for (const unsigned most : {3U, 40U, 700U}) {
    const auto cut = [&](std::size_t) { return static_cast<std::size_t>(1 + random() % most); };
    JOIST_ASSERT(joist_test::transcript(bytes, limits, cut) == whole, "in pieces it is the same");
  }
  check_limits(bytes, limits);
  return 0;
}
