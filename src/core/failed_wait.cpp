#include "core/failed_wait.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "core/claim.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

// In the largest unit in which it is a whole number.
std::string text_of(std::chrono::nanoseconds limit) {
  struct unit {
    std::int64_t nanoseconds;
    std::string_view name;
  };
  static constexpr std::array<unit, 3> units{{{1'000'000'000, "s"}, {1'000'000, "ms"}, {1000, "us"}}};
  for (const unit& u : units) {
    if (limit.count() % u.nanoseconds == 0) return fmt::format("{} {}", limit.count() / u.nanoseconds, u.name);
  }
  return fmt::format("{} ns", limit.count());
}

std::string text_of(const detail::failed_wait& w, const scheduler& home, const exit_reason& reason) {
  std::string text = w.what;
  if (w.message != nullptr) text += fmt::format(" of {} to", type_name(*w.message));
  if (w.whom) {
    text += fmt::format(" {}", w.whom);
    if (const std::string name = home.names.name_of(w.whom); !name.empty()) text += fmt::format(" \"{}\"", shown_name(name));
  }
  if (!w.limit.is_never() && !w.limit.is_point())
    text += fmt::format(", limit {}", text_of(std::chrono::nanoseconds{w.limit.from_now()}));
  if (w.is_whoms_reason) {
    const error_info* error = reason.error();
    const bool has_place = error != nullptr && !error->backtrace.empty();
    text += fmt::format("; the reason{} of {}", has_place ? ", and where it was thrown, are those" : " is that", w.whom);
  }
  return text;
}

// What was noted for this reason, if anything was.
const noted_wait* noted_for(const process_control& p, const exit_reason& reason) noexcept {
  if (p.extras == nullptr || p.extras->rare == nullptr || p.extras->rare->waited == nullptr) return nullptr;
  const noted_wait& noted = *p.extras->rare->waited;
  try {
    return noted.reason == reason ? &noted : nullptr;
  } catch (...) {  // by an operator== of the user's
    return nullptr;
  }
}

}  // namespace

void note_exit(process_control& p, const exit_reason& reason, const detail::failed_wait* wait) noexcept {
  if (wait == nullptr) {
    if (noted_for(p, reason) == nullptr) forget_failed_wait(p);
    return;
  }
  try {
    auto noted = std::make_unique<const noted_wait>(noted_wait{*wait, reason});
    const owner_scope here{p};  // ends before what was there, which may hold a value of the user's
    p.more().rarely().waited.swap(noted);
  } catch (const std::bad_alloc&) {
    forget_failed_wait(p);
  }
}

void forget_failed_wait(process_control& p) noexcept {
  if (p.extras == nullptr || p.extras->rare == nullptr || p.extras->rare->waited == nullptr) return;
  std::unique_ptr<const noted_wait> gone;
  const owner_scope here{p};  // ends first, as above
  gone.swap(p.extras->rare->waited);
}

void add_failed_wait(report& r, const scheduler& home, const process_control& p, const exit_reason& reason) {
  const noted_wait* noted = noted_for(p, reason);
  if (noted != nullptr) r.add(noted->wait.is_whoms_reason ? "exited in" : "in", text_of(noted->wait, home, reason));
}

}  // namespace joist::inline v0::core

namespace joist::inline v0::detail {

bool is_of_an_end(const exit_reason& reason) noexcept {
  return reason.which() != exit_reason::kind::noproc && reason.which() != exit_reason::kind::noconnection;
}

void exit_after_wait(exit_reason reason, const failed_wait& wait) {
  (void)core::require_process("exit");
  throw wait_exit{std::move(reason), wait};
}

void add_failed_wait(report& r, const exit_reason& reason) {
  const core::worker& w = core::require_process("add_failed_wait");
  core::add_failed_wait(r, w.home, *w.running, reason);
}

}  // namespace joist::inline v0::detail
