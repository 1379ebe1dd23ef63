// fiber/stack_pool.hpp: which slot a fiber gets, and what is below a stack.
#include "fiber/stack_pool.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "support/catch.hpp"
#include "support/child.hpp"

using namespace joist;
using fiber::slot_kind;

namespace {

constexpr std::size_t slot_bytes = std::size_t{16} << 10;

}  // namespace

TEST_CASE("stack pool: three quarters are given to one fiber each, the rest to all who come then") {
  fiber::stack_pool pool{64, slot_bytes};
  fiber::slot_cache mine;
  std::vector<fiber::fiber> fibers(1000);
  std::set<fiber::slot*> exclusive;
  std::set<fiber::slot*> shared;
  for (auto& f : fibers) {
    pool.assign(f, mine);
    (f.stack->kind == slot_kind::shared ? shared : exclusive).insert(f.stack);
  }
  CHECK(exclusive.size() == 48);
  CHECK(!shared.empty());
  CHECK(shared.size() <= 16);
  CHECK(pool.slots_made() == 64);
  // Nobody has a crowd: batches of 32 by the power of choices.
  for (const fiber::slot* s : shared) CHECK(s->users.load() <= 6 * 32);
  for (auto& f : fibers) pool.give_back(f, mine);
  for (const fiber::slot* s : shared) CHECK(s->users.load() == 0);
}

TEST_CASE("stack pool: a shared slot that is stuck gets no new fibers while there are others") {
  fiber::stack_pool pool{16, slot_bytes};  // all are shared
  fiber::slot_cache mine;
  std::vector<fiber::fiber> fibers(2001);
  pool.assign(fibers[0], mine);
  fiber::slot* stuck = fibers[0].stack;  // the one that the next would get, too
  stuck->stuck = true;
  for (std::size_t i = 1; i < fibers.size(); ++i) pool.assign(fibers[i], mine);
  // Four are looked at for a batch of 32; all four the same one of sixteen is a matter of one in 65536.
  CHECK(stuck->users.load() <= 1 + 32);
  stuck->stuck = false;
  for (auto& f : fibers) pool.give_back(f, mine);
}

TEST_CASE("stack pool: a worker's next fiber gets the stack that was given back last") {
  fiber::stack_pool pool{64, slot_bytes};
  fiber::slot_cache mine;
  fiber::fiber first;
  fiber::fiber second;
  pool.assign(first, mine);
  pool.assign(second, mine);
  fiber::slot* hot = first.stack;
  pool.give_back(first, mine);
  pool.assign(first, mine);
  CHECK(first.stack == hot);
  pool.give_back(first, mine);
  pool.give_back(second, mine);
}

TEST_CASE("stack pool: the few that were given back last keep their pages, and are taken first, also behind many others") {
  fiber::stack_pool pool{256, slot_bytes};
  fiber::slot_cache mine;
  std::vector<fiber::fiber> fibers(40);
  for (auto& f : fibers) pool.assign(f, mine);
  std::vector<fiber::slot*> warm;
  for (auto& f : fibers) {
    if (fiber::stack_pool::stays_warm(*f.stack, mine)) warm.push_back(f.stack);
    pool.give_back(f, mine);
  }
  CHECK(warm.size() == fiber::slot_cache::most_warm);
  for (int i = 0; i < 3; ++i) {
    pool.assign(fibers[0], mine);
    CHECK(fibers[0].stack == warm.back());
    CHECK(fiber::stack_pool::stays_warm(*fibers[0].stack, mine));
    pool.give_back(fibers[0], mine);
  }
}

TEST_CASE("stack pool: what one worker has too much of, others get") {
  fiber::stack_pool pool{512, slot_bytes};
  fiber::slot_cache one;
  fiber::slot_cache other;
  std::vector<fiber::fiber> fibers(384);
  for (auto& f : fibers) pool.assign(f, one);
  for (auto& f : fibers) pool.give_back(f, one);
  fiber::fiber f;
  pool.assign(f, other);
  CHECK(f.stack->kind == slot_kind::exclusive);
  pool.give_back(f, other);
}

TEST_CASE("stack pool: of a few slots all are shared") {
  fiber::stack_pool pool{1, slot_bytes};
  fiber::slot_cache mine;
  std::vector<fiber::fiber> fibers(100);
  for (auto& f : fibers) {
    pool.assign(f, mine);
    CHECK(f.stack->kind == slot_kind::shared);
    CHECK(f.stack == fibers.front().stack);
  }
  for (auto& f : fibers) pool.give_back(f, mine);
}

TEST_CASE("stack pool: own stacks have the size asked for, and are used again for the same size") {
  fiber::stack_pool pool{1, slot_bytes};
  fiber::slot_cache mine;
  fiber::fiber small;
  fiber::fiber large;
  pool.assign_own(small, 20'000);
  pool.assign_own(large, 1'000'000);
  CHECK(small.stack->bytes >= 20'000);
  CHECK(small.stack->bytes < 40'000);
  CHECK(large.stack->bytes >= 1'000'000);
  CHECK(pool.own_stacks() == 2);
  fiber::slot* was = large.stack;
  pool.give_back(large, mine);
  fiber::fiber next;
  pool.assign_own(next, 1'000'000);
  CHECK(next.stack == was);
  pool.give_back(next, mine);
  pool.give_back(small, mine);
  CHECK(pool.own_stacks() == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(JOIST_CHECK_ISOLATION)
TEST_CASE("stack pool: the page below every stack is guarded, shared ones and own ones") {
  fiber::stack_pool pool{64, slot_bytes};
  fiber::slot_cache mine;
  std::vector<fiber::fiber> fibers(60);
  for (auto& f : fibers) pool.assign(f, mine);
  fiber::fiber own;
  pool.assign_own(own, 20'000);
  for (const fiber::fiber* f : {&fibers.front(), &fibers.back(), &own}) {
    auto touch = [](std::byte* address) {
      return support::in_child([address] { *reinterpret_cast<volatile char*>(address) = 1; });
    };
    CHECK(touch(f->stack->top - f->stack->bytes - 1).died_of(SIGSEGV));
    CHECK(touch(f->stack->top - f->stack->bytes).exited_with(0));
  }
  pool.give_back(own, mine);
  for (auto& f : fibers) pool.give_back(f, mine);
}
#endif
