#include "net/descriptor.hpp"

#include <joist/error.hpp>
#include <joist/process.hpp>

#include <fmt/format.h>

#include "core/io_hook.hpp"
#include "core/scheduler.hpp"
#include "core/worker.hpp"

namespace joist::inline v0::net::detail {
namespace {

// Of a call of the system, in those of send and receive: a microsecond and more.
constexpr std::int32_t reductions_of_a_call = 20;

// What the owner before has armed was for that one. A move changes the owner as well, where it ends in the same process: its
// own announcements stay.
void leave_to(readiness& direction, pid self, core::worker& w) {
  node_ptr armed = direction.disarm();
  if (armed == nullptr || addressee_of(*armed) != self) return;
  if (!direction.arm(armed)) (void)core::deliver_uncounted(w.home, self, armed, &w);
}

}  // namespace

descriptor::descriptor(entry& of) noexcept : entry_{&of}, id_{of.id.load(std::memory_order_relaxed)} {}

bool descriptor::is_open() const noexcept {
  return entry_ != nullptr && entry_->id.load(std::memory_order_relaxed) == id_;  // O3
}

int descriptor::number() const noexcept { return is_open() ? entry_->number.load(std::memory_order_relaxed) : -1; }

void descriptor::close() noexcept {
  if (entry_ == nullptr) return;
  close_entry(*std::exchange(entry_, nullptr), std::exchange(id_, 0));
}

void descriptor::let_go() noexcept {
  if (is_open() && entry_->owner) disown(*entry_);
}

entry& use(const descriptor& d, const char* call) {
  core::worker& w = core::spend(core::require_process(call), reductions_of_a_call);
  entry* e = d.get();
  if (e == nullptr)
    throw error{errc::bad_argument, fmt::format("{}: expected an open socket, this one is closed, or was moved from", call)};
  if (const pid self = w.home.pid_of(*w.running); e->owner != self) {
    own(*e, self);
    leave_to(e->in, self, w);
    leave_to(e->out, self, w);
  }
  return *e;
}

void check_address(const endpoint& e, const char* call) {
  if (e.family() == endpoint::family::none)
    throw error{errc::bad_argument, fmt::format("{}: expected an address, got an endpoint that is unnamed", call)};
}

std::error_code await(readiness& direction, const deadline& limit, const char* call) {
  if (direction.is_armed()) {
    (void)direction.disarm();  // an announcement: the one who waits now has the better right
  }
  core::outside_wait wait{call};
  while (!direction.take()) {
    if (!wait.begin(limit)) {
      wait.leave();
      const bool ends = core::this_worker()->running->ending;
      return std::make_error_code(ends ? std::errc::operation_canceled : std::errc::timed_out);
    }
    node_ptr call_back = wait.wake_up();
    const core::worker& w = *core::this_worker();
    address_to(*call_back, w.home.pid_of(*w.running));
    if (!direction.arm(call_back)) continue;
    wait.sleep();
    (void)direction.disarm();
    wait.leave();
  }
  return {};
}

void announce(readiness& direction, node_ptr message, bool at_once) {
  core::worker& w = *core::this_worker();
  const pid self = w.home.pid_of(*w.running);
  address_to(*message, self);
  if (at_once || !direction.arm(message)) (void)core::deliver_uncounted(w.home, self, message, &w);
}

void throw_error(std::error_code why, const char* call, std::string_view with) {
  throw std::system_error{why, with.empty() ? std::string{call} : fmt::format("{} ({})", call, with)};
}

}  // namespace joist::inline v0::net::detail
