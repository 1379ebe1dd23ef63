// joist/pubsub/adapter_contract.hpp: what every adapter promises, as checks that its author runs.
//
//   const joist::adapter_under_test mine{.make = [](const std::string& system) { return my_adapter(url, system); }};
//   for (const joist::adapter_check& c : joist::adapter_contract()) {
//     if (joist::is_left_out(c, mine)) continue;
//     EXPECT_EQ(joist::run([&] { c.run(mine); }), 0);   // contract_broken says what was expected, and what came
//   }
//
// Promises
//   a check needs no framework of tests: its sentence is its name, and what it throws is its failure
//   a check starts what it needs and stops it again: the same engine serves all of them, one after the other
//   none of them waits longer than adapter_under_test::limit for anything
//
// See also: adapter.hpp (the promises that are checked), memory_adapter.hpp, docs/guides/scaling_out.md.
#pragma once

#include <joist/pubsub/adapter.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace joist::inline v0 {

/// An adapter, and what it needs around it.
struct adapter_under_test {
  /// A new one for a node of this system; adapters of several systems share the engine and do not hear each other.
  /// [process]
  std::function<std::shared_ptr<pubsub_adapter>(const std::string& system)> make;
  /// Nobody reaches the engine from now on; and everybody again. Where they are empty, the checks that need them are left
  /// out.     [process]
  std::function<void()> interrupt = {};
  std::function<void()> restore = {};
  /// How long a check waits for what has to come.
  std::chrono::milliseconds limit = std::chrono::seconds{30};
  /// Bytes of the largest message that is sent, around which an engine needs room for some more.
  std::size_t large_bytes = std::size_t{1} << 20;
  /// Messages of a check under load, from each of its senders.
  int load = 5000;
};

/// One promise.
struct adapter_check {
  std::string_view sentence;                                 ///< what is promised: the name of a test
  bool interrupts = false;                                   ///< needs interrupt() and restore()
  void (*run)(const adapter_under_test& adapter) = nullptr;  ///< throws contract_broken     [process]
};

/// A promise that is not kept.
class contract_broken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// All of them.     [any thread]
[[nodiscard]] std::span<const adapter_check> adapter_contract() noexcept;
/// Whether a check needs what there is not.     [any thread]
[[nodiscard]] inline bool is_left_out(const adapter_check& check, const adapter_under_test& adapter) {
  return check.interrupts && (!adapter.interrupt || !adapter.restore);
}

}  // namespace joist::inline v0
