// core/link_end.hpp: one end of a link, as a value. Each end knows what it itself called and what has come from the other;
// signals between the two arrive in order, and an unlink is acknowledged.
//
//             link()            unlink()             link came   unlink came   last acknowledgement   exit came
//   none      active, send      nothing; while one   active      -             -                      of a link that is gone
//                               of ours is open:
//                               unlinking, send
//   active    -                 unlinking, send      -           none          -                      none, and it counts
//   unlinking active, send      -                    -           -             none                   of a link that is gone
//
// An unlink that came is acknowledged in each state. `unlinks` counts ours that are not: the last acknowledgement is the one
// that takes it to zero. An end that is `none` with no open unlink need not be kept.
//
// Invariants (all interleavings of both ends' calls: tests/core/link_end_test.cpp)
//   N1  when no signal is on its way, both ends are active or both none
//   N2  when both called link last, they are active; when both called unlink last, none
//   N3  after an unlink of a link, no exit counts until we link again, or the other does after it saw the unlink
//   N4  whoever called link last hears of the other's end once
//
// Source: the link protocol of OTP (erl_dist_protocol, "Link Protocol"), which says nothing about an unlink where there is
// no link. Here it is sent while another one is open: a link of ours may be on its way, of which an unlink of the other's
// has told us that it will be of a link that is gone; the other may have linked once more meanwhile, and then takes it as
// new.
#pragma once

#include <compare>
#include <cstdint>

namespace joist::inline v0::core {

class link_end {
 public:
  [[nodiscard]] bool is_active() const noexcept { return state_ == state::active; }
  /// Nothing is known that has to be remembered.
  [[nodiscard]] bool is_over() const noexcept { return state_ == state::none && unlinks_ == 0; }

  /// Links; true: the other is to be told.
  [[nodiscard]] bool link() noexcept {
    if (state_ == state::active) return false;
    state_ = state::active;
    return true;
  }
  /// Unlinks; true: the other is to be told.
  [[nodiscard]] bool unlink() noexcept {
    if (state_ == state::unlinking || is_over()) return false;
    state_ = state::unlinking;
    ++unlinks_;
    return true;
  }

  void link_came() noexcept {
    if (state_ == state::none) state_ = state::active;
  }
  void unlink_came() noexcept {
    if (state_ == state::active) state_ = state::none;
  }
  void acknowledged() noexcept {
    if (unlinks_ > 0 && --unlinks_ == 0 && state_ == state::unlinking) state_ = state::none;
  }
  /// Whether the exit is of this link.
  [[nodiscard]] bool exit_came() noexcept {
    const bool counts = is_active();
    if (counts) state_ = state::none;
    return counts;
  }

  friend auto operator<=>(const link_end&, const link_end&) = default;

 private:
  enum class state : std::uint8_t { none, active, unlinking };

  state state_ = state::none;
  std::uint32_t unlinks_ = 0;
};

}  // namespace joist::inline v0::core
