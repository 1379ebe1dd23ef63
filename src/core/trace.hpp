// core/trace.hpp: what a simulated world tells of each step, a line each, to who wants to know why a seed fails.
//
//   0.003000 <3841.2.1> "cell" receives get
//   virtual time, who (label, else name), what
//
// Each of these says nothing where nobody listens. The scheduler calls them behind its look at worker::simulated: on real
// workers that is all it costs.     [worker, process]
#pragma once

#include <string>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

class simulation;
struct worker;

/// The label, else the name; empty where it has neither.
[[nodiscard]] std::string called(scheduler& home, const process_control& p);
/// <3841.2.1> "cell": with what it is called, if it is.
[[nodiscard]] std::string who_is(scheduler& home, const process_control& p);
/// The type of what is in a node, as one writes it in the program.
[[nodiscard]] std::string type_in(const detail::node& n);

void trace_turn(worker& w, const process_control& p) noexcept;
/// A message or an exit signal; of the running process, or else of a timer.
void trace_send(worker& w, pid target, const detail::node& signal) noexcept;
void trace_receive(simulation& world, const process_control& p, const detail::node& taken) noexcept;
void trace_spawn(worker& w, const process_control& child) noexcept;
/// `by`: the other process whose exit signal it was.
void trace_end(simulation& world, const process_control& p, const exit_reason& reason, pid by) noexcept;

}  // namespace joist::inline v0::core
