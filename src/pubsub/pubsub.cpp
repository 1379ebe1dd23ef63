#include <joist/joist.hpp>
#include <joist/pubsub/pubsub.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "pubsub/frame.hpp"
#include "pubsub/known_formats.hpp"
#include "pubsub/state.hpp"

namespace joist::inline v0 {
namespace detail {
namespace {

/// The subscriptions of a process; it takes them out when it ends.
class subscriptions {
 public:
  subscriptions() = default;
  subscriptions(const subscriptions&) = delete;
  subscriptions& operator=(const subscriptions&) = delete;
  ~subscriptions() {
    while (first_ != nullptr) drop(&first_);
  }

  void add(const std::shared_ptr<topic_table>& table, std::string_view topic, subscriber_data_ptr data) {
    auto made = std::make_unique<subscription>(subscription{nullptr, table, nullptr, 0});
    table->add(topic, self(), *made, std::move(data));
    made->next = first_;
    first_ = made.release();
  }
  std::size_t remove(const topic_table& table, std::string_view topic) noexcept {
    std::size_t removed = 0;
    for (subscription** at = &first_; *at != nullptr;) {
      if ((*at)->table.get() == &table && (*at)->in->name == topic) {
        drop(at);
        ++removed;
      } else {
        at = &(*at)->next;
      }
    }
    return removed;
  }

 private:
  static void drop(subscription** at) noexcept {
    const std::unique_ptr<subscription> gone{std::exchange(*at, (*at)->next)};
    gone->table->remove(*gone);
  }
  subscription* first_ = nullptr;
};

constinit process_local<subscriptions> own_subscriptions;

std::string unique_node_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  std::random_device random;
  return fmt::format("{:.200}-{}-{:08x}", host.data(), getpid(), random());
}

void check_topic(std::string_view topic) {
  if (topic.size() <= most_topic_bytes) return;
  throw error{errc::bad_argument,
              fmt::format("pubsub: expected a topic of at most {} bytes, got {}", most_topic_bytes, topic.size())};
}

// Others have their turn during a broadcast to many: send() counts, and so do messages that send nothing.
std::size_t deliver_to(const std::vector<block_ptr>& all, pid but_not, const delivery& what) {
  std::size_t reached = 0;
  for (const block_ptr& block : all) {
    for (const subscriber_place& to : block.places()) {
      if (to.process == but_not) continue;
      what.deliver({to.process, to.data.get()}, what.message);
      ++reached;
    }
  }
  return reached;
}

}  // namespace

pubsub_state::pubsub_state(pubsub_options o)
    : adapter{std::move(o.adapter)},
      node{o.node.empty() ? unique_node_name() : std::move(o.node)},
      label{std::move(o.label)} {
  if (node.size() > most_name_bytes) {
    throw error{errc::bad_argument, fmt::format("pubsub: expected a node name of at most {} bytes, got {}: \"{}\"",
                                                most_name_bytes, node.size(), node)};
  }
}

pubsub_core::pubsub_core(std::unique_ptr<pubsub_state> state) noexcept : state_{std::move(state)} {}
pubsub_core::~pubsub_core() = default;

void pubsub_core::subscribe(std::string_view topic, subscriber_data_ptr data) {
  check_topic(topic);
  own_subscriptions.get().add(state_->table, topic, std::move(data));
}

std::size_t pubsub_core::unsubscribe(std::string_view topic) {
  return own_subscriptions.has_value() ? own_subscriptions.get().remove(*state_->table, topic) : 0;
}

std::size_t pubsub_core::deliver(std::string_view topic, pid but_not, const delivery& what) const {
  return deliver_to(state_->table->look(topic), but_not, what);
}

std::vector<pid> pubsub_core::subscribers(std::string_view topic) const {
  std::vector<pid> found;
  for (const block_ptr& block : state_->table->look(topic)) {
    for (const subscriber_place& p : block.places()) found.push_back(p.process);
  }
  return found;
}

std::size_t pubsub_core::subscriber_count(std::string_view topic) const { return state_->table->count(topic); }
std::vector<std::string> pubsub_core::topics() const { return state_->table->names(); }
const std::string& pubsub_core::node() const noexcept { return state_->node; }
bool pubsub_core::has_adapter() const noexcept { return state_->adapter != nullptr; }
bool pubsub_core::is_started() const { return !has_ended(pid::from_value(state_->process.load(std::memory_order_relaxed))); }

bool pubsub_core::publish(std::string_view to, std::string_view topic, std::string_view type, std::string_view payload) {
  check_topic(topic);
  auto frame = std::make_shared<const std::string>(write_frame({state_->node, type, topic, payload}));
  return state_->adapter->publish(to, std::move(frame));
}

namespace {

void refuse(std::string_view frame, const frame_view& f, std::string_view why) {
  telemetry::execute_with([&] { return pubsub_refused{{frame.size()}, {f.from, f.topic, f.type, why}}; });
}

}  // namespace
}  // namespace detail

