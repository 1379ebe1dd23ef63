#include <joist/otp/gen_event.hpp>
#include <joist/report.hpp>

#include <algorithm>
#include <iterator>

namespace joist::inline v0 {

std::string handler_error::to_string() const {
  switch (what) {
    case kind::not_found: return "the event manager has no such handler";
    case kind::already_present: return "the event manager has a handler of this class and id already";
    case kind::failed: return fmt::format("the handler failed: {}", reason);
  }
  return "the event manager refused";
}

namespace detail {
namespace {

std::string name_of(const event_handlers::installed& h) {
  const std::string type = type_name(*h.object.type().type);
  return h.id.empty() ? type : fmt::format("{} \"{}\"", type, h.id);
}

std::string state_of(const event_handlers::installed& h) {
  std::string state;
  if (const auto failed = catch_end([&] { state = h.object.type().describe(h.object.get()); }))
    state = fmt::format("format_status ended by {}", *failed);
  return state;
}

// What its supervisor is told.
exit_reason told(const handler_end& why) {
  switch (why.what) {
    case handler_end::kind::stopped: return exit_reason::shutdown;
    case handler_end::kind::failed: return why.reason;
    default: return exit_reason::normal;
  }
}

}  // namespace

std::optional<event_handlers::place> event_handlers::find(const handler_key& key) {
  const auto at = std::find_if(all_.begin(), all_.end(),
                               [&key](const installed& h) { return *h.object.type().type == *key.type && h.id == key.id; });
  return at == all_.end() ? std::nullopt : std::optional{at};
}

std::optional<handler_error> event_handlers::add(const handler_key& key, pid supervisor,
                                                 const std::function<handler_object()>& make) {
  if (find(key)) return handler_error{handler_error::kind::already_present};
  std::optional<handler_object> made;
  if (auto failed = catch_end([&] { made.emplace(make()); }))
    return handler_error{handler_error::kind::failed, std::move(*failed)};
  all_.push_front({std::move(*made), key.id, supervisor});
  supervise(supervisor);
  do_its_wish(all_.begin());
  return std::nullopt;
}

std::optional<exit_reason> event_handlers::end(place at, const handler_end& why, void* result) {
  std::list<installed> ended;
  ended.splice(ended.begin(), all_, at);  // it is not there any more, whatever its terminate does
  const handler_object& object = at->object;
  std::optional<exit_reason> failed = catch_end([&] { object.type().terminate(object.get(), why, result); });
  if (failed) report_failure(*at, "in terminate", nullptr, *failed);
  if (why.what != handler_end::kind::supervisor_ended) tell(*at, told(why));
  forget(at->supervisor);
  return failed;
}

std::optional<handler_error> event_handlers::swap(place at, handler_swap to, pid supervisor) {
  if (const auto other = find(to.to); other && *other != at) return handler_error{handler_error::kind::already_present};
  const pid before = at->supervisor;
  std::optional<handler_object> made;
  if (auto failed = catch_end([&] { made.emplace(to.make(at->object.get())); })) {
    std::list<installed> ended;
    ended.splice(ended.begin(), all_, at);
    report_failure(*at, "while another took its place", nullptr, *failed);
    tell(*at, *failed);
    forget(before);
    return handler_error{handler_error::kind::failed, std::move(*failed)};
  }
  if (supervisor && before && before != supervisor)
    tell(*at, exit_reason::of(handler_swapped{type_name(*to.to.type), to.to.id, supervisor}));
  at->object = std::move(*made);
  at->id = std::move(to.to.id);
  if (supervisor && before != supervisor) {
    at->supervisor = supervisor;
    supervise(supervisor);
    forget(before);
  }
  made.reset();  // the old one
  do_its_wish(at);
  return std::nullopt;
}

void event_handlers::notify(std::size_t event, const std::type_info& type, const void* value) {
  for (auto at = all_.begin(); at != all_.end();) {
    const auto now = at++;
    const auto handle = now->object.type().handle_event[event];
    if (handle == nullptr) continue;
    (void)run(now, &type, [handle, value](void* object) { handle(object, value); });
  }
}

void event_handlers::info(const any_message& message) {
  if (const auto* end = message.get_if<exited>(); end != nullptr && end_of_supervisor(end->process, end->reason)) return;
  bool taken = false;
  for (auto at = all_.begin(); at != all_.end();) {
    const auto now = at++;
    const auto handle = now->object.type().handle_info;
    if (run(now, &message.type(), [&](void* object) { taken |= handle(object, message); })) taken = true;
  }
  if (!taken) log_unhandled(manager_, message.type(), {});
}

void event_handlers::stop() {
  while (!all_.empty()) (void)end(all_.begin(), {handler_end::kind::stopped, {}});
}

std::vector<handler_info> event_handlers::list() const {
  std::vector<handler_info> handlers;
  for (const installed& h : all_) handlers.push_back({type_name(*h.object.type().type), h.id, h.supervisor});
  return handlers;
}

std::string event_handlers::describe() const {
  std::string text = fmt::format("{} handlers", all_.size());
  for (const installed& h : all_) {
    const std::string state = state_of(h);
    fmt::format_to(std::back_inserter(text), "\n    {}{}{}", name_of(h), state.empty() ? "" : ": ", state);
  }
  return text;
}

void event_handlers::hibernate() {
  for (auto at = all_.begin(); at != all_.end();) {
    const auto now = at++;
    (void)run(now, nullptr, [now](void* object) { now->object.type().hibernate(object); });
  }
  hibernates_ = false;
}

std::optional<exit_reason> event_handlers::run_one(place at, const std::type_info* what,
                                                   void (*f)(void* object, void* argument), void* argument) {
  std::optional<exit_reason> failed = catch_end([&] { f(at->object.get(), argument); });
  if (!failed) {
    do_its_wish(at);
    return std::nullopt;
  }
  report_failure(*at, what != nullptr ? "by a message" : "in handle_hibernate", what, *failed);
  (void)end(at, {handler_end::kind::failed, *failed});
  return failed;
}

void event_handlers::do_its_wish(place at) {
  handler_control* wish = at->object.type().control(at->object.get());
  if (wish == nullptr) return;
  hibernates_ |= std::exchange(wish->hibernates, false);
  if (wish->removes) return (void)end(at, {handler_end::kind::removed, {}});
  if (!wish->swap) return;
  const auto refused = swap(at, *std::exchange(wish->swap, std::nullopt), {});
  if (!refused || refused->what != handler_error::kind::already_present) return;
  const exit_reason reason = exit_reason::of("swap_to: there is a handler of this class and id already");
  report_failure(*at, "to be swapped", nullptr, reason);
  (void)end(at, {handler_end::kind::failed, reason});
}

void event_handlers::report_failure(const installed& handler, const char* when, const std::type_info* what,
                                    const exit_reason& reason) const {
  if (!logs(log_level::error)) return;
  report r{report_kind::crash, log_level::error, self(),
           fmt::format("event manager {}: handler {} failed {}", self(), name_of(handler), when)};
  if (what != nullptr) r.text += fmt::format(" of type {}", type_name(*what));
  r.text += ", and is removed";
  r.add("reason", reason.to_string());
  detail::add_failed_wait(r, reason);
  if (std::string state = state_of(handler); !state.empty()) r.add("state", std::move(state));
  log(r.add_thrown_at(reason));
}

bool event_handlers::end_of_supervisor(pid process, const exit_reason& reason) {
  bool any = false;
  for (auto at = all_.begin(); at != all_.end();) {
    const auto now = at++;
    if (now->supervisor != process) continue;
    any = true;
    (void)end(now, {handler_end::kind::supervisor_ended, reason});
  }
  return any;
}

// One that has ended is heard of as one that ends.
void event_handlers::supervise(pid supervisor) {
  if (supervisor) link(supervisor);
}

void event_handlers::tell(const installed& handler, exit_reason reason) const {
  if (!handler.supervisor) return;
  send(handler.supervisor, handler_exited{self(), type_name(*handler.object.type().type), handler.id, std::move(reason)});
}

// No handler of its is there any more: the link goes, but that of who has started the manager.
void event_handlers::forget(pid supervisor) {
  if (!supervisor || supervisor == manager_.parent) return;
  const bool others =
      std::any_of(all_.begin(), all_.end(), [supervisor](const installed& h) { return h.supervisor == supervisor; });
  if (others) return;
  unlink(supervisor);
  (void)receive<exited>([supervisor](const exited& e) { return e.process == supervisor; }, after(std::chrono::seconds{0}));
}

}  // namespace detail
}  // namespace joist::inline v0
