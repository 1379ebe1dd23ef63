#include "web/channels/session.hpp"

#include <joist/joist.hpp>
#include <joist/web/http_error.hpp>

#include <fmt/format.h>

#include <utility>

namespace joist::inline v0::web::channels {
namespace {

struct reason {
  std::string reason;
};
reply refusal(const char* why) { return {"error", payload{reason{why}}}; }

}  // namespace

identity let_in(const std::shared_ptr<const socket_core>& core, const request& in) {
  const auto v = version_of(in.query("vsn"));
  if (!v) throw http_error{403, fmt::format("expected a vsn of 1.0.x or 2.0.x, got \"{:.32}\"", *in.query("vsn"))};
  std::shared_ptr<const void> user = core->connect(in);
  if (user == nullptr) throw http_error{403, "on_connect has refused the client"};
  return {core, std::move(user), self(), *v};
}

session::session(std::shared_ptr<const identity> client, frame_sink& out) : client_{std::move(client)}, out_{out} {
  const socket_core& core = *client_->core;
  if (!core.id) return;
  if (const std::string id = core.id(client_->user.get()); !id.empty()) core.bus.subscribe(id);
}

void session::end() noexcept {
  try {
    for (const place& p : places_) joist::send(p.channel, connection_closed{});
  } catch (...) {  // the process is being ended, which its channels see themselves
  }
  places_.clear();
}

void session::answer(const ref_text& join_ref, const ref_text& ref, std::string_view topic, const reply& r) {
  out_.send(*write_reply(client_->version, join_ref, ref, topic, r));
}

void session::tell(const place& p, std::string_view event) {
  out_.send(*write_push(client_->version, p.join_ref, p.join_ref, p.topic, event, payload{}));
}

std::optional<session::wrong> session::take(bool is_text, std::string_view data) {
  auto f = is_text ? read_text(client_->version, data) : read_binary(client_->version, data);
  if (!f) return wrong{"not a message", std::move(f).error()};
  if (f->topic == "phoenix" && f->event == "heartbeat") {
    answer({}, f->ref, f->topic, reply{});
    return std::nullopt;
  }
  if (unhandled_ == nullptr) unhandled_ = joist::detail::make_pooled<burden::total>(std::size_t{0});
  f->weight = burden{unhandled_, memory_of(*f)};
  const std::size_t most = client_->core->options.unhandled_bytes;
  if (unhandled_->load(std::memory_order_relaxed) > most)
    return wrong{"too much is not handled",
                 fmt::format("expected a client that sends no faster than its channels work, {} bytes of it wait", most)};
  take(*std::move(f));
  return std::nullopt;
}

void session::take(client_frame&& f) {
  place* const p = find(f.topic);
  if (f.event == "phx_join") return p == nullptr ? join(std::move(f)) : join_again(*p, std::move(f));
  if (f.event == "phx_leave") {
    if (p == nullptr) return answer(f.join_ref, f.ref, f.topic, reply{});
    return leave(*p, std::move(f));
  }
  // The client may not have heard yet that the channel is gone.
  if (p == nullptr || p->is == state::replaced || p->is == state::refused || p->has_left())
    return answer({}, f.ref, f.topic, refusal("unmatched topic"));
  joist::send(p->channel, client_message{std::move(f.event), std::move(f.ref), std::move(f.body), std::move(f.weight)});
}

void session::join(client_frame&& f) {
  const channel_kind* const kind = client_->core->find(f.topic);
  if (kind == nullptr) return answer({}, f.ref, f.topic, refusal("unmatched topic"));
  if (f.topic.size() > most_name_bytes) return answer(f.join_ref, f.ref, f.topic, refusal("topic too long"));
  if (places_.size() >= client_->core->options.max_channels)
    return answer(f.join_ref, f.ref, f.topic, refusal("too many channels joined"));
  monitored started;
  try {
    started = kind->start(f.topic, f.body);
  } catch (const error& e) {  // there is no place for another process
    log(log_level::error, fmt::format("channel {}: {}", f.topic, e.what()));
    return answer(f.join_ref, f.ref, f.topic, refusal("join crashed"));
  }
  const ref_text& of_channel = f.join_ref ? f.join_ref : f.ref;  // version 1 has no join_ref
  joist::send(started.process, channel_join{client_, f.topic, of_channel, f.ref, std::move(f.body), std::move(f.weight)});
  place made{std::move(f.topic), std::move(f.join_ref), started.process, started.monitor, state::joining, nullptr};
  made.more().ref = std::move(f.ref);
  places_.push_back(std::move(made));
}

// The old one has a while to end, and terminate(); then the new one begins.
void session::join_again(place& p, client_frame&& f) {
  if (p.is == state::joined || p.is == state::leaving) tell(p, "phx_close");
  if (p.is != state::replaced) joist::send(p.channel, connection_closed{});
  p.is = state::replaced;
  answer_leave(std::exchange(p.more().leave, std::nullopt));
  p.more().join = std::move(f);
}

void session::leave(place& p, client_frame&& f) {
  // The client has raced a close of ours, of which it has been told.
  if (p.join_ref && !(f.join_ref == p.join_ref)) return;
  if (p.is == state::replaced) {
    p.more().join.reset();
    return answer(f.join_ref, f.ref, f.topic, reply{});
  }
  if (p.is == state::refused || p.is == state::leaving) return answer(f.join_ref, f.ref, f.topic, reply{});
  if (p.is == state::joining) {
    answer_leave(std::exchange(p.more().leave, std::move(f)));
    return;
  }
  pass_on_leave(p, std::move(f));
}

void session::pass_on_leave(place& p, client_frame&& f) {
  p.is = state::leaving;
  joist::send(p.channel, client_message{std::move(f.event), std::move(f.ref), {}});
}

void session::take(const outgoing& o) {
  // Of each broadcast to each client: mostly one look.
  place* const joins = find_if([&o](const place& p) { return p.is == state::joining && p.topic == o.frame->topic; });
  if (joins != nullptr) return joins->more().frames.push_back(o.frame);
  out_.send(*o.frame);
}

void session::take(channel_joined&& j) {
  place* const p = find(j.channel);
  if (p == nullptr || p->is == state::replaced) return;
  out_.send(*j.frame);
  if (p->is == state::joining) p->is = state::joined;
  const std::unique_ptr<waiting> had = std::move(p->rare);
  if (had == nullptr) return;
  for (const encoded& f : had->frames) out_.send(*f);
  if (had->leave) pass_on_leave(*p, *std::move(had->leave));
}

// The client has left what it has not come to be in.
void session::answer_leave(const std::optional<client_frame>& left) {
  if (left) answer(left->join_ref, left->ref, left->topic, reply{});
}

void session::take(channel_refused&& r) {
  place* const p = find(r.channel);
  if (p == nullptr || p->is == state::replaced) return;
  out_.send(*r.frame);
  p->is = state::refused;
  if (const std::unique_ptr<waiting> had = std::move(p->rare); had != nullptr) answer_leave(had->leave);
}

bool session::take(const down& d) {
  place* const at = find_if([&d](const place& p) { return p.monitor == d.monitor; });
  if (at == nullptr) return false;
  place gone = std::move(*at);
  if (at != &places_.back()) *at = std::move(places_.back());
  places_.pop_back();
  ended(std::move(gone), d.reason);
  return true;
}

void session::ended(place&& p, const exit_reason& why) {
  switch (p.is) {
    case state::joining:
      answer(p.join_ref, p.rare->ref, p.topic, refusal("join crashed"));
      return answer_leave(p.rare->leave);
    case state::replaced:
      if (p.rare->join) join(*std::move(p.rare->join));
      return;
    case state::refused: return;
    case state::joined:
    case state::leaving: return tell(p, why.is_orderly() ? "phx_close" : "phx_error");
  }
}

}  // namespace joist::inline v0::web::channels
