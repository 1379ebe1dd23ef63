#include "core/trace.hpp"

#include <fmt/format.h>

#include <string_view>

#include "core/scheduler.hpp"
#include "core/signal.hpp"
#include "core/simulation.hpp"

namespace joist::inline v0::core {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

// A trace must not change what it tells: the listener's code may be preemptible, and takes no turn. Words that there is no
// memory for are lost.
template <class Words>
void tell(simulation& world, Words&& words) noexcept {
  if (!world.traces()) return;
  worker& w = *this_worker();
  const section<&process_control::uninterrupted> uninterrupted{w.running};
  const auto reductions = w.reductions_left;
  const auto polls = w.polls_left;
  const auto elapsed = static_cast<double>(world.elapsed().count());
  try {
    world.tell(fmt::format("{:.6f} {}", elapsed * 1e-9, words()));
  } catch (...) {
  }
  w.reductions_left = reductions;
  w.polls_left = polls;
}

// One that has ended, or is of elsewhere, has no words of its own.
std::string who_is(scheduler& home, pid process) {
  const process_control* p = home.find(process);
  return p != nullptr ? who_is(home, *p) : fmt::format("{}", process);
}

}  // namespace

std::string called(scheduler& home, const process_control& p) {
  return p.extras != nullptr && !p.extras->label.empty() ? p.extras->label : home.names.name_of(home.pid_of(p));
}

std::string who_is(scheduler& home, const process_control& p) {
  const std::string name = called(home, p);
  return name.empty() ? fmt::format("{}", home.pid_of(p)) : fmt::format("{} \"{}\"", home.pid_of(p), name);
}

std::string type_in(const node& n) {
  std::string name = type_name(*n.type->type);
  replace_all(name, "joist::v0::", "joist::");
  replace_all(name, "(anonymous namespace)::", "");
  return name;
}

void trace_turn(worker& w, const process_control& p) noexcept {
  tell(*w.simulated, [&] { return fmt::format("{} runs, for {} reductions", who_is(w.home, p), w.reductions_left); });
}

void trace_send(worker& w, pid target, const node& signal) noexcept {
  tell(*w.simulated, [&] {
    const std::string from = w.running != nullptr ? who_is(w.home, *w.running) : "a timer";
    std::string what = "an exit signal";
    if (signal.type->kind == node_kind::message) {
      what = type_in(signal);
    } else if (signal.type->kind == node_kind::exit) {
      what += " " + detail::payload_of<exit_payload>(const_cast<node&>(signal)).reason.to_string();
    }
    return fmt::format("{} sends {} to {}", from, what, who_is(w.home, target));
  });
}

void trace_receive(simulation& world, const process_control& p, const node& taken) noexcept {
  tell(world, [&] { return fmt::format("{} receives {}", who_is(this_worker()->home, p), type_in(taken)); });
}

void trace_spawn(worker& w, const process_control& child) noexcept {
  tell(*w.simulated, [&] { return fmt::format("{} spawns {}", who_is(w.home, *w.running), who_is(w.home, child)); });
}

void trace_end(simulation& world, const process_control& p, const exit_reason& reason, pid by) noexcept {
  tell(world, [&] {
    const std::string whose = by ? fmt::format(", by a signal of {}", by) : "";
    return fmt::format("{} ends: {}{}", who_is(this_worker()->home, p), reason.to_string(), whose);
  });
}

}  // namespace joist::inline v0::core
