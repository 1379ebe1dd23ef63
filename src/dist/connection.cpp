// The process of a connection.
//
//   it is           what it does                                      what moves it on
//   apart           waits for a pause to end, frames are refused      reconnect -> opening
//   opening         connects, greets, subscribes: waits in calls      ready -> connected; any failure -> apart
//   connected       reads what comes, writes what waits               any failure, silence -> apart
//
// Exits are trapped while it is connected, and only then: who is told to stop sends what publishers have been promised,
// while one that waits in calls is just ended.
#include "dist/connection.hpp"

#include <joist/joist.hpp>
#include <joist/net/resolve.hpp>
#include <joist/net/stream.hpp>
#include <joist/otp/gen_server.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "dist/backoff.hpp"
#include "dist/incoming.hpp"
#include "dist/outbox.hpp"
#include "dist/secure.hpp"

namespace joist::inline v0::dist::detail {
namespace {

using namespace std::chrono_literals;
using joist::detail::deadline;

// Frames are gathered into writes of about so many bytes: pings and what is read have their turn between them.
constexpr std::size_t write_bytes = 256 << 10;
// Of a message around its frame.
constexpr std::size_t head_bytes = 128 << 10;
constexpr auto last_words_limit = 1s;

struct reconnect {};
struct heartbeat {
  std::uint64_t stream;
};

/// Why there is no connection.
using trouble = std::optional<std::string>;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

class connection : public gen_server<connection> {
 public:
  using info_types = joist::type_list<net::readable, net::writable, frames_wait, frame_too_large>;

  connection(std::shared_ptr<const connection_plan> plan, std::shared_ptr<outbox> out, std::string node, pubsub_inbox inbox)
      : plan_{std::move(plan)},
        outbox_{std::move(out)},
        inbox_{std::move(inbox)},
        speech_{plan_->speaks(node)},
        pauses_{plan_->options.first_pause, plan_->options.longest_pause, std::random_device{}()} {
    continue_with(reconnect{});
  }
  ~connection() { (void)outbox_->close(); }

  void handle_continue(reconnect) { connect(); }
  void handle_info(reconnect) { connect(); }
  void handle_info(net::readable r) {
    if (r.stream == stream_.id()) read();
  }
  void handle_info(net::writable w) {
    if (w.stream != stream_.id()) return;
    is_blocked_ = false;
    write();
  }
  void handle_info(frames_wait) { write(); }
  void handle_info(frame_too_large f) const {
    log(log_level::warning, fmt::format("{}: a frame of {} bytes is not sent, {} takes {}", plan_->engine, f.bytes,
                                        server().to_string(), most_frame_bytes()));
  }
  void handle_info(heartbeat h) {
    if (h.stream == stream_.id()) look_whether_it_lives();
  }
  void terminate(const exit_reason&) { say_last_words(); }
  [[nodiscard]] std::string format_status() const {
    return fmt::format("{} {}: {}", plan_->engine, server().to_string(), stream_.is_open() ? "connected" : told_);
  }

 private:
  // -- making it

  void connect() {
    trouble t = try_open();
    if (!t) t = begin();
    if (t) lose(*std::move(t));
  }
  [[nodiscard]] const server_url& server() const { return plan_->servers[attempts_ % plan_->servers.size()]; }
  [[nodiscard]] std::size_t most_frame_bytes() const {
    return std::min(plan_->options.frame_bytes, speech_->most_frame_bytes());
  }

  [[nodiscard]] net::io_result<net::stream> reach(const server_url& to, const deadline& limit) const {
    if (to.path.empty()) return net::try_connect(to.host, to.port, limit);
    const auto at = net::endpoint::parse("unix:" + to.path);
    if (!at) return failure{std::make_error_code(std::errc::filename_too_long)};
    return net::try_connect(*at, limit);
  }

  /// Until the server knows us.
  trouble try_open() {
    const deadline limit = deadline{plan_->options.connect_limit}.fixed();
    auto reached = reach(server(), limit);
    if (!reached) return reached.error().message();
    stream_ = *std::move(reached);
    stream_.set_no_delay(true);
    std::string answer;
    for (event e = speech_->begin(server(), answer); e != event::ready;) {
      if (e == event::secure) {
        // What has come already was not secured: an answer that somebody else may have put there.
        if (!in_.unread().empty()) return "bytes come before TLS begins";
        if (auto done = secure(stream_, plan_->tls, server().host, limit); !done) return std::move(done).error();
        speech_->secured(answer);
      }
      if (!answer.empty()) {
        if (const auto sent = stream_.try_write(answer, limit); !sent) return sent.error().message();
        answer.clear();
      }
      const heard h = speech_->read(in_.unread(), answer);
      if (h.read.state == read_state::broken) return std::string{h.read.why};
      in_.drop(h.read.bytes);
      e = h.what;
      if (h.read.state == read_state::incomplete) {
        if (trouble t = check_size()) return t;
        if (trouble t = fill(limit)) return t;
      }
    }
    return std::nullopt;
  }

