#include <joist/otp/supervisor.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <iterator>

#include "otp/restart_window.hpp"
#include "otp/stop_child.hpp"

namespace joist::inline v0 {
namespace {

using error_kind = supervisor_error::kind;
using child_result = result<started_child, supervisor_error>;
using plain_result = result<void, supervisor_error>;

failure<supervisor_error> refused(error_kind why, pid process = {}) {
  supervisor_error e;
  e.what = why;
  e.process = process;
  return {std::move(e)};
}
failure<supervisor_error> refused(std::string problem) {
  supervisor_error e;
  e.what = error_kind::bad_spec;
  e.text = std::move(problem);
  return {std::move(e)};
}
failure<supervisor_error> not_started(start_error why) {
  supervisor_error e;
  e.what = error_kind::start_failed;
  e.process = why.process;
  e.start = std::move(why);
  return {std::move(e)};
}

std::optional<std::string> check(const supervisor_options& o) {
  if (o.strategy > supervision::rest_for_one)
    return "supervisor: expected strategy to be one_for_one, one_for_all or rest_for_one";
  if (o.period <= std::chrono::milliseconds{0} || o.period > std::chrono::hours{24} * 36'500)
    return fmt::format("supervisor: expected a period of more than 0 ms and at most a hundred years, got {} ms",
                       o.period.count());
  if (o.auto_shutdown > auto_shutdown::all_significant)
    return "supervisor: expected auto_shutdown to be never, any_significant or all_significant";
  return std::nullopt;
}

supervisor_init checked(supervisor_init init) {
  auto problem = check(init.options);
  if (!problem) problem = check_childspecs(init.children, init.options.auto_shutdown);
  if (problem) throw error{errc::bad_argument, *problem};
  return init;
}

// The process. Children are in the order in which they were started:
//
//   process   restarting   a child that
//     somebody  false        runs
//     nobody    false        does not: it ignored its start, ended for good, or was terminated
//     nobody    true         failed to start again; a try_again is on its way
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
  std::optional<child_spec> handle_call(const get_childspec& request) const;
  std::string handle_call(module_name) const { return module_; }
  void handle_cast(const try_again& again);
  void handle_info(exited end);
  void handle_info(any_message) {}  // as OTP's: what strangers send
  void terminate(const exit_reason&) { stop_from(0); }

 private:
  struct child {
    child_spec spec;
    pid process;
    bool restarting = false;
  };
  using place = std::vector<child>::iterator;

  supervisor_server(std::string module, supervisor_init init);
  [[nodiscard]] place find(std::string_view id) {
    return std::find_if(children_.begin(), children_.end(), [id](const child& c) { return c.spec.id == id; });
  }
  void ended(place at, const exit_reason& reason);
  void restart(place at);
  void restart_from(std::size_t first);
  [[nodiscard]] bool start_again(child& c);
  void stop_one(child& c);
  void stop_from(std::size_t first);
  void end_if_significant(const child_spec& spec);

  const std::string module_;
  const supervisor_options options_;
  otp::restart_window window_;
  std::vector<child> children_;
};

child_info info_of(const child_spec& spec, pid process, bool restarting) {
  return {spec.id, process, restarting, spec.type, spec.restart};
}

supervisor_server::supervisor_server(std::string module, supervisor_init init)
    : module_{std::move(module)}, options_{std::move(init.options)}, window_{options_.intensity, options_.period} {
  trap_exit(true);
  if (!options_.name.empty() && whereis(options_.name) != self()) register_name(options_.name);
  for (child_spec& spec : init.children) {
    auto started = otp::run_start(spec.start);
    if (!started) {
      otp::report("start_error", started.error().reason, spec, {});
      const exit_reason why = exit_reason::shutdown_with(failed_to_start{spec.id, started.error().reason});
      stop_from(0);
      joist::exit(why);
    }
    if (!started->process && spec.restart == restart_type::temporary) continue;
    if (options_.log_progress)
      log(log_level::info, fmt::format("supervisor {}: started child \"{}\" {}", self(), spec.id, started->process));
    children_.push_back({std::move(spec), started->process});
  }
}

child_result supervisor_server::handle_call(start_child request) {
  if (const auto problem = check_childspecs({&request.spec, 1}, options_.auto_shutdown)) return refused(*problem);
  if (const place there = find(request.spec.id); there != children_.end()) {
    if (there->process) return refused(error_kind::already_started, there->process);
    return refused(error_kind::already_present);
  }
  auto started = otp::run_start(request.spec.start);
  if (!started) {
    if (started.error().what == start_error::kind::failed)
      otp::report("start_error", started.error().reason, request.spec, {});
    return not_started(std::move(started).error());
  }
  const bool kept = started->process || request.spec.restart != restart_type::temporary;
  if (kept) children_.push_back({std::move(request.spec), started->process});
  return *std::move(started);
}

plain_result supervisor_server::handle_call(const terminate_child& request) {
  const place at = find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  stop_one(*at);
  if (at->spec.restart == restart_type::temporary) children_.erase(at);
  return {};
}

child_result supervisor_server::handle_call(const restart_child& request) {
  const place at = find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  if (at->process) return refused(error_kind::running, at->process);
  if (at->restarting) return refused(error_kind::restarting);
  auto started = otp::run_start(at->spec.start);
  if (!started) {
    otp::report("start_error", started.error().reason, at->spec, {});
    return not_started(std::move(started).error());
  }
  at->process = started->process;
  return *std::move(started);
}

plain_result supervisor_server::handle_call(const delete_child& request) {
  const place at = find(request.id);
  if (at == children_.end()) return refused(error_kind::not_found);
  if (at->process) return refused(error_kind::running, at->process);
  if (at->restarting) return refused(error_kind::restarting);
  children_.erase(at);
  return {};
}

std::vector<child_info> supervisor_server::handle_call(which_children) const {
  std::vector<child_info> newest_first;
  newest_first.reserve(children_.size());
  std::transform(children_.rbegin(), children_.rend(), std::back_inserter(newest_first),
                 [](const child& c) { return info_of(c.spec, c.process, c.restarting); });
  return newest_first;
}

child_counts supervisor_server::handle_call(count_children) const {
  child_counts n;
  n.specs = children_.size();
  for (const child& c : children_) {
    if (c.process) ++n.active;
    ++(c.spec.type == child_type::worker ? n.workers : n.supervisors);
  }
  return n;
}

std::optional<child_spec> supervisor_server::handle_call(const get_childspec& request) const {
  const auto at = std::find_if(children_.begin(), children_.end(), [&](const child& c) { return c.spec.id == request.id; });
  return at != children_.end() ? std::optional{at->spec} : std::nullopt;
}

void supervisor_server::handle_info(exited end) {
  if (!end.process) return;  // a thread's, or the runtime's: no child's
  const place at =
      std::find_if(children_.begin(), children_.end(), [&end](const child& c) { return c.process == end.process; });
  if (at != children_.end()) ended(at, end.reason);
}

void supervisor_server::ended(place at, const exit_reason& reason) {
  const pid process = std::exchange(at->process, {});
  const bool failed = !reason.is_orderly();
  if (failed || at->spec.restart == restart_type::permanent) otp::report("child_terminated", reason, at->spec, process);
  if (at->spec.restart == restart_type::permanent || (failed && at->spec.restart == restart_type::transient))
    return restart(at);
  const child_spec spec = at->spec;
  if (spec.restart == restart_type::temporary) children_.erase(at);
  end_if_significant(spec);
}

// A significant child has ended for good.
void supervisor_server::end_if_significant(const child_spec& spec) {
  if (!spec.significant || options_.auto_shutdown == auto_shutdown::never) return;
  const bool others = std::any_of(children_.begin(), children_.end(),
                                  [](const child& c) { return c.spec.significant && (c.process || c.restarting); });
  if (options_.auto_shutdown == auto_shutdown::any_significant || !others) stop(exit_reason::shutdown);
}

void supervisor_server::handle_cast(const try_again& again) {
  const place at = find(again.id);
  if (at != children_.end() && at->restarting) restart(at);
}

void supervisor_server::restart(place at) {
  at->restarting = false;
  if (!window_.add(clock::now())) {
    otp::report("shutdown", exit_reason::of("reached the most restarts within the period"), at->spec, {});
    return stop(exit_reason::shutdown);
  }
  switch (options_.strategy) {
    case supervision::one_for_one: (void)start_again(*at); return;
    case supervision::rest_for_one: return restart_from(static_cast<std::size_t>(at - children_.begin()));
    case supervision::one_for_all: return restart_from(0);
  }
}

// Those that stand before one that fails to start stay as they are: it is tried again as if it had ended.
void supervisor_server::restart_from(std::size_t first) {
  stop_from(first);
  for (std::size_t i = first; i < children_.size(); ++i) {
    if (!start_again(children_[i])) return;
  }
}

bool supervisor_server::start_again(child& c) {
  auto started = otp::run_start(c.spec.start);
  if (started) {
    c.process = started->process;
    return true;
  }
  otp::report("start_error", started.error().reason, c.spec, {});
  c.restarting = true;
  self_ref().cast(try_again{c.spec.id});
  return false;
}

void supervisor_server::stop_one(child& c) {
  c.restarting = false;
  if (!c.process) return;
  const pid process = std::exchange(c.process, {});
  const exit_reason reason = otp::stop_child(process, otp::policy_of(c.spec));
  if (!otp::stopped_as_told(reason, c.spec)) otp::report("shutdown_error", reason, c.spec, process);
}

// The youngest first. Temporary ones are gone then.
void supervisor_server::stop_from(std::size_t first) {
  for (std::size_t i = children_.size(); i > first; --i) {
    child& c = children_[i - 1];
    stop_one(c);
    if (c.spec.restart == restart_type::temporary) children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i - 1));
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
  server_options o;
  o.name = std::move(name);
  o.process.label = module.name.empty() ? std::string_view{"supervisor"} : std::string_view{module.name};
  auto started = try_start_link<supervisor_server>(o, module);
  if (!started) return failure{std::move(started).error()};
  return supervisor_ref{started->process()};
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
  child_spec spec;
  spec.id = std::move(id);
  spec.type = child_type::supervisor;
  spec.start = [options = std::move(options), children = std::move(children)] {
    return detail::child_of(try_start_supervisor(options, children));
  };
  return spec;
}

}  // namespace joist::inline v0
