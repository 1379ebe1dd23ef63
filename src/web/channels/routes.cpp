// Sockets on the routes of a server: clients by WebSocket.
#include <joist/web/socket.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "web/channels/longpoll.hpp"
#include "web/channels/rate.hpp"
#include "web/channels/session.hpp"
#include "web/websocket/talk.hpp"

namespace joist::inline v0::web::channels {
namespace {

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t policy_violation = 1008;

using joist::detail::make_pooled;

// A client by WebSocket.
class websocket_client final : public ws::talk, private frame_sink {
 public:
  explicit websocket_client(std::shared_ptr<const identity> who)
      : rate_{who->core->options.messages_per_second}, session_{std::move(who), *this} {}

  // Until the client, or somebody here, ends it.
  void run(websocket& socket) override {
    to_ = &socket;
    while (const auto said = socket.next(
               [this](const outgoing& o) { session_.take(o); }, [this](channel_joined j) { session_.take(std::move(j)); },
               [this](channel_refused r) { session_.take(std::move(r)); }, [this](const down& d) { (void)session_.take(d); },
               [this](const std::shared_ptr<const broadcast_event>& b) {
                 // After 1000, clients of 1.7 do not come back.
                 if (b->event == "disconnect") to_->close(going_away, "disconnected");
               })) {
      take(*said);
    }
    session_.end();
  }

 private:
  void send(const encoded_frame& f) override { (void)(f.is_binary ? to_->send_binary(f.bytes) : to_->send_text(f.bytes)); }

  // noinline: what a message needs is not on the stack of a connection that waits.
  [[gnu::noinline]] void take(const websocket_message& said) {
    if (!rate_.takes_one()) return to_->close(policy_violation, "too many messages");
    if (const auto wrong = session_.take(said.is_text, said.data)) {
      if (logs(log_level::debug))
        log(log_level::debug, fmt::format("socket: {}: {}", to_->remote().to_string(), wrong->why));
      to_->close(policy_violation, wrong->told);
    }
  }

  websocket* to_ = nullptr;  // on this process's own stack
  message_rate rate_;
  session session_;
};

// Who leaves when at a stop: `batch` at once, and then one in each equal part of `pause`. It is as the rate of cells of a
// network is kept (ITU-T I.371, GCRA). Phoenix: Phoenix.Socket, :drainer.
class departures {
 public:
  departures(std::size_t batch, std::chrono::milliseconds pause)
      : pause_{pause}, each_{pause_ / static_cast<std::int64_t>(std::max<std::size_t>(1, batch))} {}
  /// How long the caller stays.     [any thread]
  std::chrono::milliseconds next() noexcept {
    const std::chrono::nanoseconds now = clock::now().time_since_epoch();
    std::int64_t before = due_.load(std::memory_order_relaxed);
    std::chrono::nanoseconds due{};
    do due = std::max(std::chrono::nanoseconds{before}, now) + each_;
    while (!due_.compare_exchange_weak(before, due.count(), std::memory_order_relaxed));
    return std::chrono::ceil<std::chrono::milliseconds>(std::max(due - now - pause_, std::chrono::nanoseconds{0}));
  }

 private:
  const std::chrono::nanoseconds pause_, each_;
  std::atomic<std::int64_t> due_{0};
};

websocket_options options_of(const socket_options& o) {
  websocket_options made;
  made.stays_at_stop = [all = std::make_shared<departures>(o.drain_batch, o.drain_pause)] { return all->next(); };
  made.protocols = {"phoenix"};  // offered by clients that have a token: the browser wants one of its offers to be taken
  made.max_message_bytes = o.max_message_bytes;
  made.ping_every = o.silence;
  made.pings = false;
  made.when_slow = slow_consumer::close;
  made.queue_bytes = o.queue_bytes;
  made.compress = o.compress;
  made.allow_origins = o.allow_origins;
  return made;
}

}  // namespace

void add_routes(router& routes, std::string_view path, std::shared_ptr<const socket_core> core) {
  if (!core->connect) {
    throw error{errc::bad_argument, "socket: expected an on_connect, which says who a client is, before add_to"};
  }
  const std::string at{path};
  routes.get(at + "/websocket", ws::talk_handler(options_of(core->options), [core](request& in) {
               return make_pooled<websocket_client>(make_pooled<const identity>(let_in(core, in)));
             }));
  add_longpoll(routes, at + "/longpoll", core);
}

}  // namespace joist::inline v0::web::channels
