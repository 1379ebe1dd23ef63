// joist/web/health.hpp: whether a service is well, for load balancers and for who restarts it.
//
//   joist::web::health well;
//   well.add("store", [] { return store().try_call(store::is_well{}, 1s).has_value(); });
//   routes.get("/health", joist::web::health_page(well));
//   app.prepare_stop = [well] { well.drain(); joist::sleep_for(5s); };   // balancers look elsewhere before the door closes
//
// Promises
//   checks are asked at the same time, each in a process of its own: one that crashes or takes too long is a check that has
//     failed, and nothing else
//   the page is there in little more than the longest limit
//
// Copies are the same. What a check asks should be quick, and about this program: when a database that all instances share
// is gone, it does not help that all are taken out. See also: net/activation.hpp (child_watchdog), router.hpp,
// otp/application.hpp (prepare_stop).
#pragma once

#include <joist/sendable.hpp>
#include <joist/web/router.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace joist::inline v0::web {

class health {
 public:
  health();
  /// Before it is asked for the first time. Throws errc::bad_argument for a limit of 0 ms or less.     [start-up]
  void add(std::string name, std::function<bool()> is_well, std::chrono::milliseconds limit = std::chrono::seconds{1});
  /// From now on pages say 503, without asking: requests are answered, but no new ones are wanted.     [any thread]
  void drain() const noexcept;

 private:
  friend handler health_page(health);
  struct state;
  std::shared_ptr<state> state_;
};

/// 200 when all checks say so, else 503: `{"status":"failing","checks":{"store":"ok","queue":"late"}}`; a check is ok,
/// failed or late; draining: `{"status":"draining"}`.     [start-up]
[[nodiscard]] handler health_page(health of);

}  // namespace joist::inline v0::web

namespace joist::inline v0 {
template <>
struct enable_sendable<web::health> : std::true_type {};
}  // namespace joist::inline v0
