#include <joist/otp/supervisor.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <iterator>

#include "otp/child_list.hpp"
#include "otp/children.hpp"
#include "otp/restart_window.hpp"

namespace joist::inline v0 {
namespace {

using error_kind = supervisor_error::kind;
using otp::child_result;
using otp::plain_result;
using otp::refused;

std::optional<std::string> check(const supervisor_options& o) {
  if (o.strategy > supervision::rest_for_one)
    return "supervisor: expected strategy to be one_for_one, one_for_all or rest_for_one";
  if (o.auto_shutdown > auto_shutdown::all_significant)
    return "supervisor: expected auto_shutdown to be never, any_significant or all_significant";
  return otp::check_period(o.period);
}

supervisor_init checked(supervisor_init init) {
  auto problem = check(init.options);
  if (!problem) problem = check_childspecs(init.children, init.options.auto_shutdown);
  if (problem) throw error{errc::bad_argument, *problem};
  return init;
}

class supervisor_server : public gen_server<supervisor_server> {
 public:
  struct start_child {
    using reply = child_result;
    child_spec spec;
  };
  struct terminate_child {
    using reply = plain_result;
    std::string id;
  };
  struct restart_child {
    using reply = child_result;
    std::string id;
  };
  struct delete_child {
    using reply = plain_result;
    std::string id;
  };
  struct which_children {
    using reply = std::vector<child_info>;
  };
  struct count_children {
    using reply = child_counts;
  };
  struct get_childspec {
    using reply = std::optional<child_spec>;
    std::string id;
  };
  struct module_name {
    using reply = std::string;
  };
  struct try_again {
    std::string id;
  };

  explicit supervisor_server(const detail::supervisor_module& module)
      : supervisor_server{module.name, checked(module.init())} {}

  child_result handle_call(start_child request);
  plain_result handle_call(const terminate_child& request);
  child_result handle_call(const restart_child& request);
  plain_result handle_call(const delete_child& request);
  std::vector<child_info> handle_call(which_children) const;
  child_counts handle_call(count_children) const;
  std::optional<child_spec> handle_call(const get_childspec& request);
  std::string handle_call(module_name) const { return module_; }
  void handle_cast(const try_again& again);
  void handle_info(exited end);
  void handle_info(any_message) {}  // as OTP's: what strangers send
  void terminate(const exit_reason&) { stop_from(children_.all().begin()); }

 private:
  using child = otp::child_record;
  using place = otp::child_list::place;

  supervisor_server(std::string module, supervisor_init init);
  void tell_started(const child_spec& spec, pid process, bool again, log_level level) const;
  void ended(place at, const exit_reason& reason);
  void restart(place at);
  void start_from(place first);
  [[nodiscard]] bool start_again(place at);
  void stop_one(place at);
  void stop_from(place first);
  void end_if_significant();

