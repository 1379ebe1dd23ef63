// tests/fuzz/channel_frames.cpp: what clients of channels say. Whatever comes, nothing crashes; what is read is written
// again as something that is read the same.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.channel_frames
//   build/fuzz/tests/fuzz/fuzz.channel_frames -max_total_time=60 new_inputs tests/fuzz/corpus/channel_frames
//
// An input is a byte that chooses version and kind of the frame, and its bytes.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "web/channels/frames.hpp"

namespace {

using namespace joist::web;
using namespace joist::web::channels;

void say_again(protocol_version v, const client_frame& f) {
  const payload body = f.body.to_payload();
  if (body.is_binary()) return;  // texts of clients and servers have the same form, bytes have not
  const encoded again = write_push(v, f.join_ref, f.ref, f.topic, f.event, body);
  const auto read = read_text(v, again->bytes);
  JOIST_ASSERT(read.has_value(), "what is written is read");
  JOIST_ASSERT(read->ref == f.ref && read->topic == f.topic && read->event == f.event, "as it was");
  JOIST_ASSERT(v == protocol_version::v1 || read->join_ref == f.join_ref, "as it was");
  JOIST_ASSERT(*read->body.as_json() == *f.body.as_json(), "with what is in it");
  static_cast<void>(write_reply(v, f.join_ref, f.ref, f.topic, reply{"ok", body}));
  static_cast<void>(write_broadcast(v, f.topic, f.event, body));
}

template <protocol_version V, bool IsText>
void client(std::string_view bytes) {
  const auto f = IsText ? read_text(V, bytes) : read_binary(V, bytes);
  if (!f) {
    JOIST_ASSERT(!f.error().empty(), "what is refused is told why");
    return;
  }
  JOIST_ASSERT(f->topic.size() + f->event.size() <= bytes.size() * 3, "no more than came");
  say_again(V, *f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array looks{client<protocol_version::v2, true>, client<protocol_version::v2, false>,
                             client<protocol_version::v1, true>, client<protocol_version::v1, false>};
  looks[data[0] % looks.size()]({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
