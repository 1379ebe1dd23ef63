// tests/support/ends.hpp: how processes end, as their monitors see it.
#pragma once

#include <joist/joist.hpp>

#include <utility>

namespace support {

/// Waits for the end of a monitored process and returns its reason.
inline joist::exit_reason reason_of(const joist::monitored& m) {
  return joist::receive<joist::down>([m](const joist::down& d) { return d.monitor == m.monitor; }).reason;
}

/// Runs `body` in a process of its own and returns why it ended.
template <class Body>
joist::exit_reason reason_after(Body&& body) {
  return reason_of(joist::spawn_monitor(std::forward<Body>(body)));
}

/// Waits until `process` has ended.
inline joist::exit_reason await_end(joist::pid process) { return reason_of({process, joist::monitor(process)}); }

inline joist::exit_reason named_reason(const char* text) { return joist::exit_reason::of(std::string{text}); }

/// Lives until something ends it.
[[noreturn]] inline void wait_for_ever() {
  for (;;) joist::sleep_for(joist::infinity);
}

struct go {};

}  // namespace support
