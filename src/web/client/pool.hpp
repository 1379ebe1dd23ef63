// web/client/pool.hpp: who has how many connections to which host: a process that keeps those that wait for their next
// request, and gives out places.
//
// A caller asks for a place, and gets it with a connection that waits, or without one: then it opens one itself, in its own
// time. It gives the place back with a connection that can be used again, or without. Streams travel inside of these
// messages, so that each belongs to one process.
//
// place    meaning                                          who moves it on
//   waiting  the host has `max_per_host` in use               another gives back -> held; given up, its process ended ->
//   gone held     its process uses a connection                    given back, its process ended -> gone
//
// Invariants
// P1: a host has at most `max_per_host` places held; it has more connections only while a caller's is being closed
// P2: a place ends with its process, however that ends: each is monitored from the question on
// P3: an idle connection is told of by its peer's end, by bytes that nobody asked for, or by its age, and is closed then
#pragma once

#include <joist/net/stream.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/web/client.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

namespace joist::inline v0::web::http {

class client_pool : public gen_server<client_pool> {
 public:
  using ticket = std::uint64_t;  // the caller's, another for each place
  using info_types = type_list<net::readable, tagged_down<ticket>>;

  struct take {
    using reply = net::stream;  // one that was used before; closed: none is there
    std::string origin;
    ticket as;
  };
  /// Also when the caller has stopped waiting for it.
  struct give_back {
    ticket as;
    net::stream connection;  // for the next one; closed: it cannot be used again
  };
  struct count {
    using reply = client_counts;
  };
  struct end {};
  struct look_at_age {};

  client_pool(std::size_t max_per_host, std::size_t max_idle, clock::duration idle) noexcept
      : max_per_host_{max_per_host}, max_idle_{max_idle}, idle_for_{idle} {}

  void handle_call(take wanted, from<net::stream> who);
  client_counts handle_call(count) const;
  void handle_cast(give_back back);
  void handle_cast(end) { stop(); }
  void handle_info(const tagged_down<ticket>& gone) { leave(gone.tag, {}); }
  void handle_info(net::readable told);
  void handle_info(look_at_age);
  void handle_info(any_message) {}

 private:
  struct host {
    std::size_t held = 0;
    std::deque<ticket> waiting;
  };
  using hosts = std::map<std::string, host>;
  struct place {
    hosts::iterator at;
    ref monitor;
    from<net::stream> who;
    bool held = false;
  };
  struct idle_connection {
    std::string origin;
    net::stream stream;
    clock::time_point until;
  };

  void leave(ticket t, net::stream connection);
  void serve_next(hosts::iterator at, net::stream connection);
  [[nodiscard]] net::stream take_idle(const std::string& origin);
  void keep(const std::string& origin, net::stream connection);

  // -- fixed
  const std::size_t max_per_host_;
  const std::size_t max_idle_;
  const clock::duration idle_for_;

  hosts hosts_;
  std::unordered_map<ticket, place> places_;
  std::deque<idle_connection> idle_;  // the oldest first
  std::size_t held_ = 0;
  bool watches_age_ = false;
};

/// Nothing has come, and the peer has not closed: of a connection between two requests.     [process]
[[nodiscard]] bool is_quiet(net::stream& connection, bool is_secure);

}  // namespace joist::inline v0::web::http
