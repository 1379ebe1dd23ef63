// joist/otp/ancestors.hpp: who started a process, and who started that.
//
// See also: proc.hpp. OTP: the $ancestors of proc_lib.
#pragma once

#include <joist/pid.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace joist::inline v0 {

/// The ancestors of the caller, the nearest first, at most 64; none for a process that was only spawned. They may have
/// ended.     [process]
[[nodiscard]] std::vector<pid> ancestors();

namespace detail {
using lineage = std::shared_ptr<const std::vector<pid>>;  // of a family: all children of one process share it
/// What the children of the caller have for ancestors.     [process]
[[nodiscard]] lineage lineage_of_children();
/// Before anything else of a process that somebody of this lineage started.     [process]
void descend_from(lineage ancestors);
}  // namespace detail

}  // namespace joist::inline v0
