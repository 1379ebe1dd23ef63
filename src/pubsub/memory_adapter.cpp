#include <joist/detail/held.hpp>
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/pubsub/memory_adapter.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace joist::inline v0 {
namespace detail {

struct frame_come {
  pubsub_frame frame;
};
struct connection_changed {};

/// Who is there, and who reaches whom.
struct memory_network {
  using groups = std::vector<std::vector<std::string>>;

  void enter(const std::string& node, pid process) {
    const mutex_lock whole{mutex_};
    nodes_[node] = process;
  }
  void change(std::optional<groups> now) {
    std::vector<pid> told;
    {
      const mutex_lock whole{mutex_};
      split_ = std::move(now);
      for (const auto& [node, process] : nodes_) told.push_back(process);
    }
    for (const pid p : told) send(p, connection_changed{});
  }
  [[nodiscard]] bool is_connected(const std::string& node) {
    const mutex_lock whole{mutex_};
    return !split_ || !is_alone(group_of(node));
  }
  /// Those that a frame of the node goes to. Nothing: it is alone.
  [[nodiscard]] std::optional<std::vector<pid>> reached_from(const std::string& node, std::string_view to) {
    const mutex_lock whole{mutex_};
    const group* const of = group_of(node);
    if (split_ && is_alone(of)) return std::nullopt;
    std::vector<pid> reached;
    for (const auto& [other, process] : nodes_) {
      if (other != node && (to.empty() || other == to) && (!split_ || has(*of, other))) reached.push_back(process);
    }
    return reached;
  }

 private:
  using group = std::vector<std::string>;

  [[nodiscard]] static bool has(const group& g, const std::string& node) {
    return std::find(g.begin(), g.end(), node) != g.end();
  }
  [[nodiscard]] static bool is_alone(const group* g) noexcept { return g == nullptr || g->size() == 1; }
  /// Null: it is in none, or there is no split.
  [[nodiscard]] const group* group_of(const std::string& node) const {
    if (!split_) return nullptr;
    const auto found = std::find_if(split_->begin(), split_->end(), [&node](const group& g) { return has(g, node); });
    return found == split_->end() ? nullptr : &*found;
  }

  std::mutex mutex_;
  std::map<std::string, pid> nodes_;
  std::optional<groups> split_;
};

namespace {

class memory_connection : public gen_server<memory_connection> {
 public:
  using info_types = joist::type_list<frame_come, connection_changed>;

  memory_connection(std::shared_ptr<memory_network> network, std::string node, pubsub_inbox inbox)
      : network_{std::move(network)}, node_{std::move(node)}, inbox_{std::move(inbox)} {
    network_->enter(node_, self());
    look();
  }
  void handle_info(const frame_come& f) { inbox_.receive(*f.frame); }
  void handle_info(connection_changed) { look(); }

 private:
  void look() {
    const bool is_connected = network_->is_connected(node_);
    if (std::exchange(was_connected_, is_connected) == is_connected) return;
    if (is_connected) {
      inbox_.connected();
    } else {
      inbox_.disconnected("the network is split");
    }
  }

  std::shared_ptr<memory_network> network_;
  std::string node_;
  pubsub_inbox inbox_;
  bool was_connected_ = false;
};

class memory_adapter final : public pubsub_adapter {
 public:
  explicit memory_adapter(std::shared_ptr<memory_network> network) : network_{std::move(network)} {}
  [[nodiscard]] std::string name() const override { return "memory"; }
  [[nodiscard]] child_spec child(std::string id, const std::string& node, pubsub_inbox inbox) override {
    {
      const mutex_lock whole{mutex_};
      node_ = node;
    }
    return joist::child<memory_connection>(std::move(id), network_, node, std::move(inbox));
  }
  [[nodiscard]] bool publish(std::string_view to, pubsub_frame frame) override {
    const std::string from = node();
    const auto reached = from.empty() ? std::nullopt : network_->reached_from(from, to);
    if (!reached) return false;
    for (const pid other : *reached) send(other, frame_come{frame});
    return true;
  }

 private:
  [[nodiscard]] std::string node() const {
    const mutex_lock whole{mutex_};
    return node_;
  }

  std::shared_ptr<memory_network> network_;
  mutable std::mutex mutex_;
  std::string node_;  // empty: it has not been started
};

}  // namespace
}  // namespace detail

memory_exchange::memory_exchange() : network_{std::make_shared<detail::memory_network>()} {}
std::shared_ptr<pubsub_adapter> memory_exchange::adapter() const {
  return std::make_shared<detail::memory_adapter>(network_);
}
void memory_exchange::split(std::vector<std::vector<std::string>> groups) const { network_->change(std::move(groups)); }
void memory_exchange::heal() const { network_->change(std::nullopt); }

}  // namespace joist::inline v0
