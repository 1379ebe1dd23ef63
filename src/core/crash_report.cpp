#include "core/crash_report.hpp"

#include <fmt/format.h>

#include "core/failed_wait.hpp"
#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::size_t most_links_shown = 20;

template <class Map, class PidOf>
std::string list_of(Map& map, PidOf&& pid_of) {
  std::string text;
  std::size_t shown = 0;
  map.for_each([&](std::uint64_t key, auto& value) {
    if (shown++ < most_links_shown) text += fmt::format("{}{}", text.empty() ? "" : " ", pid_of(key, value));
  });
  if (shown > most_links_shown) text += fmt::format(" and {} more", shown - most_links_shown);
  return text.empty() ? "none" : text;
}

}  // namespace

// A report must not add to what went wrong: see exit_reason::to_string for values that cannot be printed.
report crash_report_of(scheduler& home, process_control& p, const exit_reason& reason) {
  const pid self = home.pid_of(p);
  report r{report_kind::crash, log_level::error, self, fmt::format("process {} crashed", self)};
  if (p.extras != nullptr && !p.extras->label.empty()) r.add("label", p.extras->label);
  if (std::string name = home.names.name_of(self); !name.empty()) r.add("name", std::move(name));
  r.add("reason", reason.to_string());
  const bool runs_on = p.declared_dead.load(std::memory_order_relaxed);
  if (!runs_on) add_failed_wait(r, home, p, reason);
  if (p.parent) r.add("parent", fmt::format("{}", p.parent));
  // Of a process that runs on the mailbox is not to be looked at.
  if (!runs_on) {
    r.add("message queue length", fmt::format("{}", p.box.length));
  } else {
    r.add("running", "it did not come to the runtime: its thread runs on until it does");
  }
  if (p.extras != nullptr) {
    r.add("links", list_of(p.extras->links, [](std::uint64_t key, auto&) { return pid::from_value(key); }));
    r.add("monitored by", list_of(p.extras->watchers, [](std::uint64_t, const watcher_entry& w) { return w.process; }));
  }
  return r.add_thrown_at(reason);
}

}  // namespace joist::inline v0::core
