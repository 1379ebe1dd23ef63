#include "pubsub/frame.hpp"

#include <string>

#include "support/catch.hpp"

using joist::detail::frame_view;
using joist::detail::read_frame;
using joist::detail::write_frame;

TEST_CASE("frame: what was written is read again, whatever the bytes") {
  const std::string all_bytes = [] {
    std::string s;
    for (int c = 0; c < 256; ++c) s += static_cast<char>(c);
    return s;
  }();
  for (const frame_view& f : {frame_view{}, frame_view{"a", "b", "c", "d"},
                              frame_view{std::string_view{all_bytes}.substr(1), "t", all_bytes, all_bytes}}) {
    const std::string bytes = write_frame(f);
    CHECK(read_frame(bytes) == f);
  }
  const std::string longest(65'535, 't');
  CHECK(read_frame(write_frame({"n", "m", longest, {}}))->topic == longest);
}

TEST_CASE("frame: what is cut, or of another version, is none") {
  const std::string whole = write_frame({"node", "type", "topic", {}});
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK(!read_frame(std::string_view{whole}.substr(0, n)));
  std::string other = whole;
  other[0] = 2;
  CHECK(!read_frame(other));
}
