// joist/names.hpp: names for processes, one each: for what others must find without having been told.
//
// Promises
//   a name belongs to one living process at most; it is free again before the process's down messages are seen
//
// See also: message.hpp (send by name), monitor.hpp (monitor by name). OTP: register/2.
#pragma once

#include <joist/pid.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0 {

inline constexpr std::size_t longest_name_bytes = 255;

/// Gives `process` a name. Throws errc::name_taken, errc::already_named, errc::no_process, and errc::bad_argument for
/// an empty name, one longer than longest_name_bytes, and the reserved "undefined".     [process]
void register_name(std::string_view name, pid process);
/// Names the caller.     [process]
void register_name(std::string_view name);
/// Frees a name. Throws errc::name_unknown.     [process]
void unregister_name(std::string_view name);
/// Who has the name.     [process]
[[nodiscard]] std::optional<pid> whereis(std::string_view name);
/// All names in use, in no order.     [process]
[[nodiscard]] std::vector<std::string> registered_names();

}  // namespace joist::inline v0
