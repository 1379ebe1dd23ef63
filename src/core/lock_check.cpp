// joist::lock_check, for debug builds: warns when a process gives way, or waits, with a mutex held that belongs to threads.
// The process may go on in another thread, which must not unlock it; and another process in this thread that wants it waits
// for ever.
//
// The functions of pthreads that lock and unlock are defined here, in front of the system's: std::mutex and its kin call
// them. Each thread notes what it holds; the core asks at every switch. What a process was found to hold is forgotten, for
// the thread that unlocks it may be another.
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <joist/exit_reason.hpp>

#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

constexpr std::size_t most_held = 16;      // a thread that holds more is not watched for the rest
constexpr std::size_t most_places = 1024;  // that are told apart
constexpr int most_frames = 32;

struct held_locks {
  std::array<const void*, most_held> what;
  std::size_t count;
  bool asleep;  // while a warning is written
};
[[gnu::tls_model("initial-exec")]] constinit thread_local held_locks locks{};

// Out of line: see this_worker().
[[gnu::noinline]] held_locks& held_here() noexcept {
  asm volatile("");
  return locks;
}

void note_lock(const void* lock) noexcept {
  held_locks& h = held_here();
  if (h.count < most_held) h.what[h.count++] = lock;
}

void note_unlock(const void* lock) noexcept {
  held_locks& h = held_here();
  for (std::size_t i = h.count; i-- > 0;) {
    if (h.what[i] != lock) continue;
    for (--h.count; i < h.count; ++i) h.what[i] = h.what[i + 1];
    return;
  }
}

// True the first time.
bool is_new(std::uintptr_t place) noexcept {
  static constinit std::array<std::atomic<std::uintptr_t>, most_places> known{};
  for (std::size_t i = 0; i < most_places; ++i) {
    auto& at = known[(place + i) % most_places];
    std::uintptr_t before = 0;
    if (at.compare_exchange_strong(before, place, std::memory_order_relaxed)) return true;
    if (before == place) return false;
  }
  return false;
}

[[gnu::noinline, gnu::cold]] void warn(worker& w, std::size_t count, const void* first) {
  std::array<void*, most_frames> frames{};
  const int depth = ::backtrace(frames.data(), most_frames);
  std::uintptr_t place = 1469598103U;
  for (int i = 0; i < depth; ++i)
    place = (place ^ reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)])) * 1099511628211U;
  if (!is_new(place | 1U)) return;
  const process_control& p = *w.running;
  std::string text = fmt::format(
      "process {} \"{}\" gives way or waits while it holds {} lock(s) of its thread, one at {}: it may go on in another. "
      "Unlock before calls of Joist; in preemptible code, hold a joist::no_preempt",
      w.home.pid_of(p), p.extras != nullptr ? p.extras->label : "", count, first);
  for (const std::string& frame : symbolize({frames.begin(), frames.begin() + depth})) text += "\n    " + frame;
  w.home.log(log_level::warning, text);
}

void look(worker& w) {
  held_locks& h = held_here();
  if (h.count == 0 || h.asleep) return;
  const std::size_t count = std::exchange(h.count, 0);
  h.asleep = true;
  warn(w, count, h.what[0]);
  h.asleep = false;
}

/// The function of this name that ours stands in front of.
class systems {
 public:
  explicit constexpr systems(const char* name) noexcept : name_{name} {}
  template <class... Arguments>
  int call(Arguments... arguments) noexcept {
    void* f = known_.load(std::memory_order_relaxed);
    if (f == nullptr) known_.store(f = ::dlsym(RTLD_NEXT, name_), std::memory_order_relaxed);
    return reinterpret_cast<int (*)(Arguments...)>(f)(arguments...);
  }

 private:
  const char* name_;
  std::atomic<void*> known_{nullptr};
};

int note_if_locked(const void* lock, int result) noexcept {
  if (result == 0) note_lock(lock);
  return result;
}

[[gnu::constructor]] void begin() noexcept { before_leaving.store(&look, std::memory_order_relaxed); }

}  // namespace
}  // namespace joist::inline v0::core

// What the linker is told to look for, so that this file is not left out.
extern "C" const char joist_lock_check;
extern "C" const char joist_lock_check = 1;

#define JOIST_LOCKS(name, parameters, ...)                              \
  extern "C" int name parameters noexcept {                             \
    static constinit joist::core::systems system{#name};                \
    return joist::core::note_if_locked(lock, system.call(__VA_ARGS__)); \
  }
#define JOIST_UNLOCKS(name, parameters)                  \
  extern "C" int name parameters noexcept {              \
    static constinit joist::core::systems system{#name}; \
    joist::core::note_unlock(lock);                      \
    return system.call(lock);                            \
  }

JOIST_LOCKS(pthread_mutex_lock, (pthread_mutex_t * lock), lock)
JOIST_LOCKS(pthread_mutex_trylock, (pthread_mutex_t * lock), lock)
JOIST_LOCKS(pthread_mutex_timedlock, (pthread_mutex_t * lock, const timespec* until), lock, until)
JOIST_LOCKS(pthread_mutex_clocklock, (pthread_mutex_t * lock, clockid_t clock, const timespec* until), lock, clock, until)
JOIST_UNLOCKS(pthread_mutex_unlock, (pthread_mutex_t * lock))

JOIST_LOCKS(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), lock)
JOIST_LOCKS(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock), lock)
JOIST_LOCKS(pthread_rwlock_timedrdlock, (pthread_rwlock_t * lock, const timespec* until), lock, until)
JOIST_LOCKS(pthread_rwlock_clockrdlock, (pthread_rwlock_t * lock, clockid_t clock, const timespec* until), lock, clock,
            until)
JOIST_LOCKS(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), lock)
JOIST_LOCKS(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), lock)
JOIST_LOCKS(pthread_rwlock_timedwrlock, (pthread_rwlock_t * lock, const timespec* until), lock, until)
JOIST_LOCKS(pthread_rwlock_clockwrlock, (pthread_rwlock_t * lock, clockid_t clock, const timespec* until), lock, clock,
            until)
JOIST_UNLOCKS(pthread_rwlock_unlock, (pthread_rwlock_t * lock))
