// joist/otp/proc.hpp: processes with a loop of their own that behave as servers do: they say when they are ready, know
// who started them, and answer joist/otp/sys.hpp.
//
//   auto started = joist::try_start_process_link({}, [](joist::start_ack& ack) {
//     connection c = open();                    // what leaves this is a failed start
//     joist::special_process<connection> special{c};
//     ack.ready();                              // the starter goes on
//     while (!special.stopping()) {
//       special.receive([&](packet p) { c.take(p); });
//     }
//   });
//
// Promises
//   start returns when the process has called ready(), or has ended: with the reason then
//   ancestors() tells who started a process, who started that, and so on: of servers, supervisors, tasks and these
//
// See also: gen_server.hpp, which is what most want; sys.hpp. OTP: proc_lib, sys (special processes).
#pragma once

#include <joist/detail/server.hpp>
#include <joist/otp/ancestors.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/receive.hpp>
#include <joist/report.hpp>
#include <joist/result.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// What a process that is being started tells its starter, once.
class start_ack {
 public:
  explicit start_ack(detail::starting& start) noexcept : start_{start} {}
  /// The start has succeeded (OTP: init_ack).     [process]
  void ready() {
    if (!std::exchange(is_ready_, true)) start_.succeeded();
  }
  [[nodiscard]] bool is_ready() const noexcept { return is_ready_; }

 private:
  detail::starting& start_;
  bool is_ready_ = false;
};

namespace detail {
/// `more`: what else the report is to say.
void report_crash_of_process(const exit_reason& reason, std::vector<report::field> more = {});

template <class Body>
void run_process(starting& start, Body& body) {
  start.begin();
  start_ack ack{start};
  auto failed = catch_end([&] { body(ack); });
  end_on_return();  // it has begun, and cannot begin again
  if (!ack.is_ready()) start.failed(failed ? std::move(*failed) : exit_reason::of("it ended before it was ready"));
  if (!failed) return;
  if (!failed->is_orderly()) report_crash_of_process(*failed);
  exit_on_return(std::move(*failed));
}

template <class Body>
result<pid, start_error> start_own_loop(start_mode mode, const server_options& options, Body body) {
  static_assert(std::invocable<Body&, start_ack&>, "joist: expected a body that takes a joist::start_ack&");
  auto made = start_process(options, mode, [&](starting start) {
    return make_closure([start = std::move(start), body = std::move(body)]() mutable { run_process(start, body); });
  });
  if (!made) return failure{std::move(made).error()};
  return made->process;
}
}  // namespace detail

/// Starts a process that runs body(start_ack&), and waits until it is ready.     [process]
template <class Body>
result<pid, start_error> try_start_process(const server_options& options, Body body) {
  return detail::start_own_loop(detail::start_mode::alone, options, std::move(body));
}
/// The same, linked to the caller: as try_start_link.     [process]
template <class Body>
result<pid, start_error> try_start_process_link(const server_options& options, Body body) {
  return detail::start_own_loop(detail::start_mode::link, options, std::move(body));
}

/// What a process with a loop of its own needs to answer sys.hpp: get_state and replace_state reach `state`, as that of a
/// server_ref<State>. Lives as long as the loop.
template <class State>
class special_process {
 public:
  explicit special_process(State& state) {
    control_.parent = detail::parent_of_self();
    control_.server = &state;
    control_.kind = &detail::class_of<State>;
  }
  special_process(const special_process&) = delete;
  special_process& operator=(const special_process&) = delete;

  /// Whether `m` is one of sys.hpp's, or the end of its parent, which is asked to stop: it has been handled. Does not return
  /// before it is resumed, when it is suspended.     [process]
  [[nodiscard]] bool handle(any_message& m) {
    if (!detail::handle_own(control_, m)) return false;
    while (control_.suspended && !control_.stopping) {
      any_message next = detail::next_own(control_);
      (void)detail::handle_own(control_, next);
    }
    return true;
  }
  /// joist::receive, which handles those as well: returns when it has handled one of either.     [process]
  template <class... Cases>
  void receive(Cases&&... cases) {
    joist::receive(when([this](const any_message& m) { return detail::is_own(control_, m); },
                        [this](any_message m) { (void)handle(m); }),
                   std::forward<Cases>(cases)...);
  }
  /// The reason for which it has been asked to stop, by server_ref::stop or by its parent's end.
  [[nodiscard]] const std::optional<exit_reason>& stopping() const noexcept { return control_.stopping; }

 private:
  detail::server_control control_;
};

}  // namespace joist::inline v0
