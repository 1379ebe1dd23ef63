#include <joist/dist/redis.hpp>

#include <fmt/format.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "dist/connection.hpp"
#include "dist/resp.hpp"

namespace joist::inline v0::dist {
namespace detail {
namespace {

/// One connection that publishes and is subscribed, which RESP3 allows: what is pushed is told from what is answered.
class redis_protocol final : public protocol {
 public:
  redis_protocol(const std::string& system, const std::string& node, std::size_t frame_bytes)
      : all_{system + ":all"}, one_{system + ":node:"}, own_{one_ + node}, frame_bytes_{frame_bytes} {}

  [[nodiscard]] event begin(const server_url& server, std::string& out) override {
    server_ = server;
    subscribed_ = 0;
    is_ready_ = false;
    if (server.is_secure) return event::secure;
    secured(out);
    return event::none;
  }
  void secured(std::string& out) override {
    if (server_.user.empty() && !server_.has_password) {
      write_resp(out, {"HELLO", "3"});
    } else {
      const std::string_view user = server_.user.empty() ? "default" : std::string_view{server_.user};
      write_resp(out, {"HELLO", "3", "AUTH", user, server_.password});
    }
    write_resp(out, {"SUBSCRIBE", all_, own_});
    write_ping(out);  // its answer comes last
  }
  [[nodiscard]] heard read(std::string_view bytes, std::string&) override {
    heard h{read_resp(bytes, frame_bytes_, values_)};
    if (h.read.state != read_state::whole) return h;
    const resp_value& first = values_[0];
    if (first.type == resp_type::error) {
      why_ = fmt::format("the server refuses: {}", first.text);
      h.read = broken_because(why_);
    } else if (first.type == resp_type::push) {
      h.what = pushed();
      if (h.what == event::frame) h.frame = values_[3].text;
    } else if (!is_ready_ && first.text == "PONG") {
      is_ready_ = subscribed_ == 2;
      if (is_ready_) {
        h.what = event::ready;
      } else {
        h.read = broken_because("the server does not subscribe: Redis 6 or later is expected");
      }
    }
    return h;
  }

  void write_frame(std::string& out, std::string_view to, std::string_view frame) override {
    if (to.empty()) return write_resp(out, {"PUBLISH", all_, frame});
    write_resp(out, {"PUBLISH", one_ + std::string{to}, frame});
  }
  void write_ping(std::string& out) override { write_resp(out, {"PING"}); }
  [[nodiscard]] std::size_t most_frame_bytes() const override { return std::numeric_limits<std::size_t>::max(); }

 private:
  [[nodiscard]] event pushed() noexcept {
    if (values_.size() != 4 || values_[0].elements != 3) return event::none;
    if (values_[1].text == "message") return event::frame;
    if (values_[1].text == "subscribe") ++subscribed_;
    return event::none;
  }

  const std::string all_;
  const std::string one_;
  const std::string own_;
  const std::size_t frame_bytes_;
  server_url server_;
  std::vector<resp_value> values_;
  std::string why_;
  int subscribed_ = 0;
  bool is_ready_ = false;
};

}  // namespace
}  // namespace detail

std::shared_ptr<pubsub_adapter> redis(redis_options options) {
  constexpr detail::url_schemes schemes{"redis", "rediss", "unix", 6379};
  detail::connection_plan plan = detail::plan_of(
      {"redis", schemes, std::move(options.url), options.system, std::move(options.tls), options.connection});
  plan.speaks = [system = options.system, most = options.connection.frame_bytes](const std::string& node) {
    return std::make_unique<detail::redis_protocol>(system, node, most);
  };
  return detail::make_adapter(std::move(plan));
}

}  // namespace joist::inline v0::dist
