// joist/otp/child_spec.hpp: what a supervisor has to know of a child: how it is started, when it is started again, and how
// it is stopped. Values: they may be kept, compared by id, and checked before anything runs.
//
//   joist::child<store>("store", "/var/lib/shop")                         // start_link<store>("/var/lib/shop")
//   joist::child<store>("store", {.name = "store"}, "/var/lib/shop")      // the same, under a name
//   joist::child_process("ticker", [] { ... })                            // spawn_link
//   joist::child_supervisor("sessions", {.strategy = ...}, {...})         // a supervisor of its own
//   joist::child_spec{.id = "job", .start = joist::starts<job>(7), .restart = joist::restart_type::transient}
//
// See also: supervisor.hpp. OTP: supervisor, child specification.
#pragma once

#include <joist/clock.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/process.hpp>
#include <joist/result.hpp>

#include <any>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace joist::inline v0 {

/// When a child that has ended is started again.
enum class restart_type : std::uint8_t {
  permanent,  ///< always
  transient,  ///< when it did not end orderly: exit_reason::is_orderly()
  temporary,  ///< never; its spec goes with it
};

enum class child_type : std::uint8_t { worker, supervisor };

/// How a child is stopped.
class shutdown_policy {
 public:
  /// Exit signal shutdown; when it has not ended within `limit`, kill. Throws errc::bad_argument for one below zero.
  template <class Rep, class Period>
  shutdown_policy(std::chrono::duration<Rep, Period> limit) : limit_{limit} {}
  shutdown_policy(infinity_t) noexcept {}
  explicit shutdown_policy(detail::deadline limit) noexcept : limit_{limit} {}
  /// kill at once.
  [[nodiscard]] static shutdown_policy brutal_kill() noexcept {
    shutdown_policy p{infinity};
    p.kills_ = true;
    return p;
  }
  [[nodiscard]] bool kills() const noexcept { return kills_; }
  [[nodiscard]] const detail::deadline& limit() const noexcept { return limit_; }

 private:
  detail::deadline limit_;
  bool kills_ = false;
};

/// What a start function has made: linked to the supervisor, which calls it. One that throws has failed; what start()
/// throws, and what a constructor may throw (start_ignored, start_refused), means what it means there.
struct started_child {
  pid process;          ///< nobody: it does not want to run (OTP: ignore)
  std::any extra = {};  ///< for who called start_child (OTP: {ok, Pid, Info})
};
using start_function = std::function<result<started_child, start_error>()>;

struct child_spec {
  std::string id;
  start_function start;
  restart_type restart = restart_type::permanent;
  std::optional<shutdown_policy> shutdown = {};  ///< unset: 5 s for a worker, infinity for a supervisor
  child_type type = child_type::worker;
  bool significant = false;  ///< its end may end the supervisor: auto_shutdown
};

namespace detail {
/// Of the start of a server, or of a supervisor.
template <class Ref>
result<started_child, start_error> child_of(result<Ref, start_error> started) {
  if (started) return started_child{started->process()};
  if (started.error().what == start_error::kind::ignored) return started_child{};
  return failure{std::move(started).error()};
}
inline result<started_child, start_error> child_of(result<pid, start_error> started) {
  if (started) return started_child{*started};
  return failure{std::move(started).error()};
}

/// The spec of a child that is a supervisor: permanent, and stopped without a limit.
[[nodiscard]] inline child_spec supervisor_child(std::string id, start_function start) {
  child_spec spec{std::move(id), std::move(start)};
  spec.type = child_type::supervisor;
  return spec;
}
}  // namespace detail

/// A start function for a server; the arguments are kept, text as a std::string, and copied for each start.
template <class Server, class... Arguments>
[[nodiscard]] start_function starts(server_options options, Arguments... arguments) {
  detail::require_copied<Arguments...>();
  std::string label{options.process.label};  // a view, of what may be gone by then
  return [options = std::move(options), label = std::move(label),
          ... kept = detail::kept_argument<Arguments>(std::move(arguments))] {
    server_options mine = options;
    mine.process.label = label;
    return detail::child_of(try_start_link<Server>(mine, kept...));
  };
}
template <class Server, class... Arguments>
requires(!std::is_same_v<std::remove_cvref_t<Arguments>, server_options> && ...) [[nodiscard]] start_function
    starts(Arguments... arguments) {
  return starts<Server>(server_options{}, std::move(arguments)...);
}
/// A start function for a process that runs a copy of `body`.
template <class Body>
[[nodiscard]] start_function starts_process(Body body) {
  static_assert(std::copy_constructible<Body>,
                "joist: the body of a child is copied for each start: make what cannot be copied in it");
  return [body = std::move(body)]() -> result<started_child, start_error> { return started_child{spawn_link(body)}; };
}

/// A permanent worker.
template <class Server, class... Arguments>
[[nodiscard]] child_spec child(std::string id, server_options options, Arguments... arguments) {
  return {std::move(id), starts<Server>(std::move(options), std::move(arguments)...)};
}
template <class Server, class... Arguments>
requires(!std::is_same_v<std::remove_cvref_t<Arguments>, server_options> && ...) [[nodiscard]] child_spec
    child(std::string id, Arguments... arguments) {
  return {std::move(id), starts<Server>(std::move(arguments)...)};
}
template <class Body>
[[nodiscard]] child_spec child_process(std::string id, Body body) {
  return {std::move(id), starts_process(std::move(body))};
}

enum class auto_shutdown : std::uint8_t {
  never,
  any_significant,  ///< the first significant child that ends by itself ends the supervisor
  all_significant,  ///< the last one does
};

/// What is wrong with these specs, in words; nothing when a supervisor would take them. Pure (OTP: check_childspecs).
[[nodiscard]] std::optional<std::string> check_childspecs(std::span<const child_spec> specs,
                                                          auto_shutdown mode = auto_shutdown::any_significant);

}  // namespace joist::inline v0