  const std::string module_;
  const supervisor_options options_;
  otp::restart_window window_;
  otp::child_list children_;
};

supervisor_server::supervisor_server(std::string module, supervisor_init init)
    : module_{std::move(module)}, options_{std::move(init.options)}, window_{options_.intensity, options_.period} {
  trap_exit(true);
  otp::take_name(options_.name);
  for (child_spec& spec : init.children) {
    auto started = otp::run_start(spec.start);
    if (!started) {
      otp::report_child("start_error", started.error().reason, spec, {});
      const exit_reason why = exit_reason::shutdown_with(failed_to_start{spec.id, started.error().reason});
      stop_from(children_.all().begin());
      joist::exit(why);
    }
    if (!started->process && spec.restart == restart_type::temporary) continue;
    tell_started(spec, started->process, false, log_level::info);
    children_.add(std::move(spec), started->process);
  }
}

// OTP's levels: info for the children of init, debug for those that come later.
void supervisor_server::tell_started(const child_spec& spec, pid process, bool again, log_level level) const {
  otp::tell_started(spec, process, again ? window_.restarts() : 0,
                    options_.log_progress ? std::optional{level} : std::nullopt);
}

child_result supervisor_server::handle_call(start_child request) {
  if (const auto problem = check_childspecs({&request.spec, 1}, options_.auto_shutdown)) return refused(*problem);
  if (const place there = children_.find(request.spec.id); there != children_.end()) {
    if (there->process) return refused(error_kind::already_started, there->process);
    return refused(error_kind::already_present);
  }
  auto started = otp::run_start(request.spec.start);
  if (!started) return otp::not_started(std::move(started).error(), request.spec);
  tell_started(request.spec, started->process, false, log_level::debug);
  const bool kept = started->process || request.spec.restart != restart_type::temporary;
  if (kept) children_.add(std::move(request.spec), started->process);
  return *std::move(started);
}

plain_result supervisor_server::handle_call(const terminate_child& request) {
  const place at = children_.find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  stop_one(at);
  if (at->spec.restart == restart_type::temporary) children_.erase(at);
  return {};
}

child_result supervisor_server::handle_call(const restart_child& request) {
  const place at = children_.find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  if (at->process) return refused(error_kind::running, at->process);
  if (at->restarting) return refused(error_kind::restarting);
  auto started = otp::run_start(at->spec.start);
  if (!started) {
    otp::report_child("start_error", started.error().reason, at->spec, {});
    return otp::not_started(std::move(started).error());
  }
  tell_started(at->spec, started->process, false, log_level::debug);
  children_.runs_as(at, started->process);
  return *std::move(started);
}

plain_result supervisor_server::handle_call(const delete_child& request) {
  const place at = children_.find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  if (at->process) return refused(error_kind::running, at->process);
  if (at->restarting) return refused(error_kind::restarting);
  children_.erase(at);
  return {};
}

std::vector<child_info> supervisor_server::handle_call(which_children) const {
  const auto& all = children_.all();
  std::vector<child_info> newest_first;
  newest_first.reserve(all.size());
  std::transform(all.rbegin(), all.rend(), std::back_inserter(newest_first), [](const child& c) {
    return child_info{c.spec.id, c.process, c.restarting, c.spec.type, c.spec.restart};
  });
  return newest_first;
}

child_counts supervisor_server::handle_call(count_children) const {
  child_counts n;
  n.specs = children_.all().size();
  for (const child& c : children_.all()) {
    if (c.process) ++n.active;
    ++(c.spec.type == child_type::worker ? n.workers : n.supervisors);
  }
  return n;
}

std::optional<child_spec> supervisor_server::handle_call(const get_childspec& request) {
  const place at = children_.find(request.id);
  return at != children_.end() ? otp::copy_for_caller(at->spec, at->process) : std::nullopt;
}

void supervisor_server::handle_info(exited end) {
  if (!end.process) return;  // a thread's, or the runtime's: no child's
  if (const place at = children_.find(end.process); at != children_.end()) ended(at, end.reason);
}

void supervisor_server::ended(place at, const exit_reason& reason) {
  const pid process = at->process;
  children_.runs_as(at, {});
  const restart_type type = at->spec.restart;
  if (otp::is_reported(type, reason)) otp::report_child("child_terminated", reason, at->spec, process);
  if (otp::starts_again(type, reason)) return restart(at);
  const bool significant = at->spec.significant;
  if (type == restart_type::temporary) children_.erase(at);
  if (significant) end_if_significant();
}

// A significant child has ended for good.
void supervisor_server::end_if_significant() {
  if (options_.auto_shutdown == auto_shutdown::never) return;
  const bool others = std::any_of(children_.all().begin(), children_.all().end(),
                                  [](const child& c) { return c.spec.significant && (c.process || c.restarting); });
  if (options_.auto_shutdown == auto_shutdown::any_significant || !others) stop(exit_reason::shutdown);
}

void supervisor_server::handle_cast(const try_again& again) {
  const place at = children_.find(again.id);
  if (at != children_.end() && at->restarting) restart(at);
}

void supervisor_server::restart(place at) {
  at->restarting = false;
  if (!window_.add(clock::now())) {
    otp::tell_too_many_restarts(at->spec, window_.restarts());
    return stop(exit_reason::shutdown);
  }
  switch (options_.strategy) {
    case supervision::one_for_one: (void)start_again(at); return;
    case supervision::rest_for_one: stop_from(at); return start_from(at);  // it stays: it is not temporary
    case supervision::one_for_all: stop_from(children_.all().begin()); return start_from(children_.all().begin());
  }
}

// Those that stand before one that fails to start stay as they are: it is tried again as if it had ended.
void supervisor_server::start_from(place first) {
  for (place at = first; at != children_.end(); ++at) {
    if (!start_again(at)) return;
  }
}

bool supervisor_server::start_again(place at) {
  auto started = otp::run_start(at->spec.start);
  if (started) {
    tell_started(at->spec, started->process, true, log_level::debug);
    children_.runs_as(at, started->process);
    return true;
  }
  otp::report_child("start_error", started.error().reason, at->spec, {});
  at->restarting = true;
  self_ref().cast(try_again{at->spec.id});
  return false;
}

void supervisor_server::stop_one(place at) {
  at->restarting = false;
  if (!at->process) return;
  otp::stop_child(at->process, at->spec);
  children_.runs_as(at, {});
}

// The youngest first. Temporary ones are gone then.
void supervisor_server::stop_from(place first) {
  bool last = children_.all().empty() || first == children_.end();
  for (place at = children_.end(); !last;) {
    --at;
    last = at == first;
    stop_one(at);
    if (at->spec.restart == restart_type::temporary) at = children_.erase(at);
  }
}

template <class Message>
auto ask(pid supervisor, Message message) {
  return server_ref<supervisor_server>{supervisor}.call(std::move(message), infinity);
}

}  // namespace

result<started_child, supervisor_error> supervisor_ref::start_child(child_spec spec) const {
  return ask(process_, supervisor_server::start_child{std::move(spec)});
}
result<void, supervisor_error> supervisor_ref::terminate_child(std::string_view id) const {
  return ask(process_, supervisor_server::terminate_child{std::string{id}});
}
result<started_child, supervisor_error> supervisor_ref::restart_child(std::string_view id) const {
  return ask(process_, supervisor_server::restart_child{std::string{id}});
}
result<void, supervisor_error> supervisor_ref::delete_child(std::string_view id) const {
  return ask(process_, supervisor_server::delete_child{std::string{id}});
}
std::vector<child_info> supervisor_ref::which_children() const { return ask(process_, supervisor_server::which_children{}); }
std::optional<child_info> supervisor_ref::which_child(std::string_view id) const {
  for (child_info& c : which_children()) {
    if (c.id == id) return std::move(c);
  }
  return std::nullopt;
}
child_counts supervisor_ref::count_children() const { return ask(process_, supervisor_server::count_children{}); }
std::optional<child_spec> supervisor_ref::get_childspec(std::string_view id) const {
  return ask(process_, supervisor_server::get_childspec{std::string{id}});
}
std::string supervisor_ref::module() const { return ask(process_, supervisor_server::module_name{}); }
void supervisor_ref::stop(exit_reason reason, detail::deadline limit) const {
  server_ref<supervisor_server>{process_}.stop(std::move(reason), limit);
}

namespace detail {

result<supervisor_ref, start_error> start_supervisor(std::string name, supervisor_module module) {
  return otp::start_by_module<supervisor_ref, supervisor_server>(std::move(name), std::move(module), "supervisor");
}

}  // namespace detail

result<supervisor_ref, start_error> try_start_supervisor(supervisor_options options, std::vector<child_spec> children) {
  std::string name = options.name;
  return detail::start_supervisor(std::move(name),
                                  {{}, [init = supervisor_init{std::move(options), std::move(children)}] { return init; }});
}

supervisor_ref start_supervisor(supervisor_options options, std::vector<child_spec> children) {
  return detail::started_or_throw(try_start_supervisor(std::move(options), std::move(children)));
}

child_spec child_supervisor(std::string id, supervisor_options options, std::vector<child_spec> children) {
  return detail::supervisor_child(std::move(id), [options = std::move(options), children = std::move(children)] {
    return detail::child_of(try_start_supervisor(options, children));
  });
}

}  // namespace joist::inline v0
