// dist/outbox.hpp: frames that wait to be sent: publishers of any thread put them in, and the process of the connection
// takes them out, all that have gathered at once.
//
//   state    meaning                                 who moves it on
//   closed   no connection: frames are refused       open() -> idle
//   idle     nothing waits                           offer(), rouse() -> awake: the caller tells the connection
//   awake    the connection has been told, and goes  take() that finds nothing -> idle
//            on until it finds nothing               close(), from idle as well -> closed
//
// Invariants
//   O1  while frames wait the outbox is awake, and one frames_wait is under way or the system will take more
//   O2  what is in it, and what is taken and not sent, is `most_bytes` together at most
#pragma once

#include <joist/detail/held.hpp>
#include <joist/pid.hpp>
#include <joist/pubsub/adapter.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::dist::detail {

/// To the connection: take().
struct frames_wait {};
/// A frame was refused that the server would not take; once for each connection.
struct frame_too_large {
  std::size_t bytes;
};

struct waiting_frame {
  std::string to;  ///< empty: all
  pubsub_frame frame;
};

class outbox {
 public:
  explicit outbox(std::size_t most_bytes) noexcept : most_bytes_{most_bytes} {}

  /// False: it is refused.     [any thread]
  [[nodiscard]] bool offer(std::string_view to, pubsub_frame frame);

  // -- the process of the connection; of one that has been replaced, these do nothing

  /// From now on frames are taken, of so many bytes each.
  void open(std::size_t most_frame_bytes);
  /// Of so many bytes each; those that wait stay.
  void limit(std::size_t most_frame_bytes);
  /// How many frames are dropped.
  std::size_t close();
  /// True: frames_wait has to be sent, so that take() is called.
  [[nodiscard]] bool rouse();
  /// Swaps all that waits into `into`, which is empty. False: there is nothing, and the next who offers tells.
  [[nodiscard]] bool take(std::vector<waiting_frame>& into);
  /// So many bytes of frames that were taken have been sent.
  void release(std::size_t bytes);

 private:
  enum class state : std::uint8_t { closed, idle, awake };
  [[nodiscard]] bool is_mine() const;

  const std::size_t most_bytes_;
  std::mutex mutex_;
  // -- under the mutex
  state state_ = state::closed;
  pid owner_;
  std::size_t most_frame_bytes_ = 0;
  std::size_t bytes_ = 0;
  bool has_told_too_large_ = false;
  std::vector<waiting_frame> frames_;
};

}  // namespace joist::inline v0::dist::detail
