// joist/detail/stream_types.hpp: what an async_stream gives for its function and its inputs.
#pragma once

#include <joist/exit_reason.hpp>
#include <joist/result.hpp>

#include <cstddef>
#include <type_traits>

namespace joist::inline v0 {

/// What a stream with inputs gives.
template <class Input, class T>
struct with_its_input {
  Input input;
  result<T, exit_reason> outcome;
};

namespace detail {

template <class F>
struct input_keeper {
  F function;
};
template <class F>
constexpr bool keeps_input = false;
template <class F>
constexpr bool keeps_input<input_keeper<F>> = true;

/// The function that a stream was given, and what it gives for an input.
template <class Input, class F>
struct stream_of {
  static_assert(std::is_invocable_v<F&, Input>,
                "joist: the function of async_stream is called with an element of the range, as a value of its own");
  using function = F;
  using value = std::remove_cvref_t<std::invoke_result_t<F&, Input>>;
  using element = result<value, exit_reason>;
};
template <class Input, class F>
struct stream_of<Input, input_keeper<F>> : stream_of<Input, F> {
  using element = with_its_input<Input, typename stream_of<Input, F>::value>;
};

/// 0: the number of workers.
[[nodiscard]] std::size_t concurrency_of(std::size_t wanted);

}  // namespace detail
}  // namespace joist::inline v0
