#include "net/poller.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <system_error>

#include "core/scheduler.hpp"
#include "core/worker.hpp"

namespace joist::inline v0::net::detail {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::system_category(), what}; }

constexpr std::int64_t ns_per_s = 1'000'000'000;

// Linux 5.11 has nanoseconds; before it, milliseconds, rounded up: a timer is never early.
int wait_for(int epoll, std::span<epoll_event> events, std::int64_t ns) noexcept {
  const int most = static_cast<int>(events.size());
  if (ns == 0) return ::epoll_wait(epoll, events.data(), most, 0);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
  static std::atomic<bool> has_pwait2{true};
  if (has_pwait2.load(std::memory_order_relaxed)) {
    const timespec limit{ns / ns_per_s, ns % ns_per_s};
    const int found = ::epoll_pwait2(epoll, events.data(), most, ns < 0 ? nullptr : &limit, nullptr);
    if (found >= 0 || (errno != ENOSYS && errno != EPERM)) return found;
    has_pwait2.store(false, std::memory_order_relaxed);
  }
#endif
  constexpr std::int64_t ns_per_ms = 1'000'000;
  constexpr std::int64_t most_ms = INT32_MAX;
  const std::int64_t ms = ns < 0 ? -1 : std::min(ns / ns_per_ms + (ns % ns_per_ms != 0 ? 1 : 0), most_ms);
  return ::epoll_wait(epoll, events.data(), most, static_cast<int>(ms));
}

}  // namespace

core::worker& require_outside_world(const char* call) {
  core::worker& w = core::require_process(call);
  if (w.simulated != nullptr)
    throw error{errc::bad_wait,
                fmt::format("{}: expected a real runtime: within simulate() there is no outside world", call)};
  return w;
}

poller& poller::here(const char* call) {
  core::worker& w = require_outside_world(call);
  // The seat knows hooks; this room is the one that installs.
  return static_cast<poller&>(w.home.io.install([] { return std::make_unique<poller>(); }));
}

poller::poller() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) fail("epoll_create1");
  bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // each ring is a change: nobody needs to read it
  event.data.ptr = nullptr;
  if (bell_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &event) != 0) {
    const int why = errno;
    if (bell_ >= 0) ::close(bell_);
    ::close(epoll_);
    throw std::system_error{why, std::system_category(), "eventfd"};
  }
}

poller::~poller() {
  close_entries_of(*this);
  ::close(bell_);
  ::close(epoll_);
}

entry& poller::add(int number) {
  entry* e = nullptr;
  try {
    e = &take_entry(*this, number);
  } catch (...) {
    ::close(number);
    throw;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = e;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, number, &event) != 0) {
    const int why = errno;
    close_entry(*e, e->id.load(std::memory_order_relaxed));
    throw std::system_error{why, std::system_category(), "epoll_ctl"};
  }
  return *e;
}

std::size_t poller::gather(std::int64_t until) noexcept {
  std::int64_t ns = 0;
  if (until == INT64_MAX) {
    ns = -1;
  } else if (until > 0) {
    ns = std::max<std::int64_t>(0, until - clock::now().time_since_epoch().count());
  }
  const int found = wait_for(epoll_, events_, ns);
  count_ = found > 0 ? static_cast<std::size_t>(found) : 0;
  return count_;
}

void poller::deliver() noexcept {
  for (const epoll_event& event : std::span{events_}.first(count_)) {
    auto* const e = static_cast<entry*>(event.data.ptr);
    if (e == nullptr) continue;  // the bell
    // acquire: the entry, new memory perhaps, as take_entry() left it. epoll orders that too, but ThreadSanitizer does not
    // know epoll_pwait2.
    if (e->id.load(std::memory_order_acquire) == 0) continue;  // closed meanwhile
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) e->ended.store(true, std::memory_order_release);
    auto say = [&](readiness& direction, std::uint32_t changes) {
      if ((event.events & (changes | EPOLLHUP | EPOLLERR)) == 0) return;
      node_ptr call = direction.happen();
      if (call == nullptr) return;
      core::worker& w = *core::this_worker();
      const pid target = addressee_of(*call);
      if (call->type->kind == joist::detail::node_kind::message) {
        (void)core::deliver_uncounted(w.home, target, call, &w);  // as an announcement that comes at once
      } else {
        (void)w.home.deliver(target, call, &w);
      }
    };
    say(e->in, EPOLLIN | EPOLLRDHUP);
    say(e->out, EPOLLOUT);
  }
  count_ = 0;
}

void poller::interrupt() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);  // full: it has rung, and nobody has slept since
}

}  // namespace joist::inline v0::net::detail
