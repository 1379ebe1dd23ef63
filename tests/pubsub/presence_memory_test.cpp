// What presence does without memory: a program of its own, for it counts all that is taken from the heap.
#include <cstdlib>
#include <new>

#include "pubsub/presence_core.hpp"
#include "support/presences.hpp"

namespace {

constinit thread_local long left = -1;  // so many more succeed; below zero: all do

void* counted(std::size_t bytes) noexcept {
  if (left == 0) return nullptr;
  if (left > 0) --left;
  return std::malloc(bytes > 0 ? bytes : 1);
}

}  // namespace

void* operator new(std::size_t bytes) {
  if (void* made = counted(bytes)) return made;
  throw std::bad_alloc{};
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace support;

TEST_CASE("presence: a diff that there was no memory for is told when there is") {
  in_simulation(
      [] {
        joist::detail::presence_core core{joist::pubsub{}, {}};
        core.begin_to_serve();
        core.begin_to_tell();
        (void)core.track(joist::self(), "room", "ann", "0");
        joist::presence_diff_ptr told;
        int failures = 0;
        for (long enough = 0; told == nullptr; ++enough) {
          EXPECT(enough < 1000);
          left = enough;
          try {
            told = core.next_diff();
            left = -1;
            EXPECT(told != nullptr);  // nothing to tell any more
          } catch (const std::bad_alloc&) {
            left = -1;
            ++failures;
          }
        }
        EXPECT(failures > 2 && text(told->joins) == "ann=0");
        core.has_told(told);
        EXPECT(core.next_diff() == nullptr);
      },
      10);
}