  trouble begin() {
    since_ = clock::now();
    is_blocked_ = false;
    told_.clear();
    has_told_refusal_ = false;
    trap_exit(true);
    outbox_->open(most_frame_bytes());
    inbox_.connected();
    if (trouble t = understand()) return t;  // what has come behind the greeting
    stream_.announce_readable();
    listen_for_silence();
    return std::nullopt;
  }

  /// The connection, if there is one, is over.
  void lose(std::string why) {
    const bool was_connected = since_.has_value();
    if (was_connected) {
      trap_exit(false);
      const std::size_t lost = outbox_->close() + (batch_.size() - next_);
      if (lost > 0) why += fmt::format("; {} frames that waited are lost", lost);
      if (clock::now() - *since_ >= plan_->options.longest_pause) pauses_.reset();
      since_.reset();
    }
    why = fmt::format("{}: {}", server().to_string(), why);
    stream_.close();
    in_.forget();
    out_.clear();
    urgent_.clear();
    unsent_ = {};
    batch_.clear();
    next_ = 0;
    taken_bytes_ = 0;  // the next outbox_->open() begins to count anew
    // An engine that is away for hours is told once.
    if (was_connected || why != told_) inbox_.disconnected(why);
    told_ = std::move(why);
    ++attempts_;
    info_after(pauses_.next(), reconnect{});
  }

  // -- what comes

  trouble fill(const deadline& limit) {
    const auto got = stream_.try_read_some(in_.room(), limit);
    if (!got) return got.error() == std::errc::timed_out ? "the server does not answer" : got.error().message();
    if (*got == 0) return "the server has closed the connection";
    in_.came(*got);
    return std::nullopt;
  }

  /// Of what is there in part: a message may have many parts that are short.
  [[nodiscard]] trouble check_size() const {
    if (in_.unread().size() <= plan_->options.frame_bytes + head_bytes) return std::nullopt;
    return "a message is longer than is taken";
  }

  void read() {
    const auto got = stream_.try_read_some(in_.room(), 0ms);
    if (got && *got == 0) return lose("the server has closed the connection");
    if (!got && got.error() != std::errc::timed_out) return lose(got.error().message());
    if (got) {
      in_.came(*got);
      is_heard_ = true;
      if (trouble t = understand()) return lose(*std::move(t));
    }
    stream_.announce_readable();
  }

  /// All that is whole.
  trouble understand() {
    for (;;) {
      const heard h = speech_->read(in_.unread(), urgent_);
      if (h.read.state == read_state::broken) return std::string{h.read.why};
      if (h.read.state == read_state::incomplete) break;
      if (h.what == event::frame) inbox_.receive(h.frame);
      if (h.what == event::limits) outbox_->limit(most_frame_bytes());
      if (h.what == event::refusal) tell_refusal(h.text);
      in_.drop(h.read.bytes);
      if (h.what == event::leave && plan_->servers.size() > 1) {
        say_last_words();
        return "the server is about to stop";
      }
    }
    if (trouble t = check_size()) return t;
    if (!urgent_.empty() && outbox_->rouse()) (void)send(self(), frames_wait{});
    return std::nullopt;
  }

  /// The first of a connection: there may be one for each frame.
  void tell_refusal(std::string_view text) {
    if (std::exchange(has_told_refusal_, true)) return;
    log(log_level::warning,
        fmt::format("{}: {} refuses some of what it is told: {}", plan_->engine, server().to_string(), text));
  }

  // -- what goes

  void write() {
    if (!since_ || is_blocked_) return;
    if (unsent_.empty() && !gather()) return;
    const auto sent = stream_.try_write_now(bytes_of(unsent_));
    if (!sent) return lose(sent.error().message());
    unsent_.remove_prefix(*sent);
    if (!unsent_.empty()) {
      is_blocked_ = true;
      stream_.announce_writable();
      return;
    }
    has_sent();
    (void)send(self(), frames_wait{});  // what is to be read has its turn first
  }
  /// What is written next. False: nothing, and whoever offers a frame tells us.
  bool gather() {
    out_.clear();
    out_.swap(urgent_);
    if (next_ == batch_.size()) {
      batch_.clear();
      next_ = 0;
      // Frames that wait behind a ping keep the outbox awake.
      if (!outbox_->take(batch_) && out_.empty()) return false;
    }
    for (; next_ < batch_.size() && out_.size() < write_bytes; ++next_) {
      waiting_frame& w = batch_[next_];
      // One that waited while the server has come to take less: it would end the connection.
      if (w.frame->size() > most_frame_bytes()) {
        handle_info(frame_too_large{w.frame->size()});
      } else {
        speech_->write_frame(out_, w.to, *w.frame);
      }
      taken_bytes_ += w.frame->size();
      w.frame.reset();
    }
    unsent_ = out_;
    return true;  // also where nothing of it is written: it is released, and the next has its turn
  }
  void has_sent() {
    outbox_->release(std::exchange(taken_bytes_, 0));
    if (out_.capacity() > 4 * write_bytes) out_ = {};
  }

