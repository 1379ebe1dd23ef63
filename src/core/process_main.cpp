#include "core/process_main.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>

#include "core/abandon.hpp"
#include "core/claim.hpp"
#include "core/failed_wait.hpp"
#include "core/fault.hpp"
#include "core/scheduler.hpp"
#include "core/throw_trace.hpp"

namespace joist::inline v0::core {
namespace {

// The exception that is being handled, as an E, or null. Where the library tells, without throwing it again: a throw costs a
// walk over the stack and back.
template <class E>
const E* caught_as() noexcept {
#if defined(__GLIBCXX__)
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return nullptr;  // of another language
  const std::exception_ptr current = std::current_exception();
  void* object = *reinterpret_cast<void* const*>(&current);  // of a pointer type: where the pointer is
  if constexpr (std::is_class_v<E>) {
    return typeid(E).__do_catch(type, &object, 1) ? static_cast<const E*>(object) : nullptr;
  } else {
    return typeid(E) == *type ? static_cast<const E*>(object) : nullptr;
  }
#else
  try {
    throw;
  } catch (const E& e) {
    return &e;  // it is handled further out, too, and lives
  } catch (...) {
    return nullptr;
  }
#endif
}

}  // namespace

thrown_value describe_current_exception() {
  auto text = [](const char* t) { return std::string{t != nullptr ? t : ""}; };
  if (const auto* e = caught_as<std::exception>()) return {type_name(typeid(*e)), text(e->what())};
  using literal = const char*;
  if (const auto* t = caught_as<literal>()) return {"const char*", text(*t)};
  if (const auto* s = caught_as<std::string>()) return {"std::string", *s};
  if (const auto* n = caught_as<int>()) return {"int", std::to_string(*n)};
  const std::type_info* type = abi::__cxa_current_exception_type();
  return {type != nullptr ? type_name(*type) : "a foreign exception", ""};
}

namespace {

void call_body(void* body) {
  auto& c = *static_cast<detail::closure*>(body);
  c.run(c);
}

// In a handler: why the process ends.
[[gnu::noinline, gnu::cold]] exit_reason reason_of_current_exception(process_control& p) {
  if (const auto* e = caught_as<process_exit>()) {
    const auto* waited = caught_as<detail::wait_exit>();
    note_exit(p, e->reason(), waited != nullptr ? &waited->wait() : nullptr);
    return e->reason();
  }
  forget_failed_wait(p);
  if (const auto* e = caught_as<forced_exit>()) return e->reason();
  if (const auto* f = caught_as<fault>()) return reason_of(*f);
  auto [type, what] = describe_current_exception();
  return exit_reason::error({std::move(type), std::move(what),
                             p.extras != nullptr && p.extras->thrown ? std::move(p.extras->thrown->at) : throw_trace{}});
}

[[gnu::noinline, gnu::cold]] void note_end(process_control& p) {
  exit_reason reason = reason_of_current_exception(p);
  const owner_scope here{p};
  if (!p.ending) p.more().reason = std::move(reason);
  forget_throw(p);
}

// The body has returned, and is to be called again: true, at once. It does not return where the process waits for that.
[[gnu::noinline]] bool begins_anew(process_control& p) {
  p.begins_anew = false;
  charge(*this_worker());  // a body may take no messages at all
  wait_without_frames(p);
  return true;
}

// The frames below a process's own are on its stack while it waits, a million times: this one and process_main() keep what
// they need in the process, and leave the rest to functions that are called when the body is over.
[[gnu::noinline]] void run_body(process_control& p) {
  try {
    if (this_worker()->home.events.is_heard(telemetry::detail::event_type_of<telemetry::process_spawned>)) [[unlikely]] {
      if (p.left_with == intent::yield) tell_spawned(p);  // else it has begun before
    }
    do {
      if (p.ending) return;  // ended before it began, or while it waited without a stack
      call_tracing_throws(&call_body, p.body, &p);
    } while (p.begins_anew && begins_anew(p));
  } catch (...) {
    note_end(p);
  }
}

[[gnu::noinline]] void finish(process_control& p) {
  p.finishing = true;
  detail::closure* body = nullptr;
  {
    const owner_scope here{p};  // the watcher reads which body it is
    body = std::exchange(p.body, nullptr);
  }
  // None where the process has given its stack up: what the body owned is leaked, for its frames still use it.
  if (body != nullptr) body->destroy(*body);
  if (p.extras != nullptr) drop_locals(*p.extras);
  {
    const owner_scope here{p};
    if (!p.ending)
      announce_exit(p, p.extras != nullptr ? std::exchange(p.extras->reason, {}) : exit_reason::normal, nullptr);
  }
  if (p.declared_dead.load(std::memory_order_relaxed)) {
    drop_timers_late(p);                             // its end has been told
  } else if (!std::exchange(p.end_is_told, true)) {  // else it has given up its stack since
    if (const auto end = end_to_tell::of(this_worker()->home, p)) end->tell(this_worker()->home);
  }
  clear_process(p);
  (void)switch_away(*this_worker(), intent::end);
}

}  // namespace

}  // namespace joist::inline v0::core

namespace joist::inline v0::detail {

[[gnu::noinline]] std::optional<exit_reason> call_catching_end(void (*f)(void*), void* argument) {
  core::process_control& p = *core::require_process("catch_end").running;
  try {
    core::call_tracing_throws(f, argument, &p);
    return std::nullopt;
  } catch (const forced_exit&) {
    throw;
  } catch (...) {
    exit_reason reason = core::reason_of_current_exception(p);
    forget_throw(p);
    return reason;
  }
}

void exit_on_return(exit_reason reason) {
  core::process_control& p = *core::require_process("exit_on_return").running;
  p.begins_anew = false;
  const core::owner_scope here{p};
  if (!p.ending) p.more().reason = std::move(reason);
}

void end_on_return() noexcept { core::this_worker()->running->begins_anew = false; }

}  // namespace joist::inline v0::detail

namespace joist::inline v0::core {

void process_main(fiber::fiber& self, fiber::thread_frame&) {
  auto& p = static_cast<process_control&>(self);
  run_body(p);
  finish(p);
}

void unwind(process_control& p) { throw forced_exit{p.extras->reason}; }

bool cleans_up(const process_control& p) noexcept {
  if (p.finishing || std::uncaught_exceptions() > 0) return true;
  const std::type_info* caught = abi::__cxa_current_exception_type();
  return caught != nullptr && *caught == typeid(forced_exit);
}

void unwind_from_wait(process_control& p, bool has_timeout) {
  if (!p.finishing && std::uncaught_exceptions() == 0) unwind(p);
  // A destructor waits while its stack is being unwound: to throw would end the program.
  if (has_timeout) return;
  abandon_stack(p, "it waits in a destructor while it is being ended; give receive an after(...) in destructors",
                place_of_caller());
}

}  // namespace joist::inline v0::core
