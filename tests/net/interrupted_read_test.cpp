// What comes between the two instructions of a read that has found nothing: the system's recv is ours in this program.
#include <joist/net/stream.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "support/bare_peer.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::stream;

namespace {

std::function<void()> after_nothing_was_found;  // once

}  // namespace

extern "C" ssize_t recv(int number, void* into, std::size_t bytes, int flags) {
  const ssize_t got = ::syscall(SYS_recvfrom, number, into, bytes, flags, nullptr, nullptr);
  if (got >= 0 || errno != EAGAIN || after_nothing_was_found == nullptr) return got;
  std::exchange(after_nothing_was_found, nullptr)();
  errno = EAGAIN;
  return -1;
}

// The poller tells that the peer has closed once, perhaps with the data before: it must not be forgotten with what was told
// of the descriptor before (stream_test: "told wrongly").
TEST_CASE("stream: data and the end that come when a read has just found nothing are both read") {
  on_workers([] {
    with_bare_peer pair = connect_bare_peer();
    stream& here = pair.here;
    after_nothing_was_found = [peer = pair.peer, &e = pair.known] {
      EXPECT(::write(peer, "data", 4) == 4 && ::close(peer) == 0);
      while (!e.in.is_ready() || !e.ended) {  // another worker polls
      }
    };
    std::array<std::byte, 64> buffer{};
    EXPECT(here.read_some(buffer, 5s) == 4);
    EXPECT(after_nothing_was_found == nullptr);
    EXPECT(here.read_some(buffer, 5s) == 0);
    EXPECT(here.read_some(buffer, 5s) == 0);
  });
}
