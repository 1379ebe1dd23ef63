#include "core/crash_report.hpp"

#include <fmt/format.h>

#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::size_t most_links_shown = 20;

template <class Map, class PidOf>
std::string list_of(Map& map, PidOf&& pid_of) {
  std::string text;
  std::size_t shown = 0;
  map.for_each([&](std::uint64_t key, auto& value) {
    if (shown++ < most_links_shown) text += fmt::format(" {}", pid_of(key, value));
  });
  if (shown > most_links_shown) text += fmt::format(" and {} more", shown - most_links_shown);
  return text.empty() ? " none" : text;
}

}  // namespace

std::string crash_report_of(scheduler& home, process_control& p, const exit_reason& reason) {
  const pid self = home.pid_of(p);
  // A report must not add to what went wrong: see exit_reason::to_string for values that cannot be printed.
  fmt::memory_buffer out;
  auto line = [&out](auto format, const auto&... values) { fmt::format_to(std::back_inserter(out), format, values...); };
  line(FMT_STRING("process {} crashed\n"), self);
  if (p.extras != nullptr && !p.extras->label.empty()) line(FMT_STRING("  label: {}\n"), p.extras->label);
  const std::string name = home.names.name_of(self);
  if (!name.empty()) line(FMT_STRING("  name: {}\n"), name);
  line(FMT_STRING("  reason: {}\n"), reason.to_string());
  if (p.parent) line(FMT_STRING("  parent: {}\n"), p.parent);
  // Of a process that runs on the mailbox is not to be looked at.
  if (!p.declared_dead.load(std::memory_order_relaxed)) {
    line(FMT_STRING("  message queue length: {}\n"), p.box.length);
  } else {
    line(FMT_STRING("  it did not come to the runtime: its thread runs on until it does\n"));
  }
  if (p.extras != nullptr) {
    line(FMT_STRING("  links:{}\n"),
         list_of(p.extras->links, [](std::uint64_t key, auto&) { return pid::from_value(key); }));
    line(FMT_STRING("  monitored by:{}\n"), list_of(p.extras->watchers, [](std::uint64_t, pid watcher) { return watcher; }));
  }
  if (reason.error() != nullptr && !reason.error()->backtrace.empty()) {
    line(FMT_STRING("  thrown at:\n"));
    for (const auto& frame : symbolize(reason.error()->backtrace)) line(FMT_STRING("    {}\n"), frame);
  }
  return {out.data(), out.size() - 1};
}

}  // namespace joist::inline v0::core
