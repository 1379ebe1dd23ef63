// Ten thousand real faults of each kind, on all workers, while other processes work on data of their own.
#include <array>
#include <atomic>
#include <numeric>
#include <vector>

#include "support/ends.hpp"
#include "support/faults.hpp"
#include "support/world.hpp"

using namespace joist;
using namespace std::chrono_literals;
using support::go;
using support::way;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t workers = 4;
constexpr int faults_of_each_kind = support::checked_build ? 200 : 10'000;
constexpr int at_once = 50;
constexpr int bystanders = 64;

struct kind_of_fault {
  way how;
  bool unwinds;         // in code with tables
  bool unwinds_always;  // in any code
};

constexpr kind_of_fault kinds[] = {
#if defined(__x86_64__)
    {way::divide, true, false},
#endif
    {way::read_null, true, false},        {way::call_null, true, true},
    {way::read_beyond_file, true, false}, {way::call_illegal, true, true},
    {way::overflow, false, false},        {way::abort, false, false},
    {way::leave_noexcept, false, false},  {way::throw_in_destructor, false, false},
};

// Keeps a checksum over data on its stack and on the heap, and changes both at each step, until it is told to stop.
void work_on_own_data(int seed) {
  std::array<std::uint32_t, 64> on_stack;
  std::vector<std::uint32_t> on_heap(256);
  std::iota(on_stack.begin(), on_stack.end(), static_cast<std::uint32_t>(seed));
  std::iota(on_heap.begin(), on_heap.end(), static_cast<std::uint32_t>(seed));
  auto sum = [&] {
    return std::accumulate(on_heap.begin(), on_heap.end(), std::accumulate(on_stack.begin(), on_stack.end(), 0U));
  };
  for (std::uint32_t expected = sum(), step = 0;; ++step) {
    EXPECT(sum() == expected);
    on_stack[step % on_stack.size()] += step;
    on_heap[step * 7 % on_heap.size()] += step;
    expected += 2 * step;
    if (receive<go>(after(step % 4 == 0 ? 1ms : 0ms))) return;
  }
}

void check_reason(const exit_reason& reason) { EXPECT(reason.error() != nullptr && reason.error()->type == "joist::fault"); }

void fault_in_batches(way how, bool tables, std::atomic<int>& ended) {
  for (int done = 0; done < faults_of_each_kind; done += at_once) {
    std::vector<monitored> batch;
    for (int i = 0; i < at_once; ++i) {
      batch.push_back(spawn_monitor([how, tables, i, &ended] {
        if (i % 2 == 0) yield();  // others run in the slot meanwhile
        tables ? support::commit(how, ended) : support::commit_without_tables(how, ended);
      }));
    }
    for (const auto& m : batch) check_reason(support::reason_of(m));
  }
}

// All kinds, one after the other, among bystanders who must all be there at the end.
void fault_among_others(bool tables, std::size_t slots) {
  runtime_options options = support::quiet(workers);
  options.contain_faults = true;
  options.slots = slots;
  options.crash_reports = false;
  runtime rt{options};
  std::uint64_t abandoned = 0;
  std::uint64_t perhaps = 0;
  std::atomic<int> ended{0};  // on this thread's stack, which no process shares
  rt.ask([&] {
    std::vector<monitored> others;
    for (int i = 0; i < bystanders; ++i) others.push_back(spawn_monitor([i] { work_on_own_data(i); }));
    for (const auto& [how, unwinds, unwinds_always] : kinds) {
      ended = 0;
      fault_in_batches(how, tables, ended);
      const bool unwound = unwinds_always || (tables && support::has_tables && unwinds);
      EXPECT(ended == (unwound ? faults_of_each_kind : 0));
      const bool passes_perhaps = unwinds && !unwinds_always && !support::always_gives_up;
      if (!unwound) (passes_perhaps ? perhaps : abandoned) += faults_of_each_kind;
    }
    for (const auto& m : others) EXPECT(is_alive(m.process));
    for (const auto& m : others) send(m.process, go{});
    for (const auto& m : others) EXPECT(support::reason_of(m) == exit_reason::normal);
    while (system_info().process_count > 1) yield();
    const std::uint64_t counted = system_info().abandoned_stacks;
    EXPECT(counted >= abandoned && counted <= abandoned + perhaps);
  });
  CHECK(rt.stop(20s).clean());
}

}  // namespace

TEST_CASE("faults: ten thousand of each kind unwind or are counted, and disturb nobody") { fault_among_others(true, 4096); }

TEST_CASE("faults: the same in code without tables, where each stack is given up") { fault_among_others(false, 4096); }

TEST_CASE("faults: the same on sixteen slots that all share") { fault_among_others(true, 16); }

#endif
