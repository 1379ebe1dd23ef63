#include "net/layered.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <new>
#include <vector>

#include "core/claim.hpp"
#include "core/scheduler.hpp"
#include "core/worker.hpp"
#include "net/pieces.hpp"

namespace joist::inline v0::net {
namespace detail {
namespace {

constexpr std::size_t gathered_bytes = std::size_t{16} << 10;

// Small pieces go together: each write of a layer has its price. noinline: whoever waits for the socket has none of this on
// its stack.
[[gnu::noinline]] io_result<std::size_t> write_some(stream_layer& layer, wire below, const unwritten& rest) {
  if (layer.has_unsent()) {
    if (const auto flushed = layer.flush(below); !flushed) return failure{flushed.error()};
  }
  const auto first = rest[0];
  if (first.size() >= gathered_bytes || rest.count() == 1) return layer.write(below, first);
  std::vector<std::byte> together;
  together.reserve(gathered_bytes);
  for (std::size_t i = 0; i < rest.count() && together.size() < gathered_bytes; ++i) {
    const auto piece = rest[i];
    const auto part = piece.first(std::min(piece.size(), gathered_bytes - together.size()));
    together.insert(together.end(), part.begin(), part.end());
  }
  return layer.write(below, together);
}

}  // namespace

io_result<void> write_through(stream_layer& layer, const descriptor& socket,
                              std::span<const std::span<const std::byte>> pieces, const deadline& limit) {
  unwritten rest{pieces};
  if (!rest.empty() && std::exchange(layer.owes_byte, false)) rest.drop(1);
  while (!rest.empty()) {
    entry& e = use(socket, "write");  // of each: others have their turn between them
    const auto taken = write_some(layer, wire{e}, rest);
    if (taken) {
      rest.drop(*taken);
    } else if (!is_would_block(taken.error())) {
      return failure{taken.error()};
    } else if (const std::error_code why = await(e.out, limit, "write")) {
      return failure{why};
    }
  }
  return flush_through(layer, socket, limit);
}

io_result<std::size_t> write_now(stream_layer& layer, wire below, std::span<const std::byte> some) {
  std::size_t taken = 0;
  if (const auto flushed = layer.flush(below); !flushed) {
    if (is_would_block(flushed.error())) return taken;
    return failure{flushed.error()};
  }
  if (!some.empty() && std::exchange(layer.owes_byte, false)) taken = 1;
  while (taken < some.size()) {
    const auto more = layer.write(below, some.subspan(taken));
    if (!more && is_would_block(more.error())) break;
    if (!more) return failure{more.error()};
    taken += *more;
  }
  if (taken > 0 && layer.has_unsent()) {
    layer.owes_byte = true;
    --taken;
  }
  return taken;
}

io_result<void> flush_through(stream_layer& layer, const descriptor& socket, const deadline& limit) {
  while (layer.has_unsent()) {
    entry& e = use(socket, "write");
    const auto flushed = layer.flush(wire{e});
    if (flushed) break;
    if (!is_would_block(flushed.error())) return flushed;
    if (const std::error_code why = await(e.out, limit, "write")) return failure{why};
  }
  return {};
}

io_result<void> finish_through(stream_layer& layer, const descriptor& socket) {
  constexpr auto longest = std::chrono::seconds{5};
  const auto told = layer.finish(wire{use(socket, "shutdown_write")});
  if (!told && !is_would_block(told.error())) return told;
  return flush_through(layer, socket, deadline{longest}.fixed());
}

// A process that fails has not said all that it wanted to say.
bool ends_well(const descriptor& socket) noexcept {
  const core::worker* w = core::this_worker();
  if (w == nullptr || w->running == nullptr || std::uncaught_exceptions() > 0) return false;
  core::process_control& p = *w->running;
  const entry* e = socket.get();
  if (e == nullptr || (e->owner && e->owner != w->home.pid_of(p))) return false;
  const core::owner_scope here{p};
  return !p.ending && (p.extras == nullptr || p.extras->reason.is_orderly());
}

namespace {

// What is unread when a socket is closed makes the system break it off, and what was written last is lost. Beside data,
// which nobody wanted, a layer's peer may have sent what the layer has not looked at.
[[gnu::noinline]] void drop_unread(wire below) {
  constexpr std::size_t most_bytes = std::size_t{64} << 10;
  std::array<std::byte, 4096> nowhere;
  for (std::size_t dropped = 0; dropped < most_bytes;) {
    const auto got = below.receive(nowhere);
    if (!got || *got == 0) return;
    dropped += *got;
  }
}

}  // namespace
}  // namespace detail

void stream::part() noexcept {
  if (detail::ends_well(fd_)) {
    const detail::wire below{*fd_.get()};
    try {
      (void)layer_->finish(below);
    } catch (const std::bad_alloc&) {  // then the peer sees that the connection has ended, and not why
    }
    detail::drop_unread(below);
  }
  layer_ = nullptr;
}

}  // namespace joist::inline v0::net
