// tests/fuzz/presence_packets.cpp: whatever nodes send each other of who is present, it is refused, or is a packet of one
// way to write it, as large in memory as its bytes allow; and merged, whatever it claims, joins and leaves take turns.
//
//   cmake -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DJOIST_BUILD_FUZZERS=ON
//   cmake --build build/fuzz --target fuzz.presence_packets
//   build/fuzz/tests/fuzz/fuzz.presence_packets -max_total_time=60 new_inputs tests/fuzz/corpus/presence_packets
//
// An input is the length of a first packet (a byte), that packet, and a second one: merged in this order, and the first
// again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "pubsub/presence_state.hpp"
#include "pubsub/presence_wire.hpp"

namespace {

using namespace joist::detail;

void check_written_again(const presence_packet& p, std::string_view bytes) {
  const std::string again = write_packet(p);
  JOIST_ASSERT(again.size() <= bytes.size(), "what is read is written in no more bytes");
  const auto read = read_packet(again);
  JOIST_ASSERT(read.has_value() && write_packet(*read) == again, "what is written is read again");
}

void check_size(const presence_packet& p, std::size_t bytes) {
  const std::size_t spans = p.seen.spans().size() + p.part.seen.spans().size() + p.part.kept.spans().size();
  JOIST_ASSERT(spans * 2 + p.part.entries.size() * 13 <= bytes, "what is read is as large as its bytes allow");
}

class watcher {
 public:
  void watch(const presence_changes& c) {
    for (const auto& e : c.joins) JOIST_ASSERT(there_.insert(e->ref).second, "who joins was not there");
    for (const auto& e : c.leaves) JOIST_ASSERT(there_.erase(e->ref) == 1, "who leaves was there");
  }

 private:
  std::set<joist::presence_ref> there_;
};

void merge(presence_state& into, watcher& w, std::string_view bytes) {
  const auto p = read_packet(bytes);
  if (!p) return;
  check_size(*p, bytes.size());
  check_written_again(*p, bytes);
  w.watch(into.up(p->from));
  for (const presence_part& piece : in_pieces(p->part, {2, 100})) w.watch(into.merge(p->from, piece));
  w.watch(into.merge(p->from, p->part));
  (void)into.missing(p->seen);
  for (const auto& [number, e] : into.find(p->from)->entries)
    JOIST_ASSERT(into.find(p->from)->seen.contains(number), "P1: a presence's number is seen");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view all{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t first = std::min(std::size_t{data[0]}, all.size());
  presence_state state{{"own", 1}};
  watcher w;
  for (const std::string_view bytes : {all.substr(0, first), all.substr(first), all.substr(0, first)})
    merge(state, w, bytes);
  for (const char* name : {"a", "b"}) w.watch(state.down(name));
  for (const char* name : {"a", "b"}) w.watch(state.remove(name));
  return 0;
}
