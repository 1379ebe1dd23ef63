#include "web/channels/longpoll.hpp"

#include <joist/detail/held.hpp>
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/json.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "web/channels/rate.hpp"
#include "web/channels/session.hpp"
#include "web/security/base64url.hpp"
#include "web/security/random_bytes.hpp"
#include "web/websocket/origin.hpp"

namespace joist::inline v0::web::channels {
namespace {

using namespace std::chrono_literals;

// What a poll of a client that is gone is told. Phoenix begins a new one, with 410: clients of 1.7 take it for theirs, and
// never join their channels again.
constexpr int gone = 500;
// Tells our tokens from those that programs give their clients, in a parameter that may have the same name.
constexpr std::string_view token_prefix = "poll.";

// 16 bytes that nobody can guess.
std::string new_token() {
  std::array<std::byte, 16> bytes;
  security::fill_randomly(bytes);
  std::string token{token_prefix};
  return token += security::to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// Who polls with which token.
class polling_clients {
 public:
  explicit polling_clients(std::size_t most) noexcept : most_{most} {}

  // False: there are too many.
  [[nodiscard]] bool add(const std::string& token, pid client) {
    const joist::detail::mutex_lock whole{mutex_};
    return clients_.size() < most_ && clients_.emplace(token, client).second;
  }
  void remove(const std::string& token) noexcept {
    const joist::detail::mutex_lock whole{mutex_};
    clients_.erase(token);
  }
  pid find(const std::string& token) {
    const joist::detail::mutex_lock whole{mutex_};
    const auto at = clients_.find(token);
    return at == clients_.end() ? pid{} : at->second;
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::unordered_map<std::string, pid> clients_;
};

// A client among them, while it lives.
class polling_place {
 public:
  polling_place(std::shared_ptr<polling_clients> all, std::string token) : all_{std::move(all)}, token_{std::move(token)} {
    if (!all_->add(token_, self())) throw start_refused{exit_reason::shutdown};
  }
  polling_place(const polling_place&) = delete;
  polling_place& operator=(const polling_place&) = delete;
  ~polling_place() { all_->remove(token_); }

 private:
  const std::shared_ptr<polling_clients> all_;
  const std::string token_;
};

class longpoll_client final : public gen_server<longpoll_client>, private frame_sink {
 public:
  struct answer {
    int status = 204;
    std::vector<std::string> messages = {};
  };
  struct poll {
    using reply = answer;
  };
  struct said {
    using reply = int;  // 200, or 410
    bool is_text;
    std::string data;
  };
  struct poll_over {
    std::uint64_t number;
  };
  using info_types = type_list<outgoing, channel_joined, channel_refused, std::shared_ptr<const broadcast_event>>;

  longpoll_client(identity who, std::string token, std::shared_ptr<polling_clients> all)
      : core_{who.core}, place_{std::move(all), std::move(token)}, rate_{options().messages_per_second} {
    who.connection = self();
    session_.emplace(std::make_shared<const identity>(std::move(who)), static_cast<frame_sink&>(*this));
    wait_for_poll();
  }
  void handle_call(poll, const from<answer>& client) {
    if (waiting_) joist::reply(*waiting_, answer{});  // it has been given up
    waiting_ = client;
    ++poll_number_;
    if (!messages_.empty()) return hand_over();
    info_after(options().poll, poll_over{poll_number_});
  }
  int handle_call(const said& s) {
    if (!rate_.takes_one()) return refuse("too many messages", "they come faster than messages_per_second");
    if (const auto wrong = session_->take(s.is_text, s.data)) return refuse(wrong->told, wrong->why);
    return 200;
  }
  void handle_info(poll_over over) {
    if (over.number != poll_number_) return;
    if (!waiting_) return stop(exit_reason::shutdown_with(std::string{"nobody polls"}));
    joist::reply(*std::exchange(waiting_, std::nullopt), answer{});
    wait_for_poll();
  }
  void handle_info(const outgoing& o) { session_->take(o); }
  void handle_info(channel_joined j) { session_->take(std::move(j)); }
  void handle_info(channel_refused r) { session_->take(std::move(r)); }
  void handle_info(const down& d) { (void)session_->take(d); }
  void handle_info(const std::shared_ptr<const broadcast_event>& b) {
    if (b->event == "disconnect") stop(exit_reason::shutdown_with(std::string{"disconnected"}));
  }
  void terminate(const exit_reason&) {
    if (waiting_) joist::reply(*waiting_, answer{gone});
    session_->end();
  }

 private:
  [[nodiscard]] const socket_options& options() const noexcept { return core_->options; }
  void send(const encoded_frame& f) override {
    if (f.is_binary) {
      log(log_level::warning, "socket: bytes cannot be told to a client that long-polls: they are dropped");
      return;
    }
    queued_bytes_ += f.bytes.size();
    if (queued_bytes_ > options().queue_bytes) return stop(exit_reason::shutdown_with(std::string{"polls too slowly"}));
    messages_.push_back(f.bytes);
    if (waiting_) hand_over();
  }
  void hand_over() {
    joist::reply(*std::exchange(waiting_, std::nullopt), answer{200, std::exchange(messages_, {})});
    queued_bytes_ = 0;
    wait_for_poll();
  }
  // Another poll ends the wait: it has another number.
  void wait_for_poll() { info_after(options().poll + options().poll / 2, poll_over{++poll_number_}); }
  int refuse(std::string_view told, std::string_view why) {
    if (logs(log_level::debug)) log(log_level::debug, fmt::format("socket, polling: {}: {}", told, why));
    stop(exit_reason::shutdown_with(std::string{told}));
    return 410;
  }

  const std::shared_ptr<const socket_core> core_;
  const polling_place place_;
  message_rate rate_;
  std::optional<session> session_;
  std::optional<from<answer>> waiting_;
  std::uint64_t poll_number_ = 0;
  std::vector<std::string> messages_;
  std::size_t queued_bytes_ = 0;
};

// -- what HTTP has of it

using client_ref = server_ref<longpoll_client>;

struct status_only {
  int status;
};
struct poll_answer {
  int status;
  std::string token;
  std::vector<std::string> messages;
};

response told(int status) { return json(status_only{status}); }

class longpoll_routes {
 public:
  explicit longpoll_routes(std::shared_ptr<const socket_core> core)
      : core_{std::move(core)}, all_{std::make_shared<polling_clients>(core_->options.max_polling)} {}

  response get(const request& in) const {
    const std::string token = token_of(in);
    if (token.empty()) return begin(in);
    if (const pid client = all_->find(token)) {
      auto got = client_ref{client}.try_call(longpoll_client::poll{}, core_->options.poll + 5s);
      if (got) return json(poll_answer{got->status, token, std::move(got->messages)});
    }
    return told(gone);
  }

  response post(const request& in) const {
    const pid client = all_->find(token_of(in));
    if (!client) return told(410);
    // All of them: a client sends in one what has gathered, all of its joins after a break, and takes 200 for all of it. How
    // much that is, the server's body_bytes and messages_per_second say.
    for (std::string_view rest = in.body(); !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (const int status = take(client_ref{client}, line); status != 200) return told(status);
    }
    return told(200);
  }

 private:
  // Behind what the program has put there. Empty: it is none of ours.
  [[nodiscard]] static std::string token_of(const request& in) {
    const auto all = in.query().all("token");
    return all.empty() || !all.back().starts_with(token_prefix) ? std::string{} : std::string{all.back()};
  }

  response begin(const request& in) const {
    identity who;
    try {
      who = let_in(core_, in);
    } catch (const http_error& e) {
      return told(e.status());
    }
    std::string token = new_token();
    if (!try_start<longpoll_client>({.process = {.label = "longpoll"}}, std::move(who), token, all_)) return told(503);
    return json(poll_answer{410, std::move(token), {}});
  }

  [[nodiscard]] int take(client_ref client, std::string_view line) const {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return 200;
    longpoll_client::said s{line.front() == '[' || line.front() == '{', {}};
    if (s.is_text) {
      s.data = line;
    } else {
      auto bytes = security::from_base64(line);
      if (!bytes) throw http_error{400, "expected lines of JSON, or of base64"};
      s.data = *std::move(bytes);
    }
    const auto status = client.try_call(std::move(s), core_->options.poll);
    return status ? *status : 410;
  }

  std::shared_ptr<const socket_core> core_;
  std::shared_ptr<polling_clients> all_;
};

// Pages of other origins that are allowed may read the answers.
template <class Handle>
handler guarded(const std::shared_ptr<const socket_core>& core, Handle handle) {
  return [core, handle = std::move(handle)](request& in) {
    if (!ws::may_ask(in, core->options.allow_origins)) return told(403);
    return handle(in).with_field("Access-Control-Allow-Origin", "*").with_field("Cache-Control", "no-store");
  };
}

response preflight(const request& in) {
  return text("")
      .with_field("Access-Control-Allow-Headers", in.field("Access-Control-Request-Headers"))
      .with_field("Access-Control-Allow-Methods", "get, post, options")
      .with_field("Access-Control-Max-Age", "3600");
}

}  // namespace

void add_longpoll(router& routes, const std::string& path, const std::shared_ptr<const socket_core>& core) {
  const auto all = std::make_shared<const longpoll_routes>(core);
  routes.get(path, guarded(core, [all](const request& in) { return all->get(in); }));
  routes.post(path, guarded(core, [all](const request& in) { return all->post(in); }));
  routes.add("OPTIONS", path, guarded(core, preflight));
}

}  // namespace joist::inline v0::web::channels
