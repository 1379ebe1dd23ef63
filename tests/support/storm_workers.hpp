// tests/support/storm_workers.hpp: those who work in the tree of storm_tree.hpp: desks that ask each other, and the clerks
// who fill dynamic halls.
#pragma once

#include <joist/otp/dynamic_supervisor.hpp>
#include <joist/otp/partition_supervisor.hpp>
#include <joist/otp/registry.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "support/ledger.hpp"

namespace support {

using namespace std::chrono_literals;

/// Travels in messages; all of them are counted.
class token {
 public:
  token() { ++alive_; }
  token(const token&) { ++alive_; }
  token(token&&) noexcept { ++alive_; }
  token& operator=(const token&) = default;
  token& operator=(token&&) = default;
  ~token() { --alive_; }
  [[nodiscard]] static std::int64_t alive() { return alive_.load(); }

 private:
  static inline std::atomic<std::int64_t> alive_{0};
};

struct measures {
  int wings = 3;
  int halls = 5;                            ///< in each wing
  int desks = 6;                            ///< in each hall
  std::chrono::milliseconds each{60'000};   ///< a desk asks another so often
  std::chrono::milliseconds answer{3'000};  ///< so long it waits for it
  std::chrono::milliseconds goes_in{20};    ///< a slow desk takes so long to end
};

/// What all processes of a tree share.
struct site {
  explicit site(measures m) : size{m} {}
  const measures size;
  const std::shared_ptr<ledger> book = std::make_shared<ledger>();
  const joist::unique_registry<int> keys{{.name = "keys", .partitions = 4}};
  witness_ref by;
  std::vector<joist::partition_supervisor_ref> partitions = {};  ///< complete before anything runs
  std::vector<std::string> names = {};                           ///< those of desks, too
  int key_count = 0;
  std::atomic<int> strays{0};    ///< messages at desks that nobody should have sent
  std::atomic<bool> open{true};  ///< nobody begins anything more once it is false
};
using site_ptr = std::shared_ptr<site>;

/// A worker that asks others, now and then, and answers at once or later.
class desk : public joist::gen_server<desk> {
 public:
  struct ask {
    using reply = token;
    token carried;
  };
  struct ask_for_later {
    using reply = token;
    token carried;
  };
  struct note {
    token carried;
  };
  struct crash {};
  struct leave {
    exit_reason why;
  };
  struct tick {};
  struct answer {};

  desk(site_ptr at, bool slow) : at_{std::move(at)}, dice_{std::hash<pid>{}(joist::self())}, slow_{slow} {
    if (slow) joist::trap_exit(true);
    at_->by.call(witness::watch{joist::self()}, joist::infinity);
    tick_later();
  }
  token handle_call(ask a) { return std::move(a.carried); }
  void handle_call(ask_for_later a, joist::from<token> client) {
    held_.emplace_back(client, std::move(a.carried));
    info_after(at_->size.answer / 2, answer{});
  }
  void handle_cast(note) {}
  void handle_cast(crash) { throw std::runtime_error{"struck by the storm"}; }
  void handle_cast(leave l) { stop(std::move(l.why)); }
  void handle_info(tick) {
    if (!at_->open) return;
    if (const auto peer = choose_peer(); peer && *peer != joist::self()) talk_to(joist::server_ref<desk>{*peer});
    tick_later();
  }
  void handle_info(answer) {
    joist::reply(held_.front().first, std::move(held_.front().second));
    held_.pop_front();
  }
  void handle_info(const joist::exited&) {}
  void handle_info(joist::any_message) { ++at_->strays; }  // of a call that is over, say
  void terminate(const exit_reason&) {
    if (slow_) joist::sleep_for(at_->size.goes_in);
  }

 private:
  void tick_later() { info_after(at_->size.each / 2 + dice_.below(1000) * at_->size.each / 1000, tick{}); }
  std::optional<pid> choose_peer() {
    switch (dice_.below(3)) {
      case 0: return joist::whereis(at_->names[dice_.below(static_cast<std::uint32_t>(at_->names.size()))]);
      case 1: return at_->keys.whereis(static_cast<int>(dice_.below(static_cast<std::uint32_t>(at_->key_count))));
      default: return at_->partitions[dice_.below(static_cast<std::uint32_t>(at_->partitions.size()))].of(dice_.next());
    }
  }
  // Who gets no answer ends in the first case: not by the reason of the other, which may be that of its supervisor.
  void talk_to(joist::server_ref<desk> peer) {
    switch (dice_.below(8)) {
      case 0:
        if (!peer.try_call(ask_for_later{}, at_->size.answer)) joist::exit(exit_reason::of(std::string{"no answer"}));
        return;
      case 1: (void)peer.try_call(ask_for_later{}, at_->size.answer); return;
      case 2: (void)peer.try_call(ask_for_later{}, at_->size.answer / 4); return;  // it comes too late
      case 3: peer.cast(note{}); return;
      default: (void)peer.try_call(ask{}, at_->size.answer); return;
    }
  }

  const site_ptr at_;
  joist::base::random dice_;
  const bool slow_;
  std::deque<std::pair<joist::from<token>, token>> held_;
};

inline joist::start_function noted(const site_ptr& at, plan_ptr in, seat_number n, bool watches_itself,
                                   joist::start_function f) {
  return noted(at->book, at->by, std::move(in), n, watches_itself, std::move(f));
}

struct seated {
  seat_number seat;
  joist::child_spec spec;
};
/// A desk in a house of this plan, with what its seat says.
inline seated seat_desk(const site_ptr& at, const plan_ptr& in, seat s, bool slow = false) {
  joist::server_options o;
  o.name = s.name;
  if (s.key >= 0) o.via = joist::via(at->keys, s.key);
  joist::child_spec spec{s.id, joist::starts<desk>(std::move(o), at, slow), s.restart};
  const seat_number n = at->book->add(std::move(s));
  spec.start = noted(at, in, n, true, std::move(spec.start));
  return {n, std::move(spec)};
}

/// Sees to it that there are children in a dynamic hall.
class clerk : public joist::gen_server<clerk> {
 public:
  struct fill {};
  clerk(site_ptr at, std::string hall, plan_ptr of) : at_{std::move(at)}, hall_{std::move(hall)}, of_{std::move(of)} {
    at_->by.call(witness::watch{joist::self()}, joist::infinity);
    continue_with(fill{});
  }
  void handle_continue(fill) {
    const auto hall = joist::whereis(hall_);
    if (hall && at_->open) add_to(joist::dynamic_supervisor_ref{*hall});
    if (at_->open) info_after(at_->size.each, fill{});
  }
  void handle_info(fill f) { handle_continue(f); }
  void handle_info(joist::any_message) {}  // what the storm sends

 private:
  void add_to(joist::dynamic_supervisor_ref hall) {
    static constexpr std::array types{restart_type::permanent, restart_type::transient, restart_type::temporary};
    for (auto n = hall.count_children().specs; n < static_cast<std::size_t>(at_->size.desks); ++n) {
      seat s{"desk", types[n % types.size()]};
      joist::child_spec spec = seat_desk(at_, of_, std::move(s), n == 0).spec;
      if (n == 1) spec.shutdown = joist::shutdown_policy::brutal_kill();
      (void)hall.start_child(std::move(spec));
    }
  }

  const site_ptr at_;
  const std::string hall_;
  const plan_ptr of_;
};

}  // namespace support
