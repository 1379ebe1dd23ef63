#include <joist/otp/dynamic_supervisor.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <unordered_map>

#include "otp/children.hpp"
#include "otp/restart_window.hpp"

namespace joist::inline v0 {
namespace {

using error_kind = supervisor_error::kind;
using otp::child_result;
using otp::plain_result;
using otp::refused;

dynamic_supervisor_options checked(dynamic_supervisor_options o) {
  if (const auto problem = otp::check_period(o.period)) throw error{errc::bad_argument, *problem};
  return o;
}

// Stops many at once, each within its own time: kills are sent when they are due, the earliest first. All are unlinked
// before the first is told, and all that comes of them is taken as it comes: to look for what comes of one among what has
// come of all takes a time that grows with the square of their number. An `exited` of who ends just then may be left behind:
// what stops them ends, too.
class stopping_together {
 public:
  void add(pid process, const child_spec& spec) { waiting_.emplace(process, member{otp::begin_to_stop(process), &spec}); }
  void stop() {
    for (const auto& [process, m] : waiting_) {
      const shutdown_policy policy = otp::policy_of(*m.spec);
      otp::tell_to_stop(process, policy);
      if (!policy.kills() && !policy.limit().is_never()) due_.push_back({policy.limit().resolve(), process});
    }
    std::sort(due_.begin(), due_.end(), [](const due& a, const due& b) { return a.when < b.when; });
    for (auto next = due_.begin(); !waiting_.empty();) {
      while (next != due_.end() && !waiting_.contains(next->who)) ++next;
      if (!wait_until(next != due_.end() ? next->when : detail::deadline::never)) exit((next++)->who, exit_reason::kill);
    }
  }

 private:
  struct member {
    otp::stopping_child child;
    const child_spec* spec;
  };
  struct due {
    std::int64_t when;
    pid who;
  };
  // Takes one message of theirs. False: the time is over.
  bool wait_until(std::int64_t time) {
    return receive(when([this](const exited& e) { return waiting_.contains(e.process); },
                        [this](exited e) {
                          waiting_.find(e.process)->second.child.ended = std::move(e.reason);
                          return true;
                        }),
                   when(
                       [this](const down& d) {
                         const auto found = waiting_.find(d.process);
                         return found != waiting_.end() && found->second.child.watch == d.monitor;
                       },
                       [this](down d) {
                         const member m = std::move(waiting_.extract(d.process).mapped());
                         otp::report_stopped(otp::end_of(m.child, std::move(d.reason)), *m.spec, d.process);
                         return true;
                       }),
                   after(detail::deadline::resolved(time), [] { return false; }));
  }

  std::unordered_map<pid, member> waiting_;
  std::vector<due> due_;
};

// The process. A child that failed to start again is kept under the process it had, and a try_again is on its way.
class dynamic_server : public gen_server<dynamic_server> {
 public:
  struct start_child {
    using reply = child_result;
    child_spec spec;
  };
  struct terminate_child {
    using reply = plain_result;
    pid process;
  };
  struct which_children {
    using reply = std::vector<child_info>;
  };
  struct count_children {
    using reply = child_counts;
  };
  struct get_childspec {
    using reply = std::optional<child_spec>;
    pid process;
  };
  struct module_name {
    using reply = std::string;
  };
  struct try_again {
    pid process;
  };

  explicit dynamic_server(const detail::dynamic_supervisor_module& module)
      : dynamic_server{module.name, checked(module.init())} {}

  child_result handle_call(start_child request);
  plain_result handle_call(const terminate_child& request);
  std::vector<child_info> handle_call(which_children) const;
  child_counts handle_call(count_children) const;
  std::optional<child_spec> handle_call(const get_childspec& request) const;
  std::string handle_call(module_name) const { return module_; }
  void handle_cast(const try_again& again);
  void handle_info(exited end);
  void handle_info(any_message) {}  // as OTP's: what strangers send
  void terminate(const exit_reason&);

 private:
  struct child {
    child_spec spec;
    std::uint64_t number;  // they count up: the order in which they came
    bool restarting = false;
  };
  using child_map = std::unordered_map<pid, child>;

  dynamic_server(std::string module, dynamic_supervisor_options options)
      : module_{std::move(module)}, options_{std::move(options)}, window_{options_.intensity, options_.period} {
    trap_exit(true);
    otp::take_name(options_.name);
  }
  void restart(child_map::iterator at);
  void tell_started(const child_spec& spec, pid process, std::size_t restarts) const {
    otp::tell_started(spec, process, restarts, options_.log_progress ? std::optional{log_level::debug} : std::nullopt);
  }

