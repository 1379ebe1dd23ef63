#include <joist/otp/application.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <unordered_map>

#include "otp/children.hpp"
#include "otp/stop_order.hpp"

namespace joist::inline v0 {
namespace {

// Depth first; `state` of those on the way finds circles.
class ordering {
 public:
  explicit ordering(const std::vector<application>& all) : all_{all}, state_(all.size(), state::untouched) {}

  result<std::vector<std::size_t>, std::string> operator()() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].name.empty()) return failure{std::string{"applications: expected a name, got none"}};
      if (!by_name_.emplace(all_[i].name, i).second)
        return failure{fmt::format("applications: \"{}\" is there twice", all_[i].name)};
    }
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!visit(i)) return failure{std::move(problem_)};
    }
    return std::move(order_);
  }

 private:
  enum class state : std::uint8_t { untouched, on_the_way, done };

  bool visit(std::size_t i) {
    if (state_[i] == state::done) return true;
    if (state_[i] == state::on_the_way) {
      problem_ = fmt::format("applications: \"{}\" needs itself, by way of others", all_[i].name);
      return false;
    }
    state_[i] = state::on_the_way;
    for (const std::string& need : all_[i].needs) {
      const auto found = by_name_.find(need);
      if (found == by_name_.end()) {
        problem_ = fmt::format("applications: \"{}\" needs \"{}\", which is not among them", all_[i].name, need);
        return false;
      }
      if (!visit(found->second)) return false;
    }
    state_[i] = state::done;
    order_.push_back(i);
    return true;
  }

  const std::vector<application>& all_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<state> state_;
  std::vector<std::size_t> order_;
  std::string problem_;
};

void say(log_level level, std::string text, const exit_reason& reason) {
  log(report{report_kind::application, level, self(), std::move(text)}.add("reason", reason.to_string()));
}

// Starts them, watches them, stops them in reverse.
class controller : public gen_server<controller> {
 public:
  struct which {
    using reply = std::vector<applications_ref::running>;
  };

  controller(std::vector<application> all, const application_options& options, std::shared_ptr<otp::stop_order> stop)
      : limit_{options.stop_limit}, order_of_stop_{std::move(stop)} {
    trap_exit(true);
    auto order = start_order(all);
    if (!order) throw error{errc::bad_argument, std::move(order).error()};
    for (const std::size_t i : *order) {
      if (order_of_stop_ != nullptr && order_of_stop_->given()) {
        stop_all();
        throw start_refused{exit_reason::shutdown};
      }
      const auto given = options.settings.find(all[i].name);
      start(std::move(all[i]), given != options.settings.end() ? given->second : environment::settings{});
    }
  }
  std::vector<applications_ref::running> handle_call(which) const {
    std::vector<applications_ref::running> all;
    for (const member& m : members_) {
      if (m.supervisor) all.push_back({m.app.name, supervisor_ref{m.supervisor}});
    }
    return all;
  }
  void handle_info(exited end);
  void handle_info(any_message) {}
  void terminate(const exit_reason&) { stop_all(); }

 private:
  struct member {
    application app;
    environment env;
    pid supervisor;  // nobody: it has ended, or runs nothing
  };

  void start(application app, environment::settings given);
  [[nodiscard]] static pid supervisor_of(const member& m);
  void stop_all();
  void stop_one(member& m, detail::deadline until);

  const std::chrono::milliseconds limit_;
  const std::shared_ptr<otp::stop_order> order_of_stop_;  // null: nobody gives one
  std::vector<member> members_;                           // in the order of their start
};

void controller::start(application app, environment::settings given) {
  members_.push_back({std::move(app), {}, {}});
  member& m = members_.back();
  const auto failed = catch_end([&] {
    m.env = environment{m.app.name, m.app.defaults, std::move(given)};
    if (m.app.start) m.supervisor = supervisor_of(m);
    for (const std::string& phase : m.app.phases) {
      if (m.app.start_phase) m.app.start_phase(phase, m.env);
    }
  });
  if (!failed) return;
  const exit_reason why = exit_reason::shutdown_with(failed_to_start{fmt::format("application {}", m.app.name), *failed});
  say(log_level::error, fmt::format("application {} did not start", m.app.name), *failed);
  stop_all();
  joist::exit(why);
}

pid controller::supervisor_of(const member& m) {
  const auto started = detail::start_supervisor({}, {m.app.name, [&m] { return m.app.start(m.env); }});
  if (!started) joist::exit(started.error().reason);
  return started->process();
}

void controller::handle_info(exited end) {
  const auto at = std::find_if(members_.begin(), members_.end(),
                               [&end](const member& m) { return m.supervisor && m.supervisor == end.process; });
  if (at == members_.end()) return;
  at->supervisor = {};
  const bool failed = !end.reason.is_orderly();
  // A supervisor that gives up exits with shutdown: nobody told it to, so that is a failure here.
  const bool gave_up = end.reason.which() == exit_reason::kind::shutdown;
  say(failed || gave_up ? log_level::error : log_level::info, fmt::format("application {} has ended", at->app.name),
      end.reason);
  const bool stops =
      at->app.type == restart_type::permanent || (at->app.type == restart_type::transient && (failed || gave_up));
  if (stops)
    stop(exit_reason::shutdown_with(failed_to_start{fmt::format("application {}, which ended", at->app.name), end.reason}));
}

void controller::stop_all() {
  auto until = detail::deadline{limit_}.resolve();
  if (order_of_stop_ != nullptr) {
    order_of_stop_->heed();
    until = std::min(until, order_of_stop_->until());
  }
  for (auto at = members_.rbegin(); at != members_.rend(); ++at) stop_one(*at, detail::deadline::resolved(until));
  members_.clear();
}

void controller::stop_one(member& m, detail::deadline until) {
  auto tell = [&m](const std::function<void()>& f, const char* what) {
    if (!f) return;
    if (const auto failed = catch_end([&f] { f(); }))
      say(log_level::error, fmt::format("application {}: {} failed", m.app.name, what), *failed);
  };
  tell(m.app.prepare_stop, "prepare_stop");
  if (const pid supervisor = std::exchange(m.supervisor, {})) {
    const exit_reason reason = otp::stop_child(supervisor, shutdown_policy{until});
    if (reason.which() != exit_reason::kind::shutdown)
      say(log_level::warning, fmt::format("application {} was stopped and ended otherwise", m.app.name), reason);
  }
  tell(m.app.stopped, "stopped");
}

}  // namespace

result<std::vector<std::size_t>, std::string> start_order(const std::vector<application>& applications) {
  return ordering{applications}();
}

std::vector<applications_ref::running> applications_ref::which() const {
  return server_ref<controller>{process_}.call(controller::which{}, infinity);
}

void applications_ref::stop() const { server_ref<controller>{process_}.stop(exit_reason::shutdown); }

result<applications_ref, start_error> otp::start_applications(std::vector<application> applications,
                                                              application_options options,
                                                              std::shared_ptr<stop_order> order) {
  server_options o;
  o.process.label = "applications";
  return detail::ref_as<applications_ref>(detail::start_server<controller>(
      detail::start_mode::link, o, std::move(applications), std::move(options), std::move(order)));
}

result<applications_ref, start_error> try_start_applications(std::vector<application> applications,
                                                             application_options options) {
  return otp::start_applications(std::move(applications), std::move(options), nullptr);
}

}  // namespace joist::inline v0
