// core/replay_command.hpp: how this program was started, as one types it in a shell. Pure, but for the look at /proc.
#pragma once

#include <string>
#include <string_view>

namespace joist::inline v0::core {

/// The arguments in `cmdline`, each ended by a null as in /proc/self/cmdline, quoted for a shell where they need it.
[[nodiscard]] std::string shell_command(std::string_view cmdline);
/// Of this program; without /proc, its name alone.
[[nodiscard]] std::string own_command();

}  // namespace joist::inline v0::core
