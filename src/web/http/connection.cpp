#include "web/http/connection.hpp"

#include <joist/joist.hpp>

#include <utility>

#include "web/http/secure.hpp"
#include "web/http/serving.hpp"

namespace joist::inline v0::web::http {
namespace {

using namespace std::chrono_literals;
using joist::detail::deadline;

constexpr auto silence_before_rest = 1s;

enum class came : std::uint8_t { something, nothing, at_a_stop };

[[gnu::noinline]] came wait_for(const deadline& limit) {
  return receive([](net::readable) { return came::something; }, [](net::stopping) { return came::at_a_stop; },
                 after(limit, [] { return came::nothing; }));
}

// A client that is silent for a while is often silent for long. At a stop who has just connected gets a moment, for its
// request is on the way, and what has come already is answered: the message goes back for goes_on(), and for who takes the
// connection over.
[[gnu::noinline]] came wait_for_request(net::stream& peer, const deadline& limit, bool is_first) {
  constexpr auto moment = 250ms;
  peer.announce_readable();
  const deadline awake = deadline{silence_before_rest}.fixed();
  const bool rests_later = awake.resolve() < limit.resolve();
  came what = wait_for(rests_later ? awake : limit);
  if (what == came::nothing && rests_later) {
    hibernate_next_wait();
    what = wait_for(limit);
  }
  if (what != came::at_a_stop) return what;
  send(self(), net::stopping{});
  if (!is_first) return what;
  return receive([](net::readable) { return came::at_a_stop; }, after(moment, [] { return came::nothing; }));
}

// noinline: its frame, and those below it, are not on the stack of a connection that waits.
[[gnu::noinline]] bool serve_what_came(net::stream& peer, const service& how, std::uint64_t& count,
                                       std::unique_ptr<takeover>& taken) {
  serving now{peer, how, count};
  const bool waits = now.run();
  taken = now.taken();
  return waits;
}

// noinline: what serving requests needs is not on the stack of another protocol.
[[gnu::noinline]] std::unique_ptr<takeover> serve_requests(net::stream& peer, const service& how) {
  std::uint64_t count = 0;
  std::unique_ptr<takeover> taken;
  deadline limit = deadline{how.options.times.first_byte}.fixed();
  for (;;) {
    const came what = wait_for_request(peer, limit, count == 0);
    if (what == came::nothing) return taken;
    const std::uint64_t before = count;
    if (!serve_what_came(peer, how, count, taken)) return taken;
    if (what == came::at_a_stop && count > 0) return taken;                 // none yet: it was told once too often
    if (count != before) limit = deadline{how.options.times.idle}.fixed();  // blank lines alone buy no time
  }
}

}  // namespace

void serve_connection(net::stream& peer, const service& how) {
  if (how.options.tls && !secure(peer, *how.options.tls, how.options.times.first_byte)) return;
  auto taken = serve_requests(peer, how);
  if (taken == nullptr) return;
  next_protocol& next = *taken->protocol;
  next.run(peer, std::move(taken));
}

}  // namespace joist::inline v0::web::http