void pubsub_inbox::receive(std::string_view frame) const {
  const auto core = core_.lock();
  if (core == nullptr) return;
  const auto f = detail::read_frame(frame);
  if (!f) return detail::refuse(frame, {}, "it is no frame of this version");
  if (f->from == core->node()) return;  // an adapter that hears itself
  const detail::known_format* format = detail::find_format(f->type);
  if (format == nullptr) return detail::refuse(frame, *f, "this program knows no message_format of that name");
  bool is_one = true;
  const auto failed =
      catch_end([&] { is_one = format->receive(*core, f->topic, f->payload); });  // user's code: read, deliver_to
  if (failed) return detail::refuse(frame, *f, failed->to_string());
  if (!is_one) detail::refuse(frame, *f, "its payload is none of that type");
}

void pubsub_inbox::connected() const {
  const auto core = core_.lock();
  if (core == nullptr) return;
  const std::string adapter = core->state().adapter->name();
  log(log_level::info, fmt::format("{}: {} is connected as node {}", core->state().label, adapter, core->node()));
  telemetry::execute_with([&] { return pubsub_connected{{}, {adapter, core->node()}}; });
}

void pubsub_inbox::disconnected(std::string_view why) const {
  const auto core = core_.lock();
  if (core == nullptr) return;
  const std::string adapter = core->state().adapter->name();
  log(log_level::warning,
      fmt::format("{}: {} has no connection, node {} is alone: {}", core->state().label, adapter, core->node(), why));
  telemetry::execute_with([&] { return pubsub_disconnected{{}, {adapter, core->node(), why}}; });
}

std::string_view to_string(pubsub_error e) noexcept {
  switch (e) {
    case pubsub_error::not_connected:
      return "the adapter has no connection, or cannot keep up: this node alone has the message";
    case pubsub_error::not_started: return "the pubsub has an adapter and does not run: make it a child by child_pubsub";
  }
  return "?";
}

pubsub::pubsub() : pubsub{pubsub_options{}} {}
pubsub::pubsub(pubsub_options options)
    : core_{std::make_shared<detail::pubsub_core>(std::make_unique<detail::pubsub_state>(std::move(options)))} {}

result<pid, start_error> try_start_pubsub(const pubsub& bus) {
  if (const std::string problem = detail::problem_of_formats(); !problem.empty()) throw error{errc::bad_argument, problem};
  detail::pubsub_state& s = bus.core_->state();
  if (s.adapter == nullptr) return pid{};
  auto started = s.adapter->child(s.label, s.node, pubsub_inbox{bus.core_}).start();
  if (!started) return failure{std::move(started).error()};
  s.process.store(started->process.value(), std::memory_order_relaxed);
  return started->process;
}

pid start_pubsub(const pubsub& bus) { return detail::started_or_throw(try_start_pubsub(bus)); }

child_spec child_pubsub(std::string id, const pubsub& bus) {
  return {std::move(id), [bus] { return detail::child_of(try_start_pubsub(bus)); }};
}

}  // namespace joist::inline v0
