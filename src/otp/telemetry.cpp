#include <joist/otp/telemetry.hpp>

#include <joist/detail/server.hpp>
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/report.hpp>

namespace joist::inline v0 {
namespace detail {

std::optional<clock::time_point> call_begins() noexcept {
  constexpr std::uint64_t bit = telemetry::detail::bit_of(telemetry::call_done::event_name);
  if (!telemetry::detail::is_heard(telemetry::detail::heard_word(), bit)) return std::nullopt;
  return clock::now();
}

void call_ends(clock::time_point begin, pid server, const std::type_info& message, const exit_reason* failed) {
  const std::chrono::nanoseconds duration = clock::now() - begin;
  telemetry::execute(telemetry::call_done{
      {duration}, {server, {&message}, failed == nullptr, failed != nullptr ? *failed : exit_reason{}}});
}

void note_handled(const server_control& c, clock::time_point begin) {
  const std::chrono::nanoseconds duration = clock::now() - begin;
  telemetry::execute(telemetry::message_handled{{duration, message_queue_length()},
                                                {self(), {c.kind->type}, {c.last_message}, c.last_client}});
}

}  // namespace detail

namespace telemetry {
namespace {

class telemetry_poller : public gen_server<telemetry_poller> {
 public:
  explicit telemetry_poller(poller_options o) : options_{std::move(o)} { timeout_after(options_.period); }

  void handle_timeout() {
    tell_of_system();
    if (options_.long_mailbox > 0) tell_of_mailboxes();
    std::erase_if(options_.measure, [](const auto& f) { return fails(f); });
    timeout_after(options_.period);
  }
  void handle_info(any_message) { timeout_after(options_.period); }  // a stranger's

 private:
  static void tell_of_system() {
    execute_with([] {
      const system_details d = system_info();
      return system_measured{
          {d.process_count, d.run_queue_length, d.timers, d.live_nodes, d.zombies, d.context_switches, d.spawned}, {}};
    });
  }
  void tell_of_mailboxes() const {
    if (!is_listened_to<long_mailbox>()) return;
    for (const mailbox_length& m : longest_mailboxes(options_.most_mailboxes, options_.long_mailbox))
      execute(long_mailbox{{m.messages}, {m.process}});
  }
  static bool fails(const std::function<void()>& measure) {
    const auto failed = catch_end(measure);
    if (!failed) return false;
    report r{report_kind::crash, log_level::error, self(),
             "telemetry poller: a function failed, and is not called any more"};
    log(r.add("reason", failed->to_string()).add_thrown_at(*failed));
    return true;
  }

  poller_options options_;
};

}  // namespace

child_spec poller(poller_options options) {
  if (options.period <= std::chrono::milliseconds{0}) {
    throw error{errc::bad_argument,
                fmt::format("telemetry::poller: expected a period of more than 0 ms, got {} ms", options.period.count())};
  }
  return child<telemetry_poller>("telemetry_poller", std::move(options));
}

}  // namespace telemetry
}  // namespace joist::inline v0
