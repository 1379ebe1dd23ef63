// tests/fuzz/http_responses.cpp: whatever bytes come, the reader of responses does not crash, tells the same however they
// are cut, keeps to its limits, and never reads a framing that Beast does not read.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.http_responses
//   build/fuzz/tests/fuzz/fuzz.http_responses -max_total_time=60 new_inputs tests/fuzz/corpus/http_responses
//
// An input is a byte of settings (1: small limits, 2: to HEAD, 4: to a request for an upgrade), a byte that seeds the cuts,
// and what comes from the connection.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "web/client/response_reader.hpp"
#include "web/client/transcript.hpp"

namespace {

using joist::web::response_limits;

void check_limits(std::string_view all, const joist_test::asked& request, const response_limits& limits) {
  using joist::web::http::progress;
  joist::web::http::response_reader reader{limits};
  reader.expect(request.method, request.for_upgrade);
  auto left = std::as_bytes(std::span{all});
  std::uint64_t body = 0;
  for (;;) {
    const auto step = reader.read(left);
    JOIST_ASSERT(step.used <= left.size(), "no more is used than there is");
    left = left.subspan(step.used);
    if (step.what == progress::need_more || step.what == progress::refused) return;
    if (step.what == progress::head) {
      const auto& f = step.head->fields;
      JOIST_ASSERT(f.size() <= limits.field_count, "the fields keep to their limit");
      JOIST_ASSERT(f.wire().size() <= limits.head_bytes + 2 * f.size(), "the head keeps to its limit");
      JOIST_ASSERT(reader.interims() <= limits.interim_count, "interim responses keep to their limit");
      JOIST_ASSERT(step.head->status >= 101 && step.head->status <= 599, "a status is one");
      const auto lengths = f.count("Content-Length");
      JOIST_ASSERT(lengths <= 1 && !(f.contains("Transfer-Encoding") && lengths > 0), "a body has one framing");
    }
    if (step.what == progress::body) body += step.body.size();
    if (step.what == progress::done) {
      JOIST_ASSERT(!reader.body_bytes() || *reader.body_bytes() == body, "a body is as long as its length says");
      body = 0;
      if (!reader.keep_alive()) return;
      reader.expect(request.method, request.for_upgrade);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  response_limits limits;
  if ((data[0] & 1) != 0) limits = {.head_bytes = 400, .field_count = 8, .interim_count = 2, .chunk_extension_bytes = 40};
  const joist_test::asked request{(data[0] & 2) != 0 ? "HEAD" : "GET", (data[0] & 4) != 0};
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  std::minstd_rand random{data[1] + 1U};

  const std::string whole = joist_test::transcript(bytes, request, limits);
  JOIST_ASSERT(!whole.ends_with(joist::web::http::two_readings), "Beast and the reader read the same framing");
  JOIST_ASSERT(joist_test::transcript(bytes, request, limits, [](std::size_t) { return 1; }) == whole,
               "byte by byte it is the same");
  for (const unsigned most : {3U, 40U, 700U}) {
    const auto cut = [&](std::size_t) { return static_cast<std::size_t>(1 + random() % most); };
    JOIST_ASSERT(joist_test::transcript(bytes, request, limits, cut) == whole, "in pieces it is the same");
  }
  check_limits(bytes, request, limits);
  return 0;
}
