// joist/alias.hpp: a second address of a process, which it can switch off: late answers then vanish.
//
// Promises
//   what is sent to an alias after unalias() returned, or after its one reply, never reaches the mailbox
//
// See also: monitor.hpp (an alias that ends with a monitor). OTP: erlang:alias/1.
#pragma once

#include <joist/monitor.hpp>
#include <joist/pid.hpp>
#include <joist/ref.hpp>

namespace joist::inline v0 {

/// Where to send instead of to the pid. Cheap to copy; may be sent.
class alias {
 public:
  constexpr alias() = default;
  constexpr alias(pid owner, ref reference) noexcept : owner_{owner}, reference_{reference} {}
  [[nodiscard]] constexpr pid owner() const noexcept { return owner_; }
  [[nodiscard]] constexpr ref reference() const noexcept { return reference_; }
  friend constexpr bool operator==(const alias&, const alias&) noexcept = default;

 private:
  pid owner_;
  ref reference_;
};

enum class alias_use : unsigned char {
  until_unalias,
  one_reply,  ///< ends with the first message through it
};

/// A new alias of the caller; its reference sets the mailbox mark, as make_ref() does.     [process]
[[nodiscard]] alias make_alias(alias_use use = alias_use::until_unalias);
/// The alias that monitor(target, mode) made.     [process]
[[nodiscard]] alias alias_of(ref monitor);
/// Switches an alias of the caller off. False when it was off, or is another's.     [process]
bool unalias(ref reference);
inline bool unalias(const alias& a) { return unalias(a.reference()); }

}  // namespace joist::inline v0
