#include "pubsub/presence_wire.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"

using joist::detail::clock_set;
using joist::detail::presence_packet;
using joist::detail::presence_state;
using joist::detail::read_packet;
using joist::detail::write_packet;
using kind = presence_packet::kind;

namespace {

using choices = joist::base::random;

presence_packet some_packet(std::uint64_t seed) {
  choices choose{seed};
  presence_state s{{"node-" + std::to_string(seed % 3), choose.next()}};
  const auto text = [&choose] { return std::string(choose.below(5), static_cast<char>(choose.below(256))); };
  for (std::uint32_t n = choose.below(30); n > 0; --n) {
    const auto topic = std::make_shared<const std::string>(choose.below(2) == 0 ? "room" : text());
    const std::string key = std::to_string(choose.below(5));
    const auto found = s.find(1, *topic, key);
    if (found == nullptr) {
      s.join(topic, key, 1, text());
    } else if (choose.below(2) == 0) {
      s.update(found, text());
    } else {
      s.leave(found);
    }
    if (choose.below(9) == 0) (void)s.take_delta();
  }
  presence_packet p{static_cast<kind>(1 + choose.below(4)), s.own()};
  if (p.what == kind::heartbeat) {
    p.clock = s.clock();
    p.part = s.take_delta();
  } else if (p.what == kind::transfer) {
    p.part = s.missing(clock_set{1, choose.below(20)});
  } else if (p.what == kind::request) {
    p.asked = choose.next();
    p.seen = s.take_delta().seen;
  }
  return p;
}

void check_same(const presence_packet& a, const presence_packet& b) {
  CHECK(a.what == b.what);
  CHECK(a.from == b.from);
  CHECK((a.clock == b.clock && a.asked == b.asked && a.seen == b.seen));
  CHECK((a.part.seen == b.part.seen && a.part.kept == b.part.kept));
  REQUIRE(a.part.entries.size() == b.part.entries.size());
  for (std::size_t i = 0; i < a.part.entries.size(); ++i) {
    const auto &x = *a.part.entries[i], &y = *b.part.entries[i];
    CHECK((*x.topic == *y.topic && x.key == y.key && x.meta == y.meta && x.process == y.process));
    CHECK((x.ref == y.ref && x.previous == y.previous));
  }
}

}  // namespace

TEST_CASE("presence_wire: what was written is read again") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const presence_packet p = some_packet(seed);
    const auto read = read_packet(write_packet(p));
    REQUIRE(read.has_value());
    check_same(p, *read);
  }
}

TEST_CASE("presence_wire: what is cut, or longer, is refused") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string whole = write_packet(some_packet(seed));
    for (std::size_t n = 0; n < whole.size(); ++n) CHECK(!read_packet(std::string_view{whole}.substr(0, n)));
    CHECK(!read_packet(whole + '\0'));
  }
}

TEST_CASE("presence_wire: whatever is changed on the way, it is refused or is a packet of one way to write it") {
  choices choose{5};
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    std::string bytes = write_packet(some_packet(seed % 100));
    for (std::uint32_t n = 1 + choose.below(3); n > 0; --n)
      bytes[choose.below(static_cast<std::uint32_t>(bytes.size()))] = static_cast<char>(choose.below(256));
    if (const auto read = read_packet(bytes)) {
      const auto again = read_packet(write_packet(*read));
      REQUIRE(again.has_value());
      check_same(*read, *again);
    }
  }
}

TEST_CASE("presence_wire: counts that the bytes do not hold, and numbers beyond the limit, are refused") {
  const std::string head = [] {
    std::string h = write_packet({kind::transfer, {"n", 1}});
    return h.substr(0, h.size() - 3);  // without its empty part
  }();
  CHECK(read_packet(head + std::string(3, '\0')).has_value());
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\x7f";
  CHECK(!read_packet(head + huge));                                               // spans
  CHECK(!read_packet(head + std::string{"\0\0", 2} + huge));                      // entries
  CHECK(!read_packet(head + "\x01\x01" + huge + std::string{"\0\0", 2} + huge));  // both
  CHECK(!read_packet(head + std::string{"\x01\x01\x00\x01\x02\x00\x00", 7}));     // kept is not within seen
  CHECK(!read_packet(head + std::string{"\x02\x01\x00\x01\x00\x00\x00", 7}));     // spans that touch
  CHECK(!read_packet(head + std::string{"\x01\x81\x00\x00\x00\x00", 6}));         // a number with a zero too many
}
