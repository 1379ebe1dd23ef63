#include "core/telemetry.hpp"

#include <joist/process.hpp>

#include <algorithm>

#include "core/claim.hpp"
#include "core/process_main.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0 {
namespace core {

using telemetry::any_event;
using telemetry::detail::event_type;
using telemetry::detail::event_type_of;

struct event_handlers::handler {
  std::string id;
  std::vector<const event_type*> types;  // empty: all
  telemetry::detail::handler_function call;

  [[nodiscard]] bool wants(const event_type& type) const noexcept {
    return types.empty() || std::find(types.begin(), types.end(), &type) != types.end();
  }
  [[nodiscard]] std::uint64_t bits() const noexcept {
    std::uint64_t all = types.empty() ? ~std::uint64_t{0} : 0;
    for (const event_type* type : types) all |= type->bit;
    return all;
  }
};

namespace {

thread_local bool thread_tells = false;  // a handler runs on it, in no process

/// What handlers do raises no events: those would call them again.
class telling {
 public:
  explicit telling(process_control* p) noexcept : flag_{p != nullptr ? p->telling : thread_tells}, nested_{flag_} {
    flag_ = true;
  }
  ~telling() { flag_ = nested_; }
  telling(const telling&) = delete;
  telling& operator=(const telling&) = delete;
  [[nodiscard]] bool nested() const noexcept { return nested_; }

