// tests/support/ledger.hpp: who was started by whom and how it ended, written down beside the supervisors. From that alone a
// test says what a tree has to look like; see house_model.hpp.
//
//   seat     a child spec. Processes sit there one after the other
//   house    the life of one process that is a supervisor: the starts that it has tried, in their order
//   witness  a process that monitors all others, so that the ledger knows each end and its reason
#pragma once

#include <joist/otp/supervisor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "support/world.hpp"

namespace support {

using joist::child_type;
using joist::exit_reason;
using joist::pid;
using joist::restart_type;
using seat_number = std::size_t;

enum class manner : std::uint8_t { one_for_one, one_for_all, rest_for_one, dynamic };

/// What a supervisor was told to be.
struct plan {
  manner how = manner::one_for_one;
  std::uint32_t intensity = 3;
  std::chrono::milliseconds period{5000};
  std::vector<seat_number> seats = {};  ///< of its init
};
using plan_ptr = std::shared_ptr<const plan>;

struct seat {
  std::string id;
  restart_type restart = restart_type::permanent;
  std::string name = {};  ///< registered, or empty
  int key = -1;           ///< in the registry; -1: none
  bool is_supervisor = false;
  plan_ptr supervises = {};  ///< nothing: a worker, or a supervisor that is not looked into
};

struct attempt {
  seat_number seat = 0;
  pid process;  ///< nobody: the start failed
  joist::clock::time_point when;
};
struct house {
  plan_ptr of;
  std::vector<attempt> attempts;
};
struct end {
  exit_reason reason;
  joist::clock::time_point when;
};

struct record {
  std::vector<seat> seats;
  std::unordered_map<pid, house> houses;
  std::vector<pid> supervisors;  ///< the keys of houses, the oldest first
  std::unordered_map<pid, end> ends;
};

/// Written by processes on all workers; none calls the runtime while it has the lock.
class ledger {
 public:
  seat_number add(seat s) {
    const std::scoped_lock lock{mutex_};
    record_.seats.push_back(std::move(s));
    return record_.seats.size() - 1;
  }
  void attempted(pid supervisor, const plan_ptr& of, attempt a) {
    const std::scoped_lock lock{mutex_};
    const auto [found, is_new] = record_.houses.try_emplace(supervisor, house{of, {}});
    if (is_new) record_.supervisors.push_back(supervisor);
    found->second.attempts.push_back(a);
  }
  void ended(pid process, exit_reason why) {
    const auto now = joist::clock::now();
    const std::scoped_lock lock{mutex_};
    record_.ends.try_emplace(process, end{std::move(why), now});
  }
  /// For those who look at some of it.
  template <class Look>
  auto read(Look look) const {
    const std::scoped_lock lock{mutex_};
    return look(record_);
  }
  [[nodiscard]] bool knows(pid supervisor) const {
    return read([supervisor](const record& r) { return r.houses.contains(supervisor); });
  }
  [[nodiscard]] record copy() const {
    return read([](const record& r) { return r; });
  }

 private:
  mutable std::mutex mutex_;
  record record_;
};

class witness : public joist::gen_server<witness> {
 public:
  /// Answered when it is monitored.
  struct watch {
    using reply = void;
    pid process;
  };
  explicit witness(std::shared_ptr<ledger> to) : to_{std::move(to)} {}
  void handle_call(watch w) {
    if (watched_.insert(w.process).second) (void)joist::monitor(w.process);
  }
  void handle_info(joist::down d) { to_->ended(d.process, std::move(d.reason)); }

 private:
  const std::shared_ptr<ledger> to_;
  std::unordered_set<pid> watched_;
};
using witness_ref = joist::server_ref<witness>;

/// A start function whose starts are written down. Its supervisor is watched before, and what it starts is watched before it
/// is written down; or sees to that itself, in its constructor. A start that fails takes a moment: where it has to wait for
/// others to go, time goes on.
inline joist::start_function noted(std::shared_ptr<ledger> to, witness_ref by, plan_ptr in, seat_number at,
                                   bool watches_itself, joist::start_function start) {
  return [=, to = std::move(to), in = std::move(in), start = std::move(start)] {
    if (!to->knows(joist::self())) by.call(witness::watch{joist::self()}, joist::infinity);
    const auto begin = joist::clock::now();
    auto started = start();
    if (!started) joist::sleep_for(std::chrono::milliseconds{10});
    if (started && !watches_itself) by.call(witness::watch{started->process}, joist::infinity);
    to->attempted(joist::self(), in, {at, started ? started->process : pid{}, begin});
    return started;
  };
}

}  // namespace support
