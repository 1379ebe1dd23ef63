// core/known_traces.hpp, on a stack that is an array.
#include "core/known_traces.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

using joist::core::known_traces;
using joist::core::most_trace_frames;
using joist::core::return_slot;
using joist::core::traced_stack;

namespace {

struct fake_stack {
  std::array<std::uintptr_t, 100> words{};
  [[nodiscard]] traced_stack seen_from(std::size_t anchor) const {
    const auto begin = reinterpret_cast<std::uintptr_t>(words.data());
    return {begin + anchor * 8, begin, begin + words.size() * 8};
  }
};

std::vector<std::uintptr_t> held(std::span<const return_slot> slots) {
  std::vector<std::uintptr_t> all;
  for (const return_slot& s : slots) all.push_back(s.holds);
  return all;
}

}  // namespace

TEST_CASE(
    "known_traces: a trace is found on the stack it was taken from, and on another one where the same lies around the "
    "anchor") {
  known_traces known;
  fake_stack stack;
  stack.words[10] = 0x10;
  stack.words[14] = 0x14;
  stack.words[30] = 0x30;
  const std::vector<return_slot> slots{{(10 - 20) * 8, 0x10}, {(14 - 20) * 8, 0x14}, {(30 - 20) * 8, 0x30}};
  CHECK(known.find(stack.seen_from(20)).empty());
  known.add(stack.seen_from(20), slots);
  CHECK(held(known.find(stack.seen_from(20))) == std::vector<std::uintptr_t>{0x10, 0x14, 0x30});

  fake_stack other;
  other.words[50] = 0x10;
  other.words[54] = 0x14;
  other.words[70] = 0x30;
  CHECK(known.find(other.seen_from(60)).size() == 3);
  other.words[54] = 0x15;
  CHECK(known.find(other.seen_from(60)).empty());
  CHECK(known.find(other.seen_from(61)).empty());
}

TEST_CASE("known_traces: nothing is read beyond the stack, at either end") {
  known_traces known;
  fake_stack stack;
  stack.words[0] = 1;
  stack.words[99] = 2;
  const std::vector<return_slot> whole{{-50 * 8, 1}, {49 * 8, 2}};
  known.add(stack.seen_from(50), whole);
  CHECK(known.find(stack.seen_from(50)).size() == 2);
  CHECK(known.find(stack.seen_from(49)).empty());
  CHECK(known.find(stack.seen_from(51)).empty());
  traced_stack shorter = stack.seen_from(50);
  shorter.bottom += 8;
  CHECK(known.find(shorter).empty());
  shorter = stack.seen_from(50);
  shorter.top -= 1;
  CHECK(known.find(shorter).empty());
}

TEST_CASE("known_traces: one that is not on the stack, is empty or too long is not remembered") {
  known_traces known;
  fake_stack stack;
  stack.words[3] = 7;
  known.add(stack.seen_from(0), {});
  known.add(stack.seen_from(0), std::vector<return_slot>{{3 * 8, 8}});
  known.add(stack.seen_from(0), std::vector<return_slot>(most_trace_frames + 1, {3 * 8, 7}));
  CHECK(known.find(stack.seen_from(0)).empty());
}

TEST_CASE("known_traces: the last eight are remembered") {
  known_traces known;
  fake_stack stack;
  for (std::size_t i = 0; i < known_traces::most + 1; ++i) {
    stack.words[i] = 100 + i;
    known.add(stack.seen_from(0), std::vector<return_slot>{{static_cast<std::ptrdiff_t>(i * 8), 100 + i}});
  }
  for (std::size_t i = 0; i < known_traces::most + 1; ++i) {
    fake_stack one;
    one.words[i] = 100 + i;
    CHECK(known.find(one.seen_from(0)).empty() == (i == 0));
  }
}
