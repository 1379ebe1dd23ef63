#include <joist/web/channel.hpp>

#include <joist/joist.hpp>
#include <joist/web/socket.hpp>

#include <fmt/format.h>

#include <utility>

#include "web/channels/broadcast.hpp"
#include "web/channels/frames.hpp"
#include "web/http/shown.hpp"

namespace joist::inline v0::web {
namespace channels {
namespace {

struct invalid_payload {
  std::string reason = "invalid payload";
  std::vector<json_error> errors;
};
struct unmatched_event {
  std::string reason = "unmatched event";
};

}  // namespace

bool channel_base::is_end_of_connection(const any_message& m) const noexcept {
  if (m.get_if<connection_closed>() != nullptr) return true;
  const down* d = m.get_if<down>();
  return d != nullptr && d->monitor == connection_monitor_;
}

bool channel_base::answer_join(const ref_text& ref, const join_result& answer, intercept_list intercepts) {
  if (answer.status != "ok" && answer.status != "error") {
    throw joist::error{errc::bad_argument,
                       fmt::format("channel: expected a join to be answered ok or error, got \"{}\"", answer.status)};
  }
  // Version 1 knows no join_ref: its clients are answered by the ref alone.
  encoded frame = write_reply(client_->version, join_ref_, ref, topic_, answer);
  if (answer.status == "error") {
    (void)send(client_->connection, channel_refused{self(), std::move(frame)});
    return false;
  }
  client_->core->bus.subscribe(topic_, fastlane{client_->connection, client_->version, intercepts});
  (void)send(client_->connection, channel_joined{self(), std::move(frame)});
  return true;
}

// An exception is on its way; or its process is being ended, and nobody asks.
void handling::describe() noexcept {
  c_.ref_ = nullptr;  // the message goes before terminate() is called
  try {
    const std::string topic = http::shown(c_.topic_);
    joist::detail::describe_last_message(event_.data() != nullptr
                                             ? fmt::format("{} \"{}\" on {}", what_, http::shown(event_), topic)
                                             : fmt::format("{} of {}", what_, topic));
  } catch (...) {  // no memory: the type is said
  }
}

void channel_base::answer(const ref_text& ref, const reply& r) const {
  (void)send(client_->connection, outgoing{write_reply(client_->version, join_ref_, ref, topic_, r)});
}

void channel_base::refuse_event(const client_message& in, std::string_view event,
                                const std::vector<json_error>& errors) const {
  if (logs(log_level::debug)) {
    log(log_level::debug, fmt::format("channel {}: {}: {}: {}", topic_, event, errors.front().pointer, errors.front().what));
  }
  answer(in.ref, {"error", payload{invalid_payload{.errors = errors}}});
}

void channel_base::refuse_unknown(const client_message& in) const { answer(in.ref, {"error", payload{unmatched_event{}}}); }

void channel_base::send_push(std::string_view event, const payload& body) const {
  (void)send(client_->connection, outgoing{write_push(client_->version, join_ref_, {}, topic_, event, body)});
}

bool channel_base::send_broadcast(pid but_not, std::string_view event, const payload& body) const {
  return client_->core->bus.broadcast_from(but_not, topic_, channel_broadcast{topic_, event, body}).has_value();
}

socket_ref channel_base::make_socket_ref() const {
  return {client_->connection, topic_, join_ref_, ref_ != nullptr ? *ref_ : ref_text{}, client_->version};
}

}  // namespace channels

void reply_to(const socket_ref& to, const reply& answer) {
  (void)send(to.connection, channels::outgoing{channels::write_reply(to.version, to.join_ref, to.ref, to.topic, answer)});
}

}  // namespace joist::inline v0::web
