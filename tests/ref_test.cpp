// joist/ref.hpp
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/world.hpp"

using namespace joist;

TEST_CASE("ref: no two are equal, across processes, threads and runtimes") {
  std::mutex mutex;
  std::set<ref> seen;
  std::size_t made = 0;
  auto add = [&](const std::vector<ref>& refs) {
    const std::scoped_lock lock{mutex};
    seen.insert(refs.begin(), refs.end());
    made += refs.size();
  };
  auto some = [] {
    std::vector<ref> refs;
    for (int i = 0; i < 1000; ++i) refs.push_back(make_ref());
    return refs;
  };
  std::thread thread{[&] { add(some()); }};
  for (int i = 0; i < 3; ++i) {
    runtime rt{support::quiet(2)};
    add(rt.ask(some));
    add(rt.ask(some));
  }
  thread.join();
  CHECK(seen.size() == made);
  CHECK_FALSE(ref{});
}

TEST_CASE("ref: is printed as itself") { CHECK(fmt::format("{}", ref{17}) == "#ref<17>"); }
