// Twenty thousand processes with stacks of their own, under the default vm.max_map_count.
#include "support/child.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

constexpr int many = support::checked_build ? 500 : 20'000;

struct ready {};

}  // namespace

TEST_CASE("own stacks: twenty thousand at once, each with its own contents") {
  runtime rt{support::quiet(2)};
  CHECK(rt.ask([] {
    spawn_options options;
    options.own_stack = true;
    options.stack_bytes = 32 << 10;
    std::vector<pid> all;
    for (int i = 0; i < many; ++i) {
      all.push_back(spawn(options, [main = self(), i] {
        volatile int mine[100];
        for (int k = 0; k < 100; ++k) mine[k] = i;
        send(main, ready{});
        receive<support::go>();
        bool intact = true;
        for (int k = 0; k < 100; ++k) intact = intact && mine[k] == i;
        send(main, intact);
      }));
    }
    for (int i = 0; i < many; ++i) receive<ready>();
    const bool all_there = system_info().own_stacks >= many;
    for (const pid p : all) send(p, support::go{});
    int intact = 0;
    for (int i = 0; i < many; ++i) intact += receive<bool>() ? 1 : 0;
    return all_there && intact == many;
  }));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("own stacks: without memory for another, spawn says so and the program goes on") {
  const auto end = support::in_child([] {
    runtime rt{support::quiet(1)};
    const bool refused = rt.ask([] {
      const rlimit little{std::size_t{4} << 30, std::size_t{4} << 30};
      ::setrlimit(RLIMIT_AS, &little);
      spawn_options options;
      options.own_stack = true;
      options.stack_bytes = std::size_t{1} << 30;
      return support::refuses(errc::out_of_memory, [&] { spawn(options, [] {}); }) &&
             support::reason_after([] {}) == exit_reason::normal;
    });
    ::_exit(refused ? 0 : 1);
  });
  CHECK(end.exited_with(0));
}
#endif
