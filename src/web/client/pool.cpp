#include "web/client/pool.hpp"

#include <joist/joist.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace joist::inline v0::web::http {

using namespace std::chrono_literals;

// The system is asked: what the poller has to tell of the connection may be on its way. Bytes on a secure one need not be a
// response: they are read by TLS, which keeps its own messages for itself.
bool is_quiet(net::stream& connection, bool is_secure) {
  std::array<std::byte, 1> one{};
  const auto seen = ::recv(connection.native_handle(), one.data(), one.size(), MSG_PEEK | MSG_DONTWAIT);
  const bool nothing_came = seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!nothing_came && !(is_secure && seen > 0)) return false;
  const auto got = connection.try_read_some(one, 0ms);
  return !got && got.error() == std::errc::timed_out;
}

namespace {

bool is_secure(std::string_view origin) noexcept { return origin.starts_with("https:"); }

}  // namespace

void client_pool::handle_call(take wanted, from<net::stream> who) {
  const auto at = hosts_.try_emplace(std::move(wanted.origin)).first;
  places_.emplace(wanted.as, place{at, monitor_tagged(who.process(), wanted.as), who});
  at->second.waiting.push_back(wanted.as);
  serve_next(at, {});
}

client_counts client_pool::handle_call(count) const { return {held_, idle_.size(), places_.size() - held_}; }

void client_pool::handle_cast(give_back back) { leave(back.as, std::move(back.connection)); }

// The place is over, held or waiting.
void client_pool::leave(ticket t, net::stream connection) {
  const auto found = places_.find(t);
  if (found == places_.end()) return;
  const place p = found->second;
  places_.erase(found);
  demonitor(p.monitor, demonitor_option::flush);
  host& h = p.at->second;
  if (p.held) {
    --h.held;
    --held_;
  } else {
    h.waiting.erase(std::find(h.waiting.begin(), h.waiting.end(), t));
  }
  serve_next(p.at, std::move(connection));
}

// Who waits longest has the connection, or one that is idle, or opens one. An origin of which nothing is known is forgotten.
void client_pool::serve_next(hosts::iterator at, net::stream connection) {
  host& h = at->second;
  if (h.waiting.empty() || h.held >= max_per_host_) {
    if (connection.is_open()) keep(at->first, std::move(connection));
    if (h.held == 0 && h.waiting.empty()) hosts_.erase(at);
    return;
  }
  place& next = places_.at(h.waiting.front());
  h.waiting.pop_front();
  next.held = true;
  ++h.held;
  ++held_;
  if (connection.is_open() && !is_quiet(connection, is_secure(at->first))) connection.close();
  if (!connection.is_open()) connection = take_idle(at->first);
  reply(next.who, std::move(connection));
}

// The one that was used last: it is the least likely to be closed by the server soon.
net::stream client_pool::take_idle(const std::string& origin) {
  const auto same = [&](const idle_connection& c) { return c.origin == origin; };
  while (true) {
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(), same);
    if (found == idle_.rend()) return {};
    net::stream taken = std::move(found->stream);
    idle_.erase(std::next(found).base());
    (void)taken.withdraw_announcement();
    if (is_quiet(taken, is_secure(origin))) return taken;
  }
}

void client_pool::keep(const std::string& origin, net::stream connection) {
  if (max_idle_ == 0) return;
  if (idle_.size() >= max_idle_) idle_.pop_front();
  connection.announce_readable();
  idle_.push_back({origin, std::move(connection), clock::now() + idle_for_});
  if (!std::exchange(watches_age_, true)) info_after(idle_.front().until, look_at_age{});
}

void client_pool::handle_info(net::readable told) {
  const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const auto& c) { return c.stream.id() == told.stream; });
  if (found == idle_.end()) return;  // it is in use again
  if (is_quiet(found->stream, is_secure(found->origin))) {
    found->stream.announce_readable();
  } else {
    idle_.erase(found);
  }
}

void client_pool::handle_info(look_at_age) {
  while (!idle_.empty() && idle_.front().until <= clock::now()) idle_.pop_front();
  watches_age_ = !idle_.empty();
  if (watches_age_) info_after(idle_.front().until, look_at_age{});
}

}  // namespace joist::inline v0::web::http