  const std::string module_;
  const dynamic_supervisor_options options_;
  otp::restart_window window_;
  child_map children_;
  std::uint64_t started_ = 0;
};

child_result dynamic_server::handle_call(start_child request) {
  child_spec& spec = request.spec;
  if (spec.id.empty()) spec.id = "child";
  if (const auto problem = check_childspecs({&spec, 1}, auto_shutdown::never)) return refused(*problem);
  if (children_.size() >= options_.max_children) return refused(error_kind::max_children);
  auto started = otp::run_start(spec.start);
  if (!started) return otp::not_started(std::move(started).error(), spec);
  if (started->process) {
    tell_started(spec, started->process, 0);
    if (spec.restart == restart_type::temporary) spec.start = nullptr;  // with its arguments
    children_.emplace(started->process, child{std::move(spec), started_++});
  }
  return *std::move(started);
}

plain_result dynamic_server::handle_call(const terminate_child& request) {
  const auto at = children_.find(request.process);
  if (at == children_.end()) return refused(error_kind::not_found);
  const child stopped = std::move(at->second);
  children_.erase(at);
  if (!stopped.restarting) otp::stop_child(request.process, stopped.spec);
  return {};
}

std::vector<child_info> dynamic_server::handle_call(which_children) const {
  std::vector<const child_map::value_type*> all;
  all.reserve(children_.size());
  for (const auto& entry : children_) all.push_back(&entry);
  std::sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->second.number > b->second.number; });
  std::vector<child_info> newest_first;
  newest_first.reserve(all.size());
  for (const auto* entry : all) {
    const child& c = entry->second;
    newest_first.push_back({c.spec.id, c.restarting ? pid{} : entry->first, c.restarting, c.spec.type, c.spec.restart});
  }
  return newest_first;
}

child_counts dynamic_server::handle_call(count_children) const {
  child_counts n;
  n.specs = children_.size();
  for (const auto& [process, c] : children_) {
    if (!c.restarting) ++n.active;
    ++(c.spec.type == child_type::worker ? n.workers : n.supervisors);
  }
  return n;
}

std::optional<child_spec> dynamic_server::handle_call(const get_childspec& request) const {
  const auto at = children_.find(request.process);
  return at != children_.end() ? otp::copy_for_caller(at->second.spec, at->first) : std::nullopt;
}

void dynamic_server::handle_info(exited end) {
  const auto at = children_.find(end.process);
  if (at == children_.end() || at->second.restarting) return;
  const child_spec& spec = at->second.spec;
  if (otp::is_reported(spec.restart, end.reason)) otp::report_child("child_terminated", end.reason, spec, end.process);
  if (otp::starts_again(spec.restart, end.reason)) return restart(at);
  children_.erase(at);
}

void dynamic_server::handle_cast(const try_again& again) {
  const auto at = children_.find(again.process);
  if (at != children_.end() && at->second.restarting) restart(at);
}

void dynamic_server::restart(child_map::iterator at) {
  child& c = at->second;
  c.restarting = true;  // until it runs
  if (!window_.add(clock::now())) {
    otp::tell_too_many_restarts(c.spec, window_.restarts());
    return stop(exit_reason::shutdown);
  }
  const auto started = otp::run_start(c.spec.start);
  if (!started) {
    otp::report_child("start_error", started.error().reason, c.spec, {});
    return self_ref().cast(try_again{at->first});
  }
  auto entry = children_.extract(at);
  if (!started->process) return;  // it does not want to run any more
  tell_started(c.spec, started->process, window_.restarts());
  entry.key() = started->process;
  entry.mapped().restarting = false;
  children_.insert(std::move(entry));
}

void dynamic_server::terminate(const exit_reason&) {
  stopping_together all;
  for (const auto& [process, c] : children_) {
    if (!c.restarting) all.add(process, c.spec);
  }
  all.stop();
}

template <class Message>
auto ask(pid supervisor, Message message) {
  return server_ref<dynamic_server>{supervisor}.call(std::move(message), infinity);
}

}  // namespace

child_result dynamic_supervisor_ref::start_child(child_spec spec) const {
  return ask(process_, dynamic_server::start_child{std::move(spec)});
}
// Whether a stranger lives, the caller asks: one that loops does not answer, and the supervisor has others to look after.
plain_result dynamic_supervisor_ref::terminate_child(pid child) const {
  plain_result stopped = ask(process_, dynamic_server::terminate_child{child});
  if (!stopped && stopped.error().what == error_kind::not_found && !is_alive(child)) return {};
  return stopped;
}
std::vector<child_info> dynamic_supervisor_ref::which_children() const {
  return ask(process_, dynamic_server::which_children{});
}
child_counts dynamic_supervisor_ref::count_children() const { return ask(process_, dynamic_server::count_children{}); }
std::optional<child_spec> dynamic_supervisor_ref::get_childspec(pid child) const {
  return ask(process_, dynamic_server::get_childspec{child});
}
std::string dynamic_supervisor_ref::module() const { return ask(process_, dynamic_server::module_name{}); }
void dynamic_supervisor_ref::stop(exit_reason reason, detail::deadline limit) const {
  server_ref<dynamic_server>{process_}.stop(std::move(reason), limit);
}

namespace detail {

result<dynamic_supervisor_ref, start_error> start_dynamic_supervisor(std::string name, dynamic_supervisor_module module) {
  return otp::start_by_module<dynamic_supervisor_ref, dynamic_server>(std::move(name), std::move(module),
                                                                      "dynamic supervisor");
}

}  // namespace detail

result<dynamic_supervisor_ref, start_error> try_start_dynamic_supervisor(dynamic_supervisor_options options) {
  std::string name = options.name;
  return detail::start_dynamic_supervisor(std::move(name), {{}, [options = std::move(options)] { return options; }});
}

dynamic_supervisor_ref start_dynamic_supervisor(dynamic_supervisor_options options) {
  return detail::started_or_throw(try_start_dynamic_supervisor(std::move(options)));
}

child_spec child_dynamic_supervisor(std::string id, dynamic_supervisor_options options) {
  return detail::supervisor_child(
      std::move(id), [options = std::move(options)] { return detail::child_of(try_start_dynamic_supervisor(options)); });
}

}  // namespace joist::inline v0
