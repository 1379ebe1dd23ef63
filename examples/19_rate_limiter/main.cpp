// A rate limiter: three requests at once, and from then on one in twenty seconds. Whoever has a request asks the table, and
// waits for no process; a server owns the table, and takes out what nobody needs any more.
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/table.hpp>

#include <algorithm>
#include <string>

using namespace std::chrono_literals;

// [snippet: limiter]
// All that has to be known of a client is when it will have waited for all of its requests.
using limits = joist::table<std::string, joist::clock::time_point>;

constexpr int at_once = 3;
constexpr joist::clock::duration each = 20s;

/// Zero: go on. Else how long to wait.
joist::clock::duration wait_of(const limits& table, const std::string& client) {
  const auto now = joist::clock::now();
  return *table.update(client, now, [now](joist::clock::time_point& free_at) {
    const auto wait = free_at - now - (at_once - 1) * each;
    if (wait > 0s) return wait;
    free_at = std::max(free_at, now) + each;
    return joist::clock::duration{};
  });
}
// [end]

// [snippet: owner]
class limiter : public joist::gen_server<limiter> {
 public:
  limiter() { timeout_after(1min); }
  void handle_timeout() {
    clients_.select_delete([now = joist::clock::now()](const auto&, auto free_at) { return free_at <= now; });
    timeout_after(1min);
  }

 private:
  limits clients_ = limits::create({.name = "limits", .access = joist::table_access::public_});
};
// [end]

namespace {

void request(const char* client) {
  const auto wait = wait_of(*limits::find("limits"), client);
  if (wait == 0s) {
    fmt::print("{}: served\n", client);
  } else {
    fmt::print("{}: too many requests, try again in {} s\n", client, std::chrono::ceil<std::chrono::seconds>(wait).count());
  }
}

// Fifty at the same time: it makes no difference.
int served_of_a_crowd(const char* client) {
  const joist::pid me = joist::self();
  for (int i = 0; i < 50; ++i) {
    joist::spawn([me, client] { joist::send(me, wait_of(*limits::find("limits"), client) == 0s); });
  }
  int served = 0;
  for (int i = 0; i < 50; ++i) served += joist::receive<bool>() ? 1 : 0;
  return served;
}

}  // namespace

int main() {
  joist::simulate(1, [] {  // in virtual time: its hour costs nothing
    // [snippet: use]
    const auto owner = joist::start_link<limiter>();
    for (int i = 0; i < 4; ++i) request("ann");
    request("bob");
    joist::sleep_for(5s);
    request("ann");
    joist::sleep_for(15s);
    request("ann");
    request("ann");
    fmt::print("of a crowd: {} served\n", served_of_a_crowd("eve"));

    fmt::print("clients: {}\n", limits::find("limits")->size());
    joist::sleep_for(1h);
    fmt::print("clients an hour later: {}\n", limits::find("limits")->size());
    // [end]
    owner.stop();
  });
}

// Output:
// ann: served
// ann: served
// ann: served
// ann: too many requests, try again in 20 s
// bob: served
// ann: too many requests, try again in 15 s
// ann: served
// ann: too many requests, try again in 20 s
// of a crowd: 3 served
// clients: 3
// clients an hour later: 0
