#include <joist/pubsub/adapter_contract.hpp>
#include <joist/pubsub/memory_adapter.hpp>
#include <joist/pubsub/pubsub.hpp>

#include <algorithm>
#include <map>
#include <string>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace support;
using joist::adapter_check;
using joist::adapter_under_test;
using joist::pubsub_frame;

namespace {

/// An exchange for each system.
class exchanges {
 public:
  [[nodiscard]] std::shared_ptr<joist::pubsub_adapter> adapter(const std::string& system) {
    const auto [found, is_new] = of_.try_emplace(system);
    if (is_new && is_interrupted_) found->second.split({});
    return found->second.adapter();
  }
  void interrupt(bool on) {
    is_interrupted_ = on;
    for (const auto& [system, exchange] : of_) on ? exchange.split({}) : exchange.heal();
  }

 private:
  std::map<std::string, joist::memory_exchange> of_;
  bool is_interrupted_ = false;
};

adapter_under_test in_memory(exchanges& all) {
  return {.make = [&all](const std::string& system) { return all.adapter(system); },
          .interrupt = [&all] { all.interrupt(true); },
          .restore = [&all] { all.interrupt(false); },
          .load = 200};
}

/// An adapter that breaks a promise: what it does with a frame instead of publishing it.
class broken final : public joist::pubsub_adapter {
 public:
  using publishing = std::function<bool(pubsub_adapter& inner, std::string_view to, pubsub_frame frame)>;
  broken(std::shared_ptr<pubsub_adapter> inner, publishing instead)
      : inner_{std::move(inner)}, instead_{std::move(instead)} {}
  [[nodiscard]] std::string name() const override { return "broken"; }
  [[nodiscard]] joist::child_spec child(std::string id, const std::string& node, joist::pubsub_inbox inbox) override {
    return inner_->child(std::move(id), node, std::move(inbox));
  }
  [[nodiscard]] bool publish(std::string_view to, pubsub_frame frame) override {
    return instead_(*inner_, to, std::move(frame));
  }

 private:
  std::shared_ptr<pubsub_adapter> inner_;
  publishing instead_;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }
bool contains(const std::vector<std::string>& found, std::string_view part) {
  return std::any_of(found.begin(), found.end(), [part](const std::string& each) { return contains(each, part); });
}

/// The sentences of the checks that find it.
std::vector<std::string> broken_promises(const broken::publishing& instead) {
  std::vector<std::string> found;
  exchanges all;
  adapter_under_test tested = in_memory(all);
  tested.limit = std::chrono::seconds{1};
  tested.make = [&all, &instead](const std::string& system) {
    return std::make_shared<broken>(all.adapter(system), instead);
  };
  for (const adapter_check& c : joist::adapter_contract()) {
    const auto ended = joist::simulate(1, [&] { c.run(tested); });
    if (ended.reason == joist::exit_reason::normal) continue;
    CHECK(contains(ended.reason.to_string(), "adapter contract: expected"));
    found.emplace_back(c.sentence);
  }
  return found;
}
}  // namespace

TEST_CASE("adapter contract: the adapter in memory keeps all of it, in every order of events") {
  for (const adapter_check& c : joist::adapter_contract()) {
    INFO(c.sentence);
    const auto body = [&c] {
      exchanges all;
      c.run(in_memory(all));
    };
    in_simulation(body, 20);
    on_workers(body, 2);
  }
}

TEST_CASE("adapter contract: checks that need an interruption are left out where there is none") {
  exchanges all;
  adapter_under_test tested = in_memory(all);
  for (const adapter_check& c : joist::adapter_contract()) CHECK(!joist::is_left_out(c, tested));
  tested.restore = {};
  for (const adapter_check& c : joist::adapter_contract()) CHECK(joist::is_left_out(c, tested) == c.interrupts);
}

TEST_CASE("adapter contract: finds an adapter that loses, doubles, changes, or sends to the wrong ones") {
  CHECK(broken_promises([](auto& inner, auto to, auto frame) { return inner.publish(to, std::move(frame)); }).empty());
  CHECK(contains(broken_promises([n = 0](auto& inner, auto to, auto frame) mutable {
                   return ++n % 100 == 0 || inner.publish(to, std::move(frame));
                 }),
                 "under load"));
  CHECK(contains(
      broken_promises([](auto& inner, auto to, auto frame) { return inner.publish(to, frame) && inner.publish(to, frame); }),
      "in the order"));
  CHECK(contains(broken_promises([](auto& inner, auto to, auto frame) {
                   auto cut = std::string{frame->substr(0, 512)};
                   return inner.publish(to, std::make_shared<const std::string>(std::move(cut)));
                 }),
                 "whole and unchanged"));
  CHECK(contains(broken_promises([](auto& inner, auto, auto frame) { return inner.publish("", std::move(frame)); }),
                 "that node alone"));
  CHECK(contains(broken_promises([](auto& inner, auto to, auto frame) {
                   (void)inner.publish(to, std::move(frame));
                   return true;
                 }),
                 "publish() says so"));
}
