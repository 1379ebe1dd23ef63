// core/process_control.hpp: all that the runtime knows of one process. Lives in the process table, for good: the
// memory of one that ended is used for another, never given back, so a stale pid may always look.
//
// Fields are grouped by writer. "The owner" is who has the right to run the process (signal_word.hpp, W1): itself while it
// runs, the worker just before and after.
#pragma once

#include <joist/alias.hpp>
#include <joist/detail/failed_wait.hpp>
#include <joist/detail/mailbox.hpp>
#include <joist/detail/spawn.hpp>
#include <joist/exit_reason.hpp>
#include <joist/local.hpp>
#include <joist/monitor.hpp>
#include <joist/pid.hpp>
#include <joist/process.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/flat_map.hpp"
#include "base/pool.hpp"
#include "core/link_end.hpp"
#include "core/mailbox_count.hpp"
#include "core/signal_word.hpp"
#include "core/wait_timer.hpp"
#include "fiber/fiber.hpp"

namespace joist::inline v0::detail {
class scheduler;
struct ask_state;
}  // namespace joist::inline v0::detail

namespace joist::inline v0::core {

using detail::mailbox;
using detail::node_ptr;
using detail::scheduler;

/// What a watcher remembers of a monitor.
struct watch {
  pid target;
  alias_mode mode = alias_mode::none;  // none: it is no alias, or was switched off as one
  /// Whether its reference is an alias for as long as it watches.
  [[nodiscard]] bool is_alias() const noexcept {
    return mode == alias_mode::demonitor || mode == alias_mode::reply_demonitor;
  }
  detail::prepared_down prepared;
  std::unique_ptr<std::string> name;
};

/// What a process remembers of one that watches it.
struct watcher_entry {
  pid process;
  bool until_reply = false;  // an answer of the watched one through the alias of the monitor ends it
};

struct alias_entry {
  bool one_reply = false;
};

/// Return addresses, from the throw outwards.
using throw_trace = std::vector<void*>;

/// An exception that leaves the body.
struct throw_note {
  void* exception = nullptr;  // (_Unwind_Exception), while it is on its way
  throw_trace at;             // where it was thrown
};

/// For what a process waited when it exited with `reason`.
struct noted_wait {
  detail::failed_wait wait;
  exit_reason reason;
};

/// What hardly any process has.
struct rare_extras {
  base::flat_map<std::uint32_t, base::hash_of_pid> suspending;  // whom it has suspended, how often
  detail::node* undelivered = nullptr;          // messages that came with the signal by which the watcher ended it
  std::unique_ptr<const memory_limit> memory;   // its own one, fixed at spawn; null: the runtime's
  const char* given_up_because = nullptr;       // why its stack was given up: see abandon.hpp
  std::uint64_t given_up_at = 0;                // and where: the same number for the same place
  std::shared_ptr<detail::ask_state> listener;  // is told the reason at the end
  std::unique_ptr<const noted_wait> waited;     // see failed_wait.hpp
};

/// What most processes do not have. The owner's, but for what is fixed at spawn.
struct process_extras {
  std::string label;
  base::flat_map<link_end, base::hash_of_pid> links;
  base::flat_map<watch> watching;          // by reference
  base::flat_map<watcher_entry> watchers;  // by reference
  base::flat_map<alias_entry> aliases;     // by reference; those that no monitor ends
  detail::local_value* locals = nullptr;   // the last that was made
  exit_reason reason;                      // once it is ending; or why its body ended, until that is announced
  std::uint32_t spent_at_end = 0;          // reductions when it was ended
  std::uint32_t suspends = 0;
  std::uint32_t arrived = 0;  // messages that came to a limited mailbox and are not yet counted off
  std::unique_ptr<throw_note> thrown;
  std::unique_ptr<rare_extras> rare;  // null: none of it

  [[nodiscard]] rare_extras& rarely() {
    if (rare == nullptr) rare = std::make_unique<rare_extras>();
    return *rare;
  }

