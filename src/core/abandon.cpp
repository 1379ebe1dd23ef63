#include "core/abandon.hpp"

#include <unwind.h>

#include "base/assert.hpp"
#include "core/claim.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

struct place_walk {
  std::uint64_t hash = 0;
  int frames_left = 8;
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* argument) {
  auto& w = *static_cast<place_walk*>(argument);
  w.hash = w.hash * 31 + _Unwind_GetIP(context);
  return --w.frames_left > 0 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

// A stack that was lent may still be written to by those who have its address: nobody gets it again.
void replace_lent_stack(worker& w, process_control& p) {
  const std::size_t bytes = p.stack->bytes;
  w.home.stacks.retire_own(p);
  try {
    w.home.stacks.assign_own(p, bytes);
    p.stack->lent = false;
  } catch (const std::bad_alloc&) {
    // No memory for another of its size: it gets one of the pool when it runs.
  }
}

}  // namespace

void abandon_stack(process_control& p, const char* because, std::uint64_t place) {
  {
    const owner_scope here{p};
    rare_extras& x = p.more().rarely();
    x.given_up_because = because;
    x.given_up_at = place;
  }
  (void)switch_away(*this_worker(), intent::abandon);
  base::assertion_failed("an abandoned stack ran", "a stack that was given up does not run", __FILE__, __LINE__);
}

[[gnu::noinline]] std::uint64_t place_of_caller() noexcept {
  place_walk walk;
  _Unwind_Backtrace(&add_frame, &walk);
  return walk.hash;
}

void stack_given_up(worker& w, process_control& p) {
  process_extras& x = *p.extras;
  w.abandoned.add();
  p.inside.store(false, std::memory_order_release);  // it may have been left in the middle of a scope
  const owner_scope here{p};
  p.finishing = true;
  p.body = nullptr;
  p.box.in_guard = p.box.scanned = false;
  p.uncontained = p.uninterrupted = 0;
  p.telling = false;
  forget_throw(p);
  if (!p.ending) announce_exit(p, std::exchange(x.reason, {}), nullptr);
  if (w.home.given_up.first(x.rare->given_up_at)) {
    report r{report_kind::crash, log_level::error, w.home.pid_of(p), {}};
    r.text = fmt::format(
        "process {} \"{}\": its stack is given up, and what it owned is leaked: {}. The same in this place is counted from "
        "now "
        "on, in system_info().abandoned_stacks, and not logged.",
        r.process, x.label, x.rare->given_up_because);
    w.home.log(r.add("reason", x.reason.to_string()));
  }
  if (p.stack->lent) replace_lent_stack(w, p);
}

bool places_logged::first(std::uint64_t place) {
  const std::scoped_lock lock{mutex_};
  return seen_.size() < most && seen_.insert(place).second;
}

}  // namespace joist::inline v0::core
