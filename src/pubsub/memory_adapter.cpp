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
    const lock whole{*this};
    nodes_[node] = process;
  }
  void change(std::optional<groups> now) {
    std::vector<pid> told;
    {
      const lock whole{*this};
      split_ = std::move(now);
      for (const auto& [node, process] : nodes_) told.push_back(process);
    }
    for (const pid p : told) send(p, connection_changed{});
  }
  [[nodiscard]] bool is_connected(const std::string& node) {
    const lock whole{*this};
    const auto group = group_of(node);
    return !split_ || (group != nullptr && group->size() > 1);
  }
  /// Those that a frame of the node goes to.
  [[nodiscard]] std::vector<pid> reached_from(const std::string& node, std::string_view to) {
    std::vector<pid> reached;
    const lock whole{*this};
    for (const auto& [other, process] : nodes_) {
      if (other == node || (!to.empty() && other != to)) continue;
      const auto group = group_of(node);
      if (!split_ || (group != nullptr && std::find(group->begin(), group->end(), other) != group->end()))
        reached.push_back(process);
    }
    return reached;
  }

 private:
  struct lock {
    explicit lock(memory_network& n) : held{n.mutex_} {}
    no_preempt whole;
    std::scoped_lock<std::mutex> held;
  };
  [[nodiscard]] const std::vector<std::string>* group_of(const std::string& node) const {
    if (!split_) return nullptr;
    const auto has = [&node](const auto& group) { return std::find(group.begin(), group.end(), node) != group.end(); };
    const auto found = std::find_if(split_->begin(), split_->end(), has);
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
      const std::scoped_lock lock{mutex_};
      node_ = node;
    }
    return joist::child<memory_connection>(std::move(id), network_, node, std::move(inbox));
  }
  [[nodiscard]] bool publish(std::string_view to, pubsub_frame frame) override {
    std::string from;
    {
      const std::scoped_lock lock{mutex_};
      from = node_;
    }
    if (from.empty() || !network_->is_connected(from)) return false;
    for (const pid node : network_->reached_from(from, to)) send(node, frame_come{frame});
    return true;
  }

 private:
  std::shared_ptr<memory_network> network_;
  std::mutex mutex_;
  std::string node_;
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
