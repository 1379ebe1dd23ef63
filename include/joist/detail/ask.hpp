// joist/detail/ask.hpp: a question to a process, and its answer: sent through a monitor that is an alias too, so that the
// answer or the end comes, and after either, or when the caller has given up, nothing does.
#pragma once

#include <joist/alias.hpp>
#include <joist/clock.hpp>
#include <joist/detail/failed_wait.hpp>
#include <joist/detail/request.hpp>
#include <joist/exit_reason.hpp>
#include <joist/monitor.hpp>
#include <joist/otp/from.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>
#include <joist/result.hpp>

#include <chrono>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace joist::inline v0 {

/// How long a call waits when it is not said.
inline constexpr std::chrono::seconds default_call_limit{5};

namespace detail {

template <class Reply>
result<Reply, exit_reason> outcome_of(answer<Reply>&& a) {
  if constexpr (std::is_void_v<Reply>) {
    (void)a;
    return {};
  } else {
    return result<Reply, exit_reason>{std::move(a.value)};
  }
}

/// Waits for what `monitor`, which is an alias too, brings: the answer or the end. Nothing when neither came until `limit`.
template <class Reply>
std::optional<result<Reply, exit_reason>> await_outcome(ref monitor, deadline limit) {
  using outcome = std::optional<result<Reply, exit_reason>>;
  return receive_reply(monitor,
                       when([monitor](const answer<Reply>& a) { return a.request == monitor; },
                            [](answer<Reply>&& a) { return outcome{outcome_of(std::move(a))}; }),
                       when([monitor](const down& d) { return d.monitor == monitor; },
                            [](down&& d) { return outcome{failure{std::move(d.reason)}}; }),
                       after(limit, []() { return outcome{}; }));
}

/// Ends a call that was not answered: no answer and no down of it comes any more, and none is left.
template <class Reply>
void forget_request(ref monitor) {
  if (demonitor(monitor, demonitor_option::flush)) return;  // the first answer would have ended it
  receive_reply(monitor, when([monitor](const answer<Reply>& a) { return a.request == monitor; }, [](answer<Reply>) {}),
                when([monitor](const down& d) { return d.monitor == monitor; },
                     [](down) {}),  // one that nobody sent: a full mailbox's
                after(std::chrono::seconds{0}, [] {}));
}

/// Ends the caller. `ended`: the reason came by the monitor. Its callers are many: it takes what they have in registers.
[[noreturn, gnu::cold]] void call_failed(const exit_reason& reason, pid server, const std::type_info& message,
                                         deadline limit, bool ended);
/// The same for other questions; `asked.is_whoms_reason` for `ended`.
[[noreturn]] void asking_failed(const exit_reason& reason, failed_wait asked);
[[noreturn]] void refuse_to_call_oneself();
/// Sends the end of a server that is to stop; nothing, or why it ended otherwise. `limit` over: exit_reason::timeout, and it
/// lives. `ended`: set where the reason came by the monitor.
[[nodiscard]] std::optional<exit_reason> stop_process(pid server, exit_reason reason, deadline limit, bool& ended);

[[nodiscard]] exit_reason mailbox_is_full();

/// When a call began, where anybody listens to telemetry::call_done.
[[nodiscard]] std::optional<clock::time_point> call_begins() noexcept;
/// `failed` null: it was answered.
void call_ends(clock::time_point begin, pid server, const std::type_info& message, const exit_reason* failed);

/// Sends make(from), the request, to `server`, which is monitored. What it brings is awaited by await_outcome, or given up
/// by forget_request. No reference: the mailbox is full, and its owner wants to have that said.
template <class Reply, class MakeRequest>
[[nodiscard]] ref send_asking(pid server, const alias& me, MakeRequest& make) {
  using request = std::remove_cvref_t<decltype(make(from<Reply>{me}))>;
  static_assert(names_asker<request>);
  require_sendable<request>();
  const send_result result = send_request(server, make_node<request>(make(from<Reply>{me})), me.reference());
  return result == send_result::sent ? me.reference() : ref{};
}

/// Asks `server`: make(from) is the request. The answer, or why there is none. `ended`: set where that came by the monitor.
template <class Reply, class MakeRequest>
result<Reply, exit_reason> ask(pid server, MakeRequest make, deadline limit, bool& ended) {
  const alias me = prepare_request();
  if (server == me.owner()) refuse_to_call_oneself();
  const ref monitor = send_asking<Reply>(server, me, make);
  if (!monitor) return failure{mailbox_is_full()};
  if (auto got = await_outcome<Reply>(monitor, limit)) {
    if (!*got) {
      ended = true;
      forget_request<Reply>(monitor);
    }
    return *std::move(got);
  }
  forget_request<Reply>(monitor);
  return failure{exit_reason::timeout};
}

}  // namespace detail
}  // namespace joist::inline v0