 private:
  bool& flag_;
  bool nested_;
};

process_control* running_here() noexcept {
  const worker* w = this_worker();
  return w != nullptr ? w->running : nullptr;
}

// Why the handler failed, if it did. The end of the process from outside is not its failure, and goes on.
std::optional<exit_reason> call(const telemetry::detail::handler_function& handler, const any_event& e) {
  if (running_here() != nullptr) return catch_end([&] { handler(e); });
  try {
    handler(e);
    return std::nullopt;
  } catch (...) {
    auto [type, what] = describe_current_exception();
    return exit_reason::error({std::move(type), std::move(what), {}});
  }
}

}  // namespace

event_handlers::event_handlers() : handlers_{std::make_shared<const list>()} {}
event_handlers::~event_handlers() = default;

std::shared_ptr<const event_handlers::list> event_handlers::current() const {
  const std::scoped_lock lock{mutex_};
  return handlers_;
}

// Under mutex_. The one before goes when nobody uses it any more; handlers are users' and are destroyed out of the lock.
void event_handlers::replace(std::shared_ptr<const list> by) {
  std::uint64_t bits = 0;
  for (const auto& h : *by) bits |= h->bits();
  handlers_.swap(by);
  heard_.store(bits, std::memory_order_relaxed);
}

bool event_handlers::attach(std::string id, std::vector<const event_type*> types,
                            telemetry::detail::handler_function handler_call) {
  auto made = std::make_shared<handler>(handler{std::move(id), std::move(types), std::move(handler_call)});
  const std::scoped_lock lock{mutex_};
  if (std::any_of(handlers_->begin(), handlers_->end(), [&made](const auto& h) { return h->id == made->id; })) return false;
  auto longer = std::make_shared<list>(*handlers_);
  longer->push_back(std::move(made));
  replace(std::move(longer));
  return true;
}

template <class Which>
bool event_handlers::remove(Which which) {
  std::shared_ptr<const list> before;  // destroyed after the lock
  const std::scoped_lock lock{mutex_};
  auto shorter = std::make_shared<list>(*handlers_);
  if (std::erase_if(*shorter, which) == 0) return false;
  before = handlers_;
  replace(std::move(shorter));
  return true;
}

bool event_handlers::detach(std::string_view id) {
  return remove([id](const auto& h) { return h->id == id; });
}

std::vector<telemetry::attached> event_handlers::all() const {
  std::vector<telemetry::attached> found;
  const std::shared_ptr<const list> attached_now = current();
  for (const auto& h : *attached_now) {
    found.push_back({h->id, {}});
    for (const event_type* type : h->types) found.back().events.push_back(type->name);
  }
  return found;
}

void event_handlers::tell(scheduler& home, const event_type& type, const void* event) {
  const telling now{running_here()};
  if (!now.nested()) tell_each(home, {type, event}, type);
}

void event_handlers::tell_each(scheduler& home, const any_event& e, const event_type& type) {
  const std::shared_ptr<const list> attached_now = current();
  for (const auto& h : *attached_now) {
    if (!h->wants(type)) continue;
    if (auto failed = call(h->call, e)) drop(home, h, type, *std::move(failed));
  }
}

void event_handlers::drop(scheduler& home, const std::shared_ptr<handler>& failed, const event_type& type,
                          exit_reason reason) {
  if (!remove([&failed](const auto& h) { return h == failed; })) return;  // another process has dropped it
  report r{report_kind::crash, log_level::error, {}, {}};
  r.text = fmt::format("telemetry: handler \"{}\" failed by event {}, and is detached", failed->id, type.name);
  home.log(r.add("reason", reason.to_string()).add_thrown_at(reason));
  const auto& failures = event_type_of<telemetry::handler_failed>;
  if (&type == &failures) return;
  const telemetry::handler_failed e{{}, {failed->id, type.name, std::move(reason)}};
  tell_each(home, {failures, &e}, failures);
}

[[gnu::noinline]] void tell_spawned(process_control& p) {
  scheduler& home = this_worker()->home;
  const std::string label = p.extras != nullptr ? p.extras->label : "";
  const telemetry::process_spawned e{{}, {home.pid_of(p), p.parent, label}};
  home.events.tell(home, event_type_of<telemetry::process_spawned>, &e);
}

[[gnu::noinline]] std::optional<end_to_tell> end_to_tell::of(scheduler& home, process_control& p) {
  if (!home.events.is_heard(event_type_of<telemetry::process_exited>)) return std::nullopt;
  const process_extras& x = p.more();
  end_to_tell end;
  end.process_ = home.pid_of(p);
  end.parent_ = p.parent;
  end.label_ = x.label;
  end.reason_ = x.reason;
  end.reductions_ = p.spent.load(std::memory_order_relaxed);
  end.queue_length_ =
      p.declared_dead.load(std::memory_order_relaxed) ? p.backlog.load(std::memory_order_relaxed) : p.box.length;
  return end;
}

void end_to_tell::tell(scheduler& home) const {
  const telemetry::process_exited e{{reductions_, queue_length_}, {process_, parent_, label_, reason_}};
  home.events.tell(home, event_type_of<telemetry::process_exited>, &e);
}

}  // namespace core

namespace telemetry {

void detail::attach_handler(std::string id, std::vector<const event_type*> types, handler_function handler) {
  core::event_handlers& events = core::require_process("telemetry::attach").home.events;
  if (!events.attach(id, std::move(types), std::move(handler)))
    throw error{errc::name_taken, fmt::format("telemetry::attach: a handler of the id \"{}\" is attached already", id)};
}

const std::atomic<std::uint64_t>* detail::heard_word() noexcept {
  const core::worker* w = core::this_worker();
  return w != nullptr && w->running != nullptr ? &w->home.events.heard() : nullptr;
}

bool detail::is_heard(const event_type& type) { return core::require_process("telemetry").home.events.is_heard(type); }

void detail::tell_handlers(const event_type& type, const void* event) {
  core::scheduler& home = core::require_process("telemetry::execute").home;
  home.events.tell(home, type, event);
}

void attach_to_all(std::string id, std::function<void(const any_event&)> handler) {
  detail::attach_handler(std::move(id), {}, std::move(handler));
}

bool detach(std::string_view id) { return core::require_process("telemetry::detach").home.events.detach(id); }

std::vector<attached> handlers() { return core::require_process("telemetry::handlers").home.events.all(); }

}  // namespace telemetry
}  // namespace joist::inline v0
