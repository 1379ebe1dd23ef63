// core/signal_word.hpp: no wake-up is lost, each sender's order holds, what comes too late is refused.
#include "core/signal_word.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace joist;

namespace {

struct letter {
  int from;
  int number;
};

}  // namespace

TEST_CASE("signal word: who closes it hears that the process had gone to sleep") {
  joist::core::signal_word word;
  word.open(1);
  bool slept = true;
  CHECK(word.close(slept) == nullptr);
  CHECK_FALSE(slept);
  word.open(2);
  REQUIRE(word.sleep());
  CHECK(word.close(slept) == nullptr);
  CHECK(slept);
}

TEST_CASE("signal word: a life is over when it is closed, and when another has begun, also with the same 20 bits") {
  core::signal_word word;
  std::atomic<std::uint32_t> generation{7};
  word.open(7);
  CHECK_FALSE(word.is_over(7, generation));
  CHECK(word.is_over(6, generation));
  REQUIRE(word.sleep());
  CHECK_FALSE(word.is_over(7, generation));
  (void)word.close();
  CHECK(word.is_over(7, generation));
  generation = 8;
  word.open(8);
  CHECK(word.is_over(7, generation));
  generation = 7 + (1U << core::signal_word::tag_bits);
  word.open(generation);
  CHECK(word.is_over(7, generation));
  (void)word.close();
}

TEST_CASE(
    "signal word: senders on threads, an owner that sleeps whenever it can: all arrive, in order, and nobody sleeps for "
    "ever") {
  constexpr int senders = 3;
  constexpr int each = 30'000;
  core::signal_word word;
  const std::atomic<std::uint32_t> generation{7};
  word.open(7);
  std::mutex mutex;
  std::condition_variable woken;
  int wakes = 0;
  std::vector<std::thread> threads;
  for (int from = 0; from < senders; ++from) {
    threads.emplace_back([&, from] {
      for (int i = 0; i < each; ++i) {
        auto* n = detail::make_node<letter>(letter{from, i}).release();
        if (word.push(n, 7, generation) == core::signal_word::push_result::wake) {
          const std::scoped_lock lock{mutex};
          ++wakes;
          woken.notify_one();
        }
      }
    });
  }
  std::array<int, senders> next{};
  for (int received = 0; received < senders * each;) {
    for (detail::node* n = word.take(); n != nullptr;) {
      detail::node_ptr one{std::exchange(n, n->next)};
      const auto& l = detail::payload_of<letter>(*one);
      REQUIRE(l.number == next[static_cast<std::size_t>(l.from)]++);
      ++received;
    }
    if (received < senders * each && word.sleep()) {
      std::unique_lock lock{mutex};
      woken.wait(lock, [&] { return wakes > 0; });
      --wakes;
    }
  }
  for (auto& thread : threads) thread.join();
  CHECK(word.close() == nullptr);
  auto late = detail::make_node<letter>(letter{0, 0});
  CHECK(word.push(late.get(), 7, generation) == core::signal_word::push_result::closed);
}

TEST_CASE("signal word: a push for another generation is refused, also when its low bits agree") {
  core::signal_word word;
  std::atomic<std::uint32_t> generation{7};
  word.open(7);
  auto n = detail::make_node<letter>(letter{0, 0});
  CHECK(word.push(n.get(), 6, generation) == core::signal_word::push_result::closed);
  CHECK(word.push(n.get(), 7 + (1U << core::signal_word::tag_bits), generation) == core::signal_word::push_result::closed);
  CHECK(word.push(n.release(), 7, generation) == core::signal_word::push_result::delivered);
  detail::destroy_node(word.take());
}
