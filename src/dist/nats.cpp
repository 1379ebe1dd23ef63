#include <joist/dist/nats.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>

#include "dist/connection.hpp"
#include "dist/nats_protocol.hpp"

namespace joist::inline v0::dist {
namespace detail {
namespace {

/// Errors that are of one message, with which the server goes on: so do we. Not one of a subscription, which the server
/// would go on with as well: without it nothing is heard.
bool is_gone_on_from(std::string_view error) noexcept {
  return error.starts_with("Permissions Violation for Publish") || error.starts_with("Invalid Subject");
}

/// The server speaks first; then we say who we are, subscribe, and ask for an answer, which comes when both are done.
class nats_speech final : public protocol {
 public:
  nats_speech(const std::string& system, const std::string& node, std::size_t frame_bytes)
      : all_{system + ".all"}, one_{system + ".node."}, node_{node}, frame_bytes_{frame_bytes} {}

  [[nodiscard]] event begin(const server_url& server, std::string&) override {
    server_ = server;
    server_says_ = {};
    is_greeted_ = is_ready_ = false;
    return event::none;
  }
  void secured(std::string& out) override { greet(out, true); }
  [[nodiscard]] heard read(std::string_view bytes, std::string& out) override {
    nats_operation o;
    heard h{read_nats(bytes, frame_bytes_, o)};
    if (h.read.state != read_state::whole) return h;
    switch (o.verb) {
      case nats_verb::info: informed(o.text, h, out); break;
      case nats_verb::message:
        h.what = event::frame;
        h.frame = o.text;
        break;
      case nats_verb::ping: out += "PONG\r\n"; break;
      case nats_verb::pong:
        if (is_greeted_ && !std::exchange(is_ready_, true)) h.what = event::ready;
        break;
      case nats_verb::ok: break;
      case nats_verb::error:
        if (is_gone_on_from(o.text)) {
          h.what = event::refusal;
          h.text = o.text;
        } else {
          why_ = fmt::format("the server says: {}", o.text);
          h.read = broken_because(why_);
        }
        break;
    }
    return h;
  }

  void write_frame(std::string& out, std::string_view to, std::string_view frame) override {
    if (to.empty()) return write_nats_publish(out, all_, frame);
    write_nats_publish(out, one_ + nats_token(to), frame);
  }
  void write_ping(std::string& out) override { out += "PING\r\n"; }
  [[nodiscard]] std::size_t most_frame_bytes() const override { return server_says_.max_payload; }

 private:
  // The first says what the server is; later ones, what of that has changed.
  void informed(std::string_view json, heard& h, std::string& out) {
    const std::size_t most_before = server_says_.max_payload;
    if (!read_nats_info(json, server_says_)) {
      h.read = broken_because("an INFO is no JSON object");
    } else if (is_greeted_) {
      if (server_says_.max_payload != most_before) h.what = event::limits;
      if (server_says_.lame_duck) h.what = event::leave;
    } else if (server_.is_secure || server_says_.tls_required) {
      if (server_says_.tls_required || server_says_.tls_available) {
        h.what = event::secure;
      } else {
        h.read = broken_because("the server has no TLS, and it is asked for: by the url, or by a tls::client_context");
      }
    } else {
      greet(out, false);
    }
  }
  void greet(std::string& out, bool is_secured) {
    is_greeted_ = true;
    nats_greeting g{.name = node_, .tls = is_secured};
    if (server_.has_password) {
      g.user = server_.user;
      g.password = server_.password;
    } else {
      g.token = server_.user;
    }
    write_nats_connect(out, g);
    write_nats_subscribe(out, all_, 1);
    write_nats_subscribe(out, one_ + nats_token(node_), 2);
    write_ping(out);
  }

  const std::string all_;
  const std::string one_;
  const std::string node_;
  const std::size_t frame_bytes_;
  server_url server_;
  nats_info server_says_;
  std::string why_;
  bool is_greeted_ = false;
  bool is_ready_ = false;
};

}  // namespace
}  // namespace detail

std::shared_ptr<pubsub_adapter> nats(nats_options options) {
  constexpr detail::url_schemes schemes{"nats", "tls", "", 4222};
  const bool has_tls = options.tls.has_value();
  detail::connection_plan plan =
      detail::plan_of({"nats", schemes, std::move(options.url), options.system, std::move(options.tls), options.connection});
  // The INFO that says whether a server has TLS comes in plain text: who is between could take it away, and be told the
  // password. Whoever has given us what TLS needs wants it.
  if (has_tls) {
    for (detail::server_url& server : plan.servers) server.is_secure = true;
  }
  plan.speaks = [system = options.system, most = options.connection.frame_bytes](const std::string& node) {
    return std::make_unique<detail::nats_speech>(system, node, most);
  };
  return detail::make_adapter(std::move(plan));
}

}  // namespace joist::inline v0::dist
