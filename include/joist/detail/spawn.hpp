// joist/detail/spawn.hpp: a function object on its way to the process that will run it.
#pragma once

#include <joist/detail/node.hpp>
#include <joist/pid.hpp>

#include <type_traits>
#include <utility>

namespace joist::inline v0 {
struct spawn_options;
struct monitored;
}  // namespace joist::inline v0

namespace joist::inline v0::detail {

enum class spawn_mode : unsigned char { plain, link, monitor, link_and_monitor };
[[nodiscard]] constexpr bool links(spawn_mode m) noexcept {
  return m == spawn_mode::link || m == spawn_mode::link_and_monitor;
}
[[nodiscard]] constexpr bool monitors(spawn_mode m) noexcept {
  return m == spawn_mode::monitor || m == spawn_mode::link_and_monitor;
}

struct closure {
  void (*run)(closure&);
  void (*destroy)(closure&) noexcept;  // also gives the memory back
};

struct closure_deleter {
  void operator()(closure* c) const noexcept { c->destroy(*c); }
};
using closure_ptr = std::unique_ptr<closure, closure_deleter>;

template <class Body>
struct closure_of final : closure {
  Body body;
};

/// Made where it stays: a Body that cannot be moved.
template <class Body, class... Argument>
[[nodiscard]] closure_ptr make_closure_of(Argument&&... a) {
  using made = closure_of<Body>;
  static_assert(std::is_invocable_v<Body&>, "joist: a process body is called without arguments: capture them");
  constexpr std::size_t alignment = alignof(made);
  void* memory = allocate_aligned<alignment>(sizeof(made));
  try {
    return closure_ptr{::new (memory) made{{[](closure& c) { static_cast<made&>(c).body(); },
                                            [](closure& c) noexcept {
                                              static_cast<made&>(c).~made();
                                              release_aligned<alignment>(&c, sizeof(made));
                                            }},
                                           Body(std::forward<Argument>(a)...)}};
  } catch (...) {
    release_aligned<alignment>(memory, sizeof(made));
    throw;
  }
}
template <class Body>
[[nodiscard]] closure_ptr make_closure(Body&& body) {
  return make_closure_of<std::decay_t<Body>>(std::forward<Body>(body));
}

/// When the new process has its turn.
enum class first_turn : unsigned char {
  queued,  ///< as others do, on any worker
  next,    ///< when the caller waits, on its worker: for a caller that is about to wait for it
};
[[nodiscard]] monitored spawn_closure(closure_ptr body, const spawn_options* options, spawn_mode mode,
                                      first_turn turn = first_turn::queued);

}  // namespace joist::inline v0::detail
