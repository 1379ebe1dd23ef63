// joist/otp/async_stream.hpp: a function applied to the elements of a range, each in a task of its own, so many at a time.
//
//   for (auto& words : joist::async_stream(files, count_words, {.max_concurrency = 4})) total += words.value();
//   for (auto& [file, words] : joist::async_stream(files, joist::with_input(count_words))) ...
//
// Promises
//   tasks are started while the loop asks for results, and elements are taken from the range only for them: it may be
//     endless
//   never more than max_concurrency tasks are alive; results come in the order of the elements, or as they come
//   when the loop is left early, by an exception too, the tasks that still run are killed and gone; no message is left
//   other messages of the process stay where they are, also downs of others
//   a task that fails ends the owner, for they are linked, or, where exits are trapped, is a result with the reason
//
// A stream runs in the process that begins to read it, and belongs to that.
// Example: examples/12_tasks. See also: task.hpp, task_supervisor.hpp (not linked). Elixir: Task.async_stream.
#pragma once

#include <joist/detail/stream_types.hpp>
#include <joist/otp/task.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace joist::inline v0 {

/// What happens when a task has no result in its time.
enum class stream_timeout : std::uint8_t {
  exit,  ///< the caller exits with timeout
  kill,  ///< the task is killed, and its result is timeout
};

struct stream_options {
  std::size_t max_concurrency = 0;  ///< most tasks at a time; 0: as many as there are workers
  bool ordered = true;              ///< results in the order of the elements; those that come early are kept meanwhile
  detail::deadline timeout = default_call_limit;  ///< of each task from its start, as the loop sees it when it waits
  stream_timeout on_timeout = stream_timeout::exit;
};

/// For async_stream: results come with the elements they are for, which are copied. (Elixir: zip_input_on_exit)
template <class F>
[[nodiscard]] auto with_input(F f) {
  return detail::input_keeper<F>{std::move(f)};
}

/// An input range of results. To be read once, by the process that begins to, and where it is then: it may be moved before.
template <class Range, class F>
class task_stream {
  using input = std::ranges::range_value_t<Range>;
  using types = detail::stream_of<input, F>;
  using function = typename types::function;
  using value = typename types::value;
  using outcome = result<value, exit_reason>;
  static constexpr bool with_inputs = detail::keeps_input<F>;

 public:
  using element = typename types::element;

  task_stream(Range&& range, F f, const stream_options& options, detail::task_place where)
      : range_{std::forward<Range>(range)}, function_{std::move(f)}, options_{options}, where_{where} {}
  task_stream(task_stream&&) = default;
  task_stream& operator=(task_stream&&) = delete;
  /// Kills the tasks that run, and waits until they are gone.
  ~task_stream() {
    if (!running_.empty()) detail::give_up_in_destructor(owner_, [this] { kill_all(); });
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = element;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(task_stream& stream) noexcept : stream_{&stream} {}
    [[nodiscard]] element& operator*() const noexcept { return *stream_->current_; }
    [[nodiscard]] element* operator->() const noexcept { return &*stream_->current_; }
    iterator& operator++() {
      stream_->advance();
      return *this;
    }
    void operator++(int) { stream_->advance(); }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return !stream_->current_; }

