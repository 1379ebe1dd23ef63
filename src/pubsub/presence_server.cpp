#include "pubsub/presence_server.hpp"

#include <joist/telemetry.hpp>

#include <chrono>
#include <vector>

namespace joist::inline v0::detail {
namespace {

using kind = presence_packet::kind;

replica_id begin(presence_core& core) {
  core.begin_to_serve();
  return core.look([](const presence_state& s) { return s.own(); });
}

}  // namespace

presence_server::presence_server(std::shared_ptr<presence_core> core)
    : core_{std::move(core)}, own_{begin(*core_)}, silent_{core_->options.silent_periods} {
  trap_exit(true);
  core_->bus.subscribe(core_->topic);
  for (const presence_node& n : core_->nodes()) heard_.emplace(n.name, clock::now());
  handle_info(presence_wake{});
  // Nodes that are started together do not all speak at once.
  const auto period = std::chrono::nanoseconds{core_->options.period}.count();
  info_after(std::chrono::nanoseconds{static_cast<std::int64_t>(own_.incarnation % 64) * period / 256}, tick{});
}

void presence_server::handle_info(presence_wake) {
  for (const auto& [process, is_tracked] : core_->take_unseen()) watch(process, is_tracked);
}

void presence_server::watch(pid process, bool is_tracked) {
  if (is_tracked) {
    const auto [at, is_new] = watched_.try_emplace(process);
    if (is_new) at->second = monitor(process);
  } else if (const auto known = watched_.extract(process)) {
    demonitor(known.mapped(), demonitor_option::flush);
  }
}

void presence_server::handle_info(const down& d) {
  watched_.erase(d.process);
  (void)core_->untrack(d.process);
}

presence_packet presence_server::packet(kind what) const { return {what, own_}; }

// But itself, which has subscribed as well.
bool presence_server::tell_all(presence_packet p) const {
  const auto shared = std::make_shared<const presence_packet>(std::move(p));
  return core_->bus.broadcast_from(self(), core_->topic, shared).has_value();
}

// Lost where there is no connection: who has asked asks again.
void presence_server::tell(const std::string& node, presence_packet p) const {
  (void)core_->bus.direct_broadcast(node, core_->topic, std::make_shared<const presence_packet>(std::move(p)));
}

void presence_server::handle_info(tick) {
  tell_changes();
  look_for_the_silent();
  info_after(core_->options.period, tick{});
}

void presence_server::tell_changes() {
  auto [clock, delta] = core_->take_delta();
  if (delta.seen.empty() && silent_ < core_->options.silent_periods) {
    ++silent_;
    return;
  }
  const clock_set numbers = delta.seen;
  if (tell_all(in_pieces(std::move(delta), {}), clock)) {
    silent_ = 0;
  } else {
    core_->put_back(numbers);
  }
}

// The clock is told with the last piece: before, others would ask for the rest of them.
bool presence_server::tell_all(std::vector<presence_part> pieces, std::uint64_t clock) const {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    presence_packet p = packet(i + 1 < pieces.size() ? kind::transfer : kind::heartbeat);
    p.clock = clock;
    p.part = std::move(pieces[i]);
    if (!tell_all(std::move(p))) return false;
  }
  return true;
}

template <class F>
void presence_server::change_node(const std::string& name, std::string_view status, F f) {
  const auto [joins, leaves] = core_->change(std::move(f));
  log(log_level::info, fmt::format("presence \"{}\": node {} is {}", core_->options.label, name, status));
  telemetry::execute_with([&, joins = joins, leaves = leaves] {
    return presence_node_changed{{joins, leaves}, {core_->options.label, name, status}};
  });
}

void presence_server::look_for_the_silent() {
  const auto now = clock::now();
  for (const presence_node& n : core_->nodes()) {
    const auto silence = now - heard_.try_emplace(n.name, now).first->second;
    if (silence > core_->options.forget_after) {
      change_node(n.name, "gone", [&](presence_state& s) { return s.remove(n.name); });
      heard_.erase(n.name);
    } else if (silence > core_->options.down_after && n.is_up) {
      change_node(n.name, "down", [&](presence_state& s) { return s.down(n.name); });
    }
  }
}

void presence_server::handle_info(const presence_packet_ptr& packet) {
  const replica_id& from = packet->from;
  if (from.name == own_.name) return;
  switch (packet->what) {
    case kind::heartbeat: return hear(*packet);
    case kind::request: return answer(*packet);
    case kind::transfer: core_->change([&](presence_state& s) { return s.merge(from, packet->part); }); return;
    case kind::gone:
      if (core_->look([&](const presence_state& s) { return s.find(from) == nullptr; })) return;
      change_node(from.name, "gone", [&](presence_state& s) { return s.remove(from.name); });
      heard_.erase(from.name);
      return;
  }
}

void presence_server::hear(const presence_packet& heartbeat) {
  const replica_id& from = heartbeat.from;
  heard_[from.name] = clock::now();
  const auto is_up = [&](const presence_state& s) {
    const auto* known = s.find(from);
    return known != nullptr && known->is_up;
  };
  if (!core_->look(is_up)) {
    change_node(from.name, "up", [&](presence_state& s) { return s.up(from); });
    silent_ = core_->options.silent_periods;  // it may not know of this one
  }
  core_->change([&](presence_state& s) { return s.merge(from, heartbeat.part); });
  const auto seen = core_->look([&](const presence_state& s) { return s.find(from)->seen; });
  if (seen.contains(1, heartbeat.clock)) return;
  presence_packet request = packet(kind::request);
  request.asked = from.incarnation;
  request.seen = seen;
  tell(from.name, std::move(request));
}

void presence_server::answer(const presence_packet& request) const {
  if (request.asked != own_.incarnation) return;
  auto missing = core_->look([&](const presence_state& s) { return s.missing(request.seen); });
  for (presence_part& piece : in_pieces(std::move(missing), {})) {
    presence_packet p = packet(kind::transfer);
    p.part = std::move(piece);
    tell(request.from.name, std::move(p));
  }
}

// After a crash the next one goes on: nobody is told.
void presence_server::terminate(const exit_reason& reason) {
  if (reason.is_orderly()) (void)tell_all(packet(kind::gone));
}

}  // namespace joist::inline v0::detail
