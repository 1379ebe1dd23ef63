// core/fault_handlers.hpp: the handlers of the program's signals, ours and those before us.
#pragma once

#include <signal.h>

#include <array>

namespace joist::inline v0::core {

/// Handles the signals of faults. May leave by an exception.
void on_fault(int signal, siginfo_t* info, void* context);
/// Handles std::terminate.
[[noreturn]] void on_terminate();

/// Whether somebody handled the signal before us.
[[nodiscard]] bool handled_before(int signal) noexcept;
/// What would be without us: the handler before us, or the default action, taken when this one returns.
void hand_on(int signal, siginfo_t* info, void* context) noexcept;
/// The terminate handler before us.
[[noreturn]] void hand_on_terminate() noexcept;

}  // namespace joist::inline v0::core