  /// What publishers have been told that it goes out goes out, unless the server does not take it.
  void say_last_words() {
    if (!since_) return;
    const clock::time_point until = clock::now() + last_words_limit;
    while (clock::now() < until && (!unsent_.empty() || gather())) {
      if (!stream_.try_write(bytes_of(unsent_), until)) return;
      unsent_ = {};
      has_sent();
    }
    // A connection that is closed while something is unread is reset, and what the server has not read then is lost.
    if (!stream_.try_shutdown_write()) return;
    for (std::size_t got = 1; got > 0;) {
      in_.forget();
      got = stream_.try_read_some(in_.room(), until).value_or(0);
    }
  }

  // -- whether anybody is there

  void listen_for_silence() {
    is_heard_ = true;
    is_asked_ = false;
    info_after(plan_->options.ping_every, heartbeat{stream_.id()});
  }
  void look_whether_it_lives() {
    if (std::exchange(is_heard_, false)) {
      is_asked_ = false;
    } else if (std::exchange(is_asked_, true)) {
      return lose("the server does not answer");
    } else {
      speech_->write_ping(urgent_);
      if (outbox_->rouse()) (void)send(self(), frames_wait{});
    }
    info_after(plan_->options.ping_every, heartbeat{stream_.id()});
  }

  const std::shared_ptr<const connection_plan> plan_;
  const std::shared_ptr<outbox> outbox_;
  const pubsub_inbox inbox_;
  const std::unique_ptr<protocol> speech_;
  backoff pauses_;
  std::size_t attempts_ = 0;
  std::string told_;  // why there is no connection, as the log has it

  net::stream stream_;
  std::optional<clock::time_point> since_;  // connected
  incoming in_;
  bool is_heard_ = false;  // since the last heartbeat
  bool is_asked_ = false;
  bool has_told_refusal_ = false;

  std::string urgent_;                // pings and their answers, which go before frames
  std::vector<waiting_frame> batch_;  // taken, and from next_ on not written to out_
  std::size_t next_ = 0;
  std::string out_;
  std::string_view unsent_;      // of out_
  std::size_t taken_bytes_ = 0;  // of frames in out_
  bool is_blocked_ = false;      // a writable comes when the system takes more
};

class engine_adapter final : public pubsub_adapter {
 public:
  explicit engine_adapter(connection_plan plan) : plan_{std::make_shared<const connection_plan>(std::move(plan))} {}
  [[nodiscard]] std::string name() const override { return plan_->engine; }
  [[nodiscard]] child_spec child(std::string id, const std::string& node, pubsub_inbox inbox) override {
    return joist::child<connection>(std::move(id), plan_, outbox_, node, std::move(inbox));
  }
  [[nodiscard]] bool publish(std::string_view to, pubsub_frame frame) override {
    return outbox_->offer(to, std::move(frame));
  }

 private:
  const std::shared_ptr<const connection_plan> plan_;
  const std::shared_ptr<outbox> outbox_ = std::make_shared<outbox>(plan_->options.queue_bytes);
};

void refuse(const std::string& engine, std::string_view why) {
  throw error{errc::bad_argument, fmt::format("{}: {}", engine, why)};
}

bool is_system(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

connection_plan plan_of(engine_wish wish) {
  auto servers = read_server_urls(wish.url, wish.schemes);
  if (!servers) refuse(wish.engine, servers.error());
  if (!is_system(wish.system))
    refuse(wish.engine, fmt::format("expected a system of letters, digits, \"-\" and \"_\", got \"{}\"", wish.system));
  const connection_options& o = wish.options;
  if (std::min({o.connect_limit, o.ping_every, o.first_pause, o.longest_pause}) <= 0ms)
    refuse(wish.engine, "expected limits and pauses of more than zero");
  if (std::max({o.connect_limit, o.ping_every, o.first_pause, o.longest_pause}) > 24h)
    refuse(wish.engine, "expected limits and pauses of a day at most");
  if (o.frame_bytes == 0 || o.queue_bytes < o.frame_bytes)
    refuse(wish.engine, "expected frame_bytes above zero, and a queue_bytes that has room for one frame");
  const bool is_secure = std::any_of(servers->begin(), servers->end(), [](const server_url& u) { return u.is_secure; });
  return {std::move(wish.engine), *std::move(servers), context_of(std::move(wish.tls), is_secure), o, {}};
}

std::shared_ptr<pubsub_adapter> make_adapter(connection_plan plan) {
  return std::make_shared<engine_adapter>(std::move(plan));
}

}  // namespace joist::inline v0::dist::detail