   private:
    task_stream* stream_ = nullptr;
  };

  /// Starts tasks and waits for the first result.     [process]
  [[nodiscard]] iterator begin() {
    if (!owner_) {
      owner_ = self();
      options_.max_concurrency = detail::concurrency_of(options_.max_concurrency);
      next_.emplace(std::ranges::begin(range_));
      advance();
    }
    return iterator{*this};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  // A range of its own gives its elements away; one of somebody else's has them copied.
  static constexpr bool owns =
      !std::is_lvalue_reference_v<Range> && !std::ranges::enable_view<Range> && !std::ranges::enable_borrowed_range<Range>;

  struct running {
    detail::running_task started;
    detail::deadline until;
    std::conditional_t<with_inputs, std::optional<input>, std::monostate> kept;
  };

  // To the next result in turn, or to the end.
  void advance() {
    current_.reset();
    for (;;) {
      start_more();
      if (!done_.empty() && (!options_.ordered || done_.begin()->first == delivered_)) {
        current_.emplace(std::move(done_.extract(done_.begin()).mapped()));
        ++delivered_;
        return;
      }
      if (running_.empty()) return;
      wait_for_one();
    }
  }

  void start_more() {
    while (running_.size() < options_.max_concurrency && next_) {
      if (taken_) ++*next_;  // not before it is needed: that may wait, or read on
      taken_ = false;
      if (*next_ == std::ranges::end(range_)) {
        next_.reset();
        return;
      }
      start_one();
    }
  }

  void start_one() {
    input in = take_input();
    taken_ = true;
    running made;
    if constexpr (with_inputs) made.kept.emplace(in);
    auto handle = detail::task_access::start(
        where_, [f = plain(), in = std::move(in)]() mutable -> value { return std::invoke(f, std::move(in)); });
    made.started = detail::task_access::started(handle);
    made.until = options_.timeout.fixed();
    running_.emplace_hint(running_.end(), started_, std::move(made));
    waiting_.add(std::move(detail::task_access::request_of(handle)), started_++);
  }
  [[nodiscard]] input take_input() {
    if constexpr (owns) {
      return std::ranges::iter_move(*next_);
    } else {
      static_assert(std::is_constructible_v<input, std::ranges::range_reference_t<Range>>,
                    "joist: async_stream copies the elements of a range that it does not own: move the container in");
      return static_cast<input>(**next_);
    }
  }
  [[nodiscard]] const function& plain() const {
    if constexpr (with_inputs) {
      return function_.function;
    } else {
      return function_;
    }
  }

  // The one that was started first is the first whose time is over.
  void wait_for_one() {
    const auto oldest = running_.begin();
    const detail::running_task& first = oldest->second.started;
    if (auto next = waiting_.wait_response(oldest->second.until)) {
      const auto at = running_.find(next->label);
      detail::settle_task(at->second.started, !next->outcome);
      return finish(at, std::move(next->outcome));
    }
    if (options_.on_timeout == stream_timeout::exit)
      detail::exit_after_wait(exit_reason::timeout,
                              {"a stream of tasks, in that of", first.process, nullptr, options_.timeout});
    auto late = detail::task_access::handle<value>(first, waiting_.remove(first.monitor));
    auto got = late.shutdown(shutdown_policy::brutal_kill());
    finish(oldest, got ? *std::move(got) : outcome{failure{exit_reason::timeout}});
  }
  void finish(typename std::map<std::size_t, running>::iterator at, outcome got) {
    if constexpr (with_inputs) {
      done_.emplace(at->first, element{*std::move(at->second.kept), std::move(got)});
    } else {
      done_.emplace(at->first, std::move(got));
    }
    running_.erase(at);
  }

  void kill_all() {
    std::vector<pid> processes;
    processes.reserve(running_.size());
    for (const auto& [number, one] : running_) processes.push_back(one.started.process);
    detail::kill_tasks(processes);
  }

  Range range_;
  F function_;
  stream_options options_;
  detail::task_place where_;
  pid owner_;
  std::optional<std::ranges::iterator_t<Range>> next_;  // of the range; nothing at its end
  bool taken_ = false;                                  // what next_ points to
  std::map<std::size_t, running> running_;              // by the number of the element
  request_set<value, std::size_t> waiting_;             // the same
  std::map<std::size_t, element> done_;                 // not given to the loop yet
  std::size_t started_ = 0;
  std::size_t delivered_ = 0;
  std::optional<element> current_;
};

namespace detail {
template <class Range, class F>
[[nodiscard]] auto stream_in(const task_place& where, Range&& range, F&& f, const stream_options& options) {
  using function = std::decay_t<F>;
  static_assert(std::ranges::input_range<Range>, "joist: async_stream takes a range of inputs");
  static_assert(std::is_copy_constructible_v<function>, "joist: the function of async_stream is copied for each task");
  return task_stream<Range, function>{std::forward<Range>(range), std::forward<F>(f), options, where};
}
}  // namespace detail

/// f(element) for each, in tasks linked to the process that reads the stream. A container given as an rvalue is kept and
/// gives its elements away; others are referred to, and must outlive the stream.     [process]
template <class Range, class F>
[[nodiscard]] auto async_stream(Range&& range, F&& f, const stream_options& options = {}) {
  return detail::stream_in(detail::task_place{}, std::forward<Range>(range), std::forward<F>(f), options);
}

}  // namespace joist::inline v0
