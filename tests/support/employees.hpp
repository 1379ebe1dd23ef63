// tests/support/employees.hpp: children for tests of supervisors, who tell how they fare.
#pragma once

#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/ends.hpp"
#include "support/world.hpp"

namespace support {

using namespace std::chrono_literals;
using joist::auto_shutdown;
using joist::child_info;
using joist::child_spec;
using joist::exit_reason;
using joist::pid;
using joist::restart_type;
using joist::shutdown_policy;
using joist::start_error;
using joist::supervision;
using joist::supervisor_error;
using joist::supervisor_options;
using joist::supervisor_ref;
using kind = joist::supervisor_error::kind;

struct began {
  std::string id;
  pid process;
};
struct stopped {
  std::string id;
  exit_reason reason;
};

/// A child that tells how it fares.
struct employee : joist::gen_server<employee> {
  struct end {
    exit_reason why;
  };
  employee(pid to, std::string id) : to_{to}, id_{std::move(id)} {
    joist::trap_exit(true);
    joist::send(to_, began{id_, joist::self()});
  }
  void handle_cast(end e) { stop(e.why); }
  void terminate(const exit_reason& why) { joist::send(to_, stopped{id_, why}); }

 private:
  pid to_;
  std::string id_;
};

inline child_spec employ(const std::string& id, restart_type restart = restart_type::permanent) {
  child_spec spec = joist::child<employee>(id, joist::self(), id);
  spec.restart = restart;
  return spec;
}

/// Fails to start as often as `failures` says.
inline child_spec moody(const std::string& id, std::shared_ptr<std::atomic<int>> failures,
                        restart_type restart = restart_type::permanent) {
  child_spec spec = employ(id, restart);
  spec.start = [start = spec.start, failures = std::move(failures)]() -> joist::result<joist::started_child, start_error> {
    if (failures->fetch_sub(1) > 0) return joist::failure{start_error{start_error::kind::refused, named_reason("moody")}};
    return start();
  };
  return spec;
}
inline std::shared_ptr<std::atomic<int>> times(int n) { return std::make_shared<std::atomic<int>>(n); }

inline child_spec ignoring(const std::string& id, restart_type restart = restart_type::permanent) {
  return {id, []() -> joist::result<joist::started_child, start_error> { return joist::started_child{}; }, restart};
}

/// Ignores what it is told, but for kill.
inline child_spec stubborn(const std::string& id, shutdown_policy policy) {
  child_spec spec = joist::child_process(id, [to = joist::self(), id] {
    joist::trap_exit(true);
    joist::send(to, began{id, joist::self()});
    wait_for_ever();
  });
  spec.shutdown = policy;
  return spec;
}

/// An argument whose copy may fail.
class copied_at_times {
 public:
  explicit copied_at_times(std::shared_ptr<std::atomic<bool>> fails) : fails_{std::move(fails)} {}
  copied_at_times(const copied_at_times& other) : fails_{other.fails_} {
    if (*fails_) throw std::runtime_error{"no copy"};
  }
  copied_at_times(copied_at_times&&) noexcept = default;
  copied_at_times& operator=(const copied_at_times&) = delete;
  ~copied_at_times() = default;

 private:
  std::shared_ptr<std::atomic<bool>> fails_;
};
struct keeps_nothing : joist::gen_server<keeps_nothing> {
  explicit keeps_nothing(const copied_at_times&) {}
};

inline pid begins(const char* id) {
  const began b = joist::receive<began>();
  EXPECT(b.id == id);
  return b.process;
}
/// Of a process that says so itself, somewhen after its start.
inline pid begins_by_and_by(const char* id) {
  return joist::receive<began>([id](const began& b) { return b.id == id; }).process;
}
inline void stops(const char* id, const exit_reason& why = exit_reason::shutdown) {
  const stopped s = joist::receive<stopped>();
  EXPECT(s.id == id && s.reason == why);
}
inline void end(pid child, exit_reason why = named_reason("crash")) {
  joist::server_ref<employee>{child}.cast(employee::end{std::move(why)});
}
inline supervisor_options often(supervision s = supervision::one_for_one) {
  supervisor_options o;
  o.strategy = s;
  o.intensity = 100;
  return o;
}
inline pid process_of(supervisor_ref s, const char* id) {
  const auto child = s.which_child(id);
  EXPECT(child.has_value());
  return child->process;
}
/// Answered when the supervisor has done what it was told before.
inline void settle(supervisor_ref s) { (void)s.count_children(); }

}  // namespace support
