#include "dist/outbox.hpp"

#include <joist/message.hpp>
#include <joist/process.hpp>

#include <utility>

#include "base/assert.hpp"

namespace joist::inline v0::dist::detail {

bool outbox::offer(std::string_view to, pubsub_frame frame) {
  const std::size_t size = frame->size();
  pid told;
  bool is_too_large = false;
  {
    const joist::detail::mutex_lock whole{mutex_};
    if (state_ == state::closed) return false;
    is_too_large = size > most_frame_bytes_;
    if (is_too_large) {
      if (std::exchange(has_told_too_large_, true)) return false;
      told = owner_;
    } else {
      if (size > most_bytes_ - bytes_) return false;
      frames_.push_back({std::string{to}, std::move(frame)});
      bytes_ += size;
      if (std::exchange(state_, state::awake) == state::idle) told = owner_;
    }
  }
  if (is_too_large) {
    (void)send(told, frame_too_large{size});
  } else if (told != pid{}) {
    (void)send(told, frames_wait{});
  }
  return !is_too_large;
}

// A process that was killed is unwound when its successor may have begun.
bool outbox::is_mine() const { return owner_ == self(); }

void outbox::open(std::size_t most_frame_bytes) {
  const joist::detail::mutex_lock whole{mutex_};
  owner_ = self();
  state_ = state::idle;
  most_frame_bytes_ = most_frame_bytes;
  bytes_ = 0;
  has_told_too_large_ = false;
  frames_.clear();
}

void outbox::limit(std::size_t most_frame_bytes) {
  const joist::detail::mutex_lock whole{mutex_};
  if (is_mine()) most_frame_bytes_ = most_frame_bytes;
}

std::size_t outbox::close() {
  std::vector<waiting_frame> dropped;
  const joist::detail::mutex_lock whole{mutex_};
  if (!is_mine()) return 0;
  state_ = state::closed;
  dropped.swap(frames_);
  return dropped.size();
}

bool outbox::rouse() {
  const joist::detail::mutex_lock whole{mutex_};
  return is_mine() && state_ == state::idle && (state_ = state::awake, true);
}

bool outbox::take(std::vector<waiting_frame>& into) {
  const joist::detail::mutex_lock whole{mutex_};
  if (!is_mine() || state_ == state::closed) return false;
  if (frames_.empty()) {
    state_ = state::idle;
    return false;
  }
  into.swap(frames_);
  return true;
}

void outbox::release(std::size_t bytes) {
  const joist::detail::mutex_lock whole{mutex_};
  if (!is_mine()) return;
  JOIST_ASSERT(bytes <= bytes_, "O2: more is released than was taken since the outbox was opened");
  bytes_ -= bytes;
}

}  // namespace joist::inline v0::dist::detail
