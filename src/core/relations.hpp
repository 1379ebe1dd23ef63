// core/relations.hpp: the process's own ends of links, monitors and aliases. Only its owner calls these: no locks.
#pragma once

#include <joist/pid.hpp>

#include <cstdint>

#include "core/process_control.hpp"

namespace joist::inline v0::core {

/// A link signal came.
void add_link(process_control& p, pid other);
/// The exit of a linked process came: whether the link was there. It is gone after this.
[[nodiscard]] bool drop_link(process_control& p, pid other);
/// An unlink signal came: our end goes, unless the signal speaks of an older link; it is acknowledged.
void answer_unlink(process_control& p, pid other);
void unlink_acknowledged(process_control& p, pid other);

/// A message came through an alias: whether the alias is active. Ends it when this was its one reply.
[[nodiscard]] bool accept_alias(process_control& p, std::uint64_t reference);

}  // namespace joist::inline v0::core
