// net/names.hpp: which addresses the two ends of a descriptor have.
#pragma once

#include <joist/net/endpoint.hpp>

namespace joist::inline v0::net::detail {

/// Nothing where the system knows none.     [any thread]
[[nodiscard]] endpoint local_of(int number);
[[nodiscard]] endpoint peer_of(int number);

}  // namespace joist::inline v0::net::detail
