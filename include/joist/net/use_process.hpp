// joist/net/use_process.hpp: asynchronous operations of Boost.Asio, waited for by a process as if they were plain calls.
//
//   boost::asio::thread_pool pool{1};                                         // somebody has to run Asio's code
//   joist::spawn({.own_stack = true}, [&pool] {
//     boost::asio::steady_timer timer{pool, 10ms};
//     timer.async_wait(use_process);                                          // returns in ten milliseconds
//     std::size_t n = pipe.async_read_some(buffer, use_process(5s));          // or throws after five seconds
//     auto [why, m] = pipe.async_read_some(buffer, boost::asio::as_tuple(use_process));
//   });
//
// Promises
//   the operation's results are what the call returns: nothing, a value, or a tuple of them. An error_code or an
//     exception_ptr that comes first is thrown; boost::asio::as_tuple and redirect_error give error codes instead
//   only the calling process waits; what the operation's own code runs on is its executor's to say, never a worker
//   when the call returns or throws, the operation is over: nothing writes into a buffer of the caller's after that. A limit
//     that passes, and the end of the process, cancel the operation (Asio's cancellation slot, all types), and then wait for
//     it to be over. Of a process that is ended, links and monitors are told at once, and its stack is unwound after that;
//     meanwhile it holds a thread, as joist::blocking does: for long where an operation cannot be cancelled
//   the operation's handlers, those in its middle too, and its cancellation run in one strand: an executor with several
//     threads needs no other
//
// The caller needs a stack of its own, spawn_options::own_stack: buffers and objects of its locals are used by other threads
// while it waits, when the frames of other processes may be elsewhere (docs/guides/stacks.md).
// For sockets joist::net's own calls cost less, and work on every stack: stream.hpp. After Asio's use_future, and spawn's
// yield_context. This header brings Boost.Asio with it. See also: asio.hpp.
#pragma once

#include <joist/clock.hpp>
#include <joist/net/detail/operation.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace joist::inline v0::net {

/// A completion token; see above.     [process with own_stack]
///
/// Throws, besides what the operation does: boost::system::system_error with timed_out for a limit that has passed, with
/// operation_aborted where the operation was dropped without a result, as when its execution context is destroyed.
/// joist::error with errc::not_a_process, and errc::bad_wait: in a process without own_stack, in a receive guard, in
/// no_preempt, and within simulate(), where there is no outside world.
class use_process_t {
 public:
  constexpr use_process_t() = default;
  /// The same, with a limit: a duration from the start of the operation, or a point of joist::clock.
  [[nodiscard]] use_process_t operator()(joist::detail::deadline limit) const noexcept {
    use_process_t limited;
    limited.limit_ = limit;
    return limited;
  }
  [[nodiscard]] const joist::detail::deadline& limit() const noexcept { return limit_; }

  /// An executor whose operations take use_process where no token is given.
  template <class Inner>
  struct executor_with_default : Inner {
    using default_completion_token_type = use_process_t;
    executor_with_default(const Inner& inner) noexcept : Inner{inner} {}
    template <class Other>
    requires(!std::is_same_v<Other, executor_with_default> && std::is_convertible_v<Other, Inner>)
        executor_with_default(const Other& other)
    noexcept : Inner{other} {}
  };
  /// An I/O object's type with that: use_process_t::as_default_on_t<boost::asio::steady_timer>.
  template <class T>
  using as_default_on_t = typename T::template rebind_executor<executor_with_default<typename T::executor_type>>::other;

 private:
  joist::detail::deadline limit_;
};
inline constexpr use_process_t use_process{};

namespace detail {

/// The strand of an operation, and its cancellation.
class asio_operation : public operation, public std::enable_shared_from_this<asio_operation> {
 public:
  using strand = boost::asio::strand<boost::asio::any_io_executor>;

  /// Where its handlers run. The first executor that asks decides.     [process, handlers]
  template <class Executor>
  strand strand_on(const Executor& executor) {
    const std::scoped_lock lock{mutex_};
    if (!strand_) strand_.emplace(boost::asio::any_io_executor{executor});
    return *strand_;
  }
  [[nodiscard]] boost::asio::cancellation_slot slot() noexcept { return signal_.slot(); }

 protected:
  void cancel() override {
    const std::scoped_lock lock{mutex_};  // let_go() waits: the context is there while this posts
    if (!strand_) return;
    const strand on = *strand_;  // one that runs what is posted at once may end the operation meanwhile
    boost::asio::post(on, [self = shared_from_this()] {
      // Else over: what the slot's handler points to may be gone.
      if (!self->is_over()) self->signal_.emit(boost::asio::cancellation_type::all);
    });
  }
  void let_go() noexcept override {
    const std::scoped_lock lock{mutex_};
    strand_.reset();  // the strand's memory is of the context, which may be about to end
  }

