// tests/support/ping.hpp: two processes that send each other messages, as a sign that others are served.
#pragma once

#include <joist/joist.hpp>

namespace support {

struct ping {
  joist::pid from;
};
struct pong {};

/// Round trips between the caller and a process of its own.
inline void play(int times) {
  const joist::pid other = joist::spawn_link([] {
    for (;;) joist::send(joist::receive<ping>().from, pong{});
  });
  for (int i = 0; i < times; ++i) {
    joist::send(other, ping{joist::self()});
    joist::receive<pong>();
  }
  joist::unlink(other);
  joist::exit(other, joist::exit_reason::kill);
}

}  // namespace support