  static void* operator new(std::size_t bytes) { return base::pool_allocate_uncounted(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { base::pool_release_uncounted(memory, bytes); }
};
static_assert(sizeof(process_extras) <= 176, "every linked process has them");

/// A pointer that its owner sets and others read: what it points to is theirs to touch only by the rules of claim.hpp.
template <class T>
class owned_pointer {
 public:
  [[nodiscard]] T* get() const noexcept { return at_.load(std::memory_order_relaxed); }
  void set(T* p) noexcept { at_.store(p, std::memory_order_release); }
  [[nodiscard]] T* release() noexcept { return at_.exchange(nullptr, std::memory_order_acq_rel); }
  T* operator->() const noexcept { return get(); }
  T& operator*() const noexcept { return *get(); }
  friend bool operator==(const owned_pointer& p, std::nullptr_t) noexcept { return p.get() == nullptr; }

 private:
  std::atomic<T*> at_{nullptr};
};

/// Why a process went back to its worker.
enum class intent : std::uint8_t {
  yield,
  wait,
  hibernate,   // a wait that may be long: its frames are copied out, and the pages of its stack given back
  begin_anew,  // such a wait after its body has returned: it has no frames, and begins again
  end,
  abandon
};

struct alignas(64) process_control : fiber::fiber {
  // -- any thread
  signal_word signals;
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint32_t> timers{0};  // that aim at it
  std::atomic<bool> named{false};
  std::atomic<bool> alive{false};  // from create() to its last moment: for counts and reports
  std::atomic<mailbox_policy> when_full{mailbox_policy::drop_newest};
  std::atomic<std::uint32_t> mailbox_limit{0};  // 0: none; fixed while it lives
  mailbox_count queued;                         // messages pushed and not taken, where there is a limit
  std::atomic<std::uint32_t> backlog{0};        // about how many messages wait for it; the owner writes
  std::atomic<bool> inside{false};              // the owner is in an owner_scope; it writes: claim.hpp
  std::atomic<bool> claimed{false};             // the watcher acts, or would like to
  std::atomic<bool> urgent{false};              // an exit signal came while it was awake: for the watcher
  std::atomic<bool> declared_dead{false};       // its end was announced while it ran on: a zombie
  std::atomic<bool> ending{false};              // its exit is announced, its stack is being unwound; in owner_scope or claim

  // -- fixed at spawn
  joist::priority priority = priority::normal;
  // -- the holder of its slot
  bool told_parked = false;  // its frames were more than most_parked_bytes, and it was told
  // -- the owner
  std::uint8_t uninterrupted = 0;  // no_preempt scopes it is in
  bool traps_exits = false;
  bool ready = true;       // something has come that its wait is for
  bool finishing = false;  // its body has returned or thrown; what it owned is being destroyed
  intent left_with = intent::yield;
  bool hibernates = false;       // at its next wait
  bool begins_anew = false;      // its body is called again, when it has returned and a message has come
  bool telling = false;          // a telemetry handler runs in it
  bool end_is_told = false;      // to telemetry
  std::uint8_t uncontained = 0;  // sections it is in where a fault would stop the program: see fault.hpp
  std::uint32_t index = 0;
  std::atomic<std::uint32_t> spent{0};  // reductions, in units of 1: wraps; the owner writes
  pid parent;
  detail::closure* body = nullptr;
  owned_pointer<process_extras> extras;
  mailbox box;
  // Of the place, which keeps it: others may read it whoever is there.
  std::atomic<wait_timer*> waits{nullptr};

  /// Made for the first timed wait here. Throws std::bad_alloc.     [owner]
  [[nodiscard]] wait_timer& timed() {
    wait_timer* w = waits.load(std::memory_order_relaxed);
    if (w == nullptr) [[unlikely]] {
      w = new wait_timer;
      waits.store(w, std::memory_order_release);  // what is in it; pairs with the acquire of who fires
    }
    return *w;
  }
  void spend(std::uint32_t reductions) noexcept {
    spent.store(spent.load(std::memory_order_relaxed) + reductions, std::memory_order_relaxed);
  }
  [[nodiscard]] process_extras& more() {
    if (extras == nullptr) extras.set(new process_extras);
    return *extras;
  }
};

/// The exception that was on its way has come to its end.     [owner]
inline void forget_throw(process_control& p) noexcept {
  if (p.extras != nullptr && p.extras->thrown != nullptr) p.extras->thrown->exception = nullptr;
}

/// While it lives, its process is in one more section of a kind. Null: no process.     [process]
template <std::uint8_t process_control::*Count>
class section {
 public:
  explicit section(process_control* p) noexcept : p_{p} {
    if (p_ != nullptr) ++(p_->*Count);
  }
  ~section() {
    if (p_ != nullptr) --(p_->*Count);
  }
  section(const section&) = delete;
  section& operator=(const section&) = delete;

 private:
  process_control* p_;
};

static_assert(sizeof(process_control) <= (base::sanitized ? 256 : 192), "a million processes: 192 MB before their stacks");

}  // namespace joist::inline v0::core