 private:
  std::recursive_mutex mutex_;  // guards strand_; recursive: see cancel()
  std::optional<strand> strand_;
  boost::asio::cancellation_signal signal_;
};

/// What comes of an operation.
template <class... Results>
class awaited final : public asio_operation {
 public:
  std::optional<std::tuple<Results...>> results;
  std::exception_ptr failure;  // of moving them here
};

/// The completion handler. Moved about by Asio, called at most once; its last copy tells the process.
template <class... Results>
class process_handler {
 public:
  using cancellation_slot_type = boost::asio::cancellation_slot;

  explicit process_handler(std::shared_ptr<awaited<Results...>> of) noexcept : of_{std::move(of)} { of_->begins(); }
  process_handler(process_handler&&) noexcept = default;
  process_handler& operator=(process_handler&&) = delete;
  process_handler(const process_handler&) = delete;
  process_handler& operator=(const process_handler&) = delete;
  ~process_handler() {
    if (of_ != nullptr) of_->ends();
  }

  template <class... Values>
  void operator()(Values&&... values) {
    const auto of = std::move(of_);
    try {
      of->results.emplace(std::forward<Values>(values)...);
    } catch (...) {
      of->failure = std::current_exception();
    }
    of->ends();
  }

  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return of_->slot(); }
  [[nodiscard]] asio_operation& of() const noexcept { return *of_; }

 private:
  std::shared_ptr<awaited<Results...>> of_;
};

// -- from results to what the call returns

inline boost::system::error_code* error_in(boost::system::error_code& why) { return &why; }
template <class... Rest>
boost::system::error_code* error_in(std::tuple<boost::system::error_code, Rest...>& results) {  // of as_tuple
  return &std::get<0>(results);
}
template <class T>
boost::system::error_code* error_in(T&) {
  return nullptr;
}

inline void throw_first(const boost::system::error_code& why) {
  if (why) throw boost::system::system_error{why};
}
inline void throw_first(const std::exception_ptr& why) {
  if (why != nullptr) std::rethrow_exception(why);
}

template <class... Results>
auto returned(std::tuple<Results...> results) {
  if constexpr (sizeof...(Results) == 1) {
    return std::get<0>(std::move(results));
  } else if constexpr (sizeof...(Results) > 1) {
    return results;
  }
}
template <class First, class... Rest>
requires std::is_same_v<First, boost::system::error_code> || std::is_same_v<First, std::exception_ptr>
auto returned(std::tuple<First, Rest...> results) {
  throw_first(std::get<0>(results));
  return std::apply([](First&, Rest&... rest) { return returned(std::tuple<Rest...>{std::move(rest)...}); }, results);
}

template <class... Results>
auto take_results(awaited<Results...>& of, bool timed_out) {
  if (of.failure != nullptr) std::rethrow_exception(of.failure);
  if (!of.results)
    throw boost::system::system_error{
        boost::asio::error::operation_aborted,
        "use_process: the operation was dropped without a result: was its execution context destroyed?"};
  if constexpr (sizeof...(Results) > 0) {
    boost::system::error_code* why = error_in(std::get<0>(*of.results));
    if (timed_out && why != nullptr && *why == boost::asio::error::operation_aborted) *why = boost::asio::error::timed_out;
  }
  return returned(std::move(*of.results));
}

}  // namespace detail
}  // namespace joist::inline v0::net

namespace boost::asio {

template <class... Results, class Executor>
struct associated_executor<joist::net::detail::process_handler<Results...>, Executor> {
  using type = joist::net::detail::asio_operation::strand;
  static type get(const joist::net::detail::process_handler<Results...>& handler, const Executor& executor = {}) {
    return handler.of().strand_on(executor);
  }
};

template <class... Args>
class async_result<joist::net::use_process_t, void(Args...)> {
  using operation = joist::net::detail::awaited<std::decay_t<Args>...>;

 public:
  using return_type = decltype(joist::net::detail::take_results(std::declval<operation&>(), false));

  template <class Initiation, class... With>
  static return_type initiate(Initiation&& initiation, const joist::net::use_process_t& token, With&&... with) {
    const auto of = std::make_shared<operation>();
    auto start = [&] {
      std::forward<Initiation>(initiation)(joist::net::detail::process_handler<std::decay_t<Args>...>{of},
                                           std::forward<With>(with)...);
    };
    const bool timed_out = of->run(
        token.limit(), [](void* s) { (*static_cast<decltype(start)*>(s))(); }, &start);
    return joist::net::detail::take_results(*of, timed_out);
  }
};

}  // namespace boost::asio
