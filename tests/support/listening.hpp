// tests/support/listening.hpp: tests that attach handlers of telemetry, and leave none behind.
#pragma once

#include <joist/telemetry.hpp>

#include <functional>

#include "support/world.hpp"

namespace support {

/// Everywhere, and its handlers are detached at its end.
inline void with_nobody_listening(const std::function<void()>& body) {
  everywhere([&body] {
    body();
    for (const auto& h : joist::telemetry::handlers()) EXPECT(joist::telemetry::detach(h.id));
  });
}

}  // namespace support
