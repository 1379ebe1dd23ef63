// joist/otp/request.hpp: calls on their way: asked now, awaited later, many at once.
//
//   auto request = server.send_request(account::balance{});
//   ...
//   joist::result<int, joist::exit_reason> balance = request.receive_response(1s);
//
//   joist::request_set<int, std::string> all;                       // answers with an int, each with a label
//   for (auto& [name, server] : servers) all.add(server.send_request(account::balance{}), name);
//   while (auto next = all.wait_response(until)) use(next->label, next->outcome);
//
// Promises
//   a server that ends, or is not there, is an outcome, not an exit
//   an answer to a request that was given up, by receive_response's timeout, abandon() or the end of its scope, never
//     reaches the mailbox
//   answers of a set come in the order of their arrival
//   the functions belong to the process that asked: others are refused with errc::bad_wait
//
// See also: server_ref.hpp, multi_call.hpp. OTP: gen_server:send_request and its collections.
#pragma once

#include <joist/detail/ask.hpp>
#include <joist/error.hpp>
#include <joist/sendable.hpp>

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace joist::inline v0 {

namespace detail {
/// Throws: bad_argument where there is no request, bad_wait for those of others.
void check_request(ref monitor, pid owner);

/// give_up(), for destructors: only in the process that asked, and also while that is being ended.
template <class GiveUp>
void give_up_in_destructor(pid owner, GiveUp give_up) noexcept {
  try {
    if (in_process() && owner == self()) give_up();
  } catch (...) {  // it is being ended: that is raised again at its next wait, and nobody reads its mailbox
  }
}
}  // namespace detail

/// One call on its way. Moves, within its process.
template <class Reply>
class request {
 public:
  using outcome = result<Reply, exit_reason>;

  request() = default;
  request(ref monitor, pid owner) noexcept : monitor_{monitor}, owner_{owner} {}
  request(request&& other) noexcept : monitor_{std::exchange(other.monitor_, {})}, owner_{other.owner_} {}
  request& operator=(request&& other) noexcept {
    if (this == &other) return *this;
    give_up();
    monitor_ = std::exchange(other.monitor_, {});
    owner_ = other.owner_;
    return *this;
  }
  ~request() { give_up(); }

  /// Whether it has had no outcome yet, and was not given up.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(monitor_); }
  [[nodiscard]] ref reference() const noexcept { return monitor_; }
  [[nodiscard]] pid owner() const noexcept { return owner_; }

  /// The outcome; nothing when there is none until `limit`, and the request goes on.     [process]
  [[nodiscard]] std::optional<outcome> wait_response(detail::deadline limit = infinity) {
    detail::check_request(monitor_, owner_);
    auto got = detail::await_outcome<Reply>(monitor_, limit);
    if (got) monitor_ = {};
    return got;
  }
  /// The outcome; exit_reason::timeout when there is none until `limit`, and the request is given up.     [process]
  [[nodiscard]] outcome receive_response(detail::deadline limit = default_call_limit) {
    if (auto got = wait_response(limit)) return *std::move(got);
    abandon();
    return failure{exit_reason::timeout};
  }
  /// The outcome that this message is, for servers that take their answers among other messages, in
  /// handle_info(any_message). Nothing: it is another message, and is as it was.     [process]
  [[nodiscard]] std::optional<outcome> check_response(any_message& m) {
    std::optional<outcome> got;
    if (!monitor_) return got;
    if (auto* a = m.get_if<detail::answer<Reply>>(); a != nullptr && a->request == monitor_) {
      got = detail::outcome_of(std::move(*a));
    } else if (auto* d = m.get_if<down>(); d != nullptr && d->monitor == monitor_) {
      got = failure{std::move(d->reason)};
    }
    if (got) monitor_ = {};
    return got;
  }
  /// Gives it up. Does nothing when it is over.     [process]
  void abandon() {
    if (monitor_) detail::forget_request<Reply>(std::exchange(monitor_, {}));
  }
  /// Takes it out: who has the reference has to forget it.
  [[nodiscard]] ref release() noexcept { return std::exchange(monitor_, {}); }

 private:
  void give_up() noexcept {
    if (monitor_) detail::give_up_in_destructor(owner_, [this] { abandon(); });
  }

  ref monitor_;
  pid owner_;
};

/// Many calls on their way, with the same type of answer, each with a label. Answers come by arrival.
template <class Reply, class Label>
class request_set {
 public:
  struct response {
    Label label;
    result<Reply, exit_reason> outcome;
  };

  request_set() = default;
  request_set(request_set&& other) noexcept : owner_{other.owner_}, waiting_{std::exchange(other.waiting_, {})} {}
  request_set& operator=(request_set&& other) noexcept {
    if (this == &other) return *this;
    give_up();
    owner_ = other.owner_;
    waiting_ = std::exchange(other.waiting_, {});
    return *this;
  }
  ~request_set() { give_up(); }

  /// Throws errc::bad_argument for one that is over.     [process]
  void add(request<Reply> r, Label label) {
    detail::check_request(r.reference(), r.owner());
    if (empty()) owner_ = r.owner();
    waiting_.emplace(r.reference(), std::move(label));
    (void)r.release();
  }
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  /// The next outcome, which leaves the set. Nothing: none came until `limit`, and all stay; or the set is empty. [process]
  [[nodiscard]] std::optional<response> wait_response(detail::deadline limit = infinity) {
    using next = std::optional<response>;
    if (empty()) return {};
    detail::check_request(waiting_.begin()->first, owner_);
    return receive(when([this](const detail::answer<Reply>& a) { return waiting_.contains(a.request); },
                        [this](detail::answer<Reply>&& a) {
                          const ref request = a.request;
                          return next{taken(request, detail::outcome_of(std::move(a)))};
                        }),
                   when([this](const down& d) { return waiting_.contains(d.monitor); },
                        [this](down&& d) { return next{taken(d.monitor, failure{std::move(d.reason)})}; }),
                   after(limit, [] { return next{}; }));
  }
  /// As wait_response, but when none came until `limit` all are given up.     [process]
  [[nodiscard]] std::optional<response> receive_response(detail::deadline limit = default_call_limit) {
    auto got = wait_response(limit);
    if (!got) abandon();
    return got;
  }
  /// The outcome that this message is; nothing when it is another message, which is as it was.     [process]
  [[nodiscard]] std::optional<response> check_response(any_message& m) {
    if (auto* a = m.get_if<detail::answer<Reply>>(); a != nullptr && waiting_.contains(a->request)) {
      const ref request = a->request;
      return taken(request, detail::outcome_of(std::move(*a)));
    }
    if (auto* d = m.get_if<down>(); d != nullptr && waiting_.contains(d->monitor))
      return taken(d->monitor, failure{std::move(d->reason)});
    return {};
  }
  /// Gives all up.     [process]
  void abandon() {
    for (const auto& [request, label] : std::exchange(waiting_, {})) detail::forget_request<Reply>(request);
  }
  /// Takes one out, which goes on by itself; one without a call where it is not here.
  [[nodiscard]] request<Reply> remove(ref reference) {
    if (waiting_.erase(reference) == 0) return {};
    return {reference, owner_};
  }
  /// The labels of those that wait, in no order.
  [[nodiscard]] std::vector<Label> labels() const {
    std::vector<Label> all;
    for (const auto& [request, label] : waiting_) all.push_back(label);
    return all;
  }

 private:
  [[nodiscard]] response taken(ref request, result<Reply, exit_reason> outcome) {
    auto entry = waiting_.extract(request);
    return {std::move(entry.mapped()), std::move(outcome)};
  }
  void give_up() noexcept {
    if (!empty()) detail::give_up_in_destructor(owner_, [this] { abandon(); });
  }

  pid owner_;
  std::unordered_map<ref, Label> waiting_;
};

template <class Reply>
struct enable_sendable<request<Reply>> : std::false_type {};
template <class Reply, class Label>
struct enable_sendable<request_set<Reply, Label>> : std::false_type {};

namespace detail {
/// Sends what ask() sends, and returns.
template <class Reply, class MakeRequest>
request<Reply> make_request(pid server, MakeRequest make) {
  ref monitor = send_asking<Reply>(server, prepare_request(), make);
  if (!monitor) {  // an outcome like others
    monitor = make_ref();
    send(self(), down{monitor, server, mailbox_is_full(), {}});
  }
  return {monitor, self()};
}
}  // namespace detail

}  // namespace joist::inline v0
