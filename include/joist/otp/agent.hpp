// joist/otp/agent.hpp: a value that several processes share: it lives in a process of its own, and others send functions
// there that read it and change it, one after the other.
//
//   auto counter = joist::agent<int>::start_link(0);
//   counter.update([](int& n) { ++n; });
//   int now = counter.get([](const int& n) { return n; });
//
// Promises
//   functions are called in the agent's process, in the order in which they came; what they return is given by value
//   a function that throws ends the agent, and the caller has that reason: the value may be half changed
//   without an agent, or an answer until `limit`, the caller exits as with server_ref::call
//
// While a function runs the agent does nothing else: what takes long belongs to the caller, or to a task. For messages with
// names, write a gen_server; an agent is one, so sys.hpp looks into it.
// Guide: docs/guides/agent.md. See also: gen_server.hpp. Elixir: Agent.
#pragma once

#include <joist/otp/child_spec.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/server_ref.hpp>
#include <joist/result.hpp>

#include <fmt/core.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0 {

namespace detail {

template <class State, class Init>
constexpr bool makes_state = std::is_invocable_r_v<State, Init&>;

/// The process of an agent. Its requests are the functions.
template <class State>
class agent_server : public gen_server<agent_server<State>> {
 public:
  template <class F>
  struct ask {
    using reply = std::remove_cvref_t<std::invoke_result_t<F&, State&>>;
    F f;
  };
  template <class F>
  struct tell {
    F f;
  };

  template <class Init>
  requires(std::is_constructible_v<State, Init> || makes_state<State, Init>) explicit agent_server(Init init)
      : state{made_by(init)} {}
  template <class F>
  auto handle_call(ask<F> request) {
    return std::invoke(request.f, state);
  }
  template <class F>
  void handle_cast(tell<F> request) {
    std::invoke(request.f, state);
  }
  [[nodiscard]] std::string format_status() const {
    if constexpr (fmt::is_formattable<State>::value) {
      return fmt::format("{}", state);
    } else {
      return {};
    }
  }

  State state;

 private:
  template <class Init>
  static State made_by(Init& init) {
    if constexpr (makes_state<State, Init>) {
      return init();
    } else {
      return State(std::move(init));
    }
  }
};

}  // namespace detail

/// The address of an agent whose value is a State. Cheap to copy; may be sent.
template <class State>
class agent {
  static_assert(std::is_object_v<State> && !std::is_const_v<State>, "joist: an agent keeps a value that can change");
  static_assert(!detail::is_lent_text<State>, "joist: an agent keeps text of its own: a std::string");

 public:
  using server = detail::agent_server<State>;

  agent() = default;
  explicit agent(server_ref<server> ref) noexcept : ref_{ref} {}
  /// That the process is such an agent is up to who says so.
  explicit agent(pid process) noexcept : ref_{process} {}
  [[nodiscard]] pid process() const noexcept { return ref_.process(); }
  operator pid() const noexcept { return process(); }

  /// `init`: the value, or a function that makes it, called in the agent's process. As the functions of gen_server.hpp:
  /// linked to the caller or not, with an error or start_failed.     [process]
  template <class Init>
  static agent start_link(Init init, const server_options& options = {}) {
    return agent{joist::start_link<server>(options, std::move(init))};
  }
  template <class Init>
  static agent start(Init init, const server_options& options = {}) {
    return agent{joist::start<server>(options, std::move(init))};
  }
  template <class Init>
  static result<agent, start_error> try_start_link(Init init, const server_options& options = {}) {
    return of(joist::try_start_link<server>(options, std::move(init)));
  }
  template <class Init>
  static result<agent, start_error> try_start(Init init, const server_options& options = {}) {
    return of(joist::try_start<server>(options, std::move(init)));
  }
  /// A permanent worker: `init` is copied for each start.
  template <class Init>
  [[nodiscard]] static child_spec child(std::string id, Init init, const server_options& options = {}) {
    return {std::move(id), starts<server>(options, std::move(init))};
  }

  /// What f(const State&) returns.     [process]
  template <class F>
  auto get(F f, detail::deadline limit = default_call_limit) const {
    static_assert(std::is_invocable_v<F&, const State&>, "joist: agent::get calls f(const State&)");
    return ask([f = std::move(f)](State& s) mutable -> decltype(auto) { return std::invoke(f, std::as_const(s)); }, limit);
  }
  /// A copy of the value.     [process]
  [[nodiscard]] State get() const {
    return get([](const State& s) { return s; });
  }
  /// Waits until f(State&) has changed the value, or f(State) has returned a new one.     [process]
  template <class F>
  void update(F f, detail::deadline limit = default_call_limit) const {
    ask(change(std::move(f)), limit);
  }
  /// f(State&) changes the value; what it returns is returned.     [process]
  template <class F>
  auto get_and_update(F f, detail::deadline limit = default_call_limit) const {
    static_assert(in_place<F>,
                  "joist: agent::get_and_update calls f(State&), which changes the value; to read it, call get");
    if constexpr (in_place<F>) {
      static_assert(!std::is_void_v<std::invoke_result_t<F&, State&>>,
                    "joist: agent::get_and_update gives what f(State&) returns: return something, or call update");
    }
    return ask(std::move(f), limit);
  }
  /// As update; does not wait, and does not learn whether there is an agent.     [any thread]
  template <class F>
  void cast(F f) const {
    auto made = change(std::move(f));
    ref_.cast(typename server::template tell<decltype(made)>{std::move(made)});
  }
  /// server_ref::stop.     [process]
  void stop(exit_reason reason = exit_reason::normal, detail::deadline limit = infinity) const {
    ref_.stop(std::move(reason), limit);
  }

  /// For sys.hpp.
  [[nodiscard]] server_ref<server> as_server() const noexcept { return ref_; }
  friend constexpr bool operator==(const agent&, const agent&) noexcept = default;

 private:
  static result<agent, start_error> of(result<server_ref<server>, start_error> started) {
    if (!started) return failure{std::move(started).error()};
    return agent{*started};
  }
  template <class F>
  auto ask(F f, detail::deadline limit) const {
    return ref_.call(typename server::template ask<F>{std::move(f)}, limit);
  }
  /// What takes the value by reference, and not a copy of it.
  template <class F>
  static constexpr bool in_place = std::is_invocable_v<F&, State&> && !std::is_invocable_v<F&, State>;
  template <class F>
  static auto change(F f) {
    static_assert(
        in_place<F> || std::is_invocable_r_v<State, F&, State>,
        "joist: agent::update and cast call f(State&), which changes the value, or f(State), which returns a new one");
    if constexpr (in_place<F>) {
      static_assert(std::is_void_v<std::invoke_result_t<F&, State&>>,
                    "joist: f(State&) of agent::update and cast returns nothing: call get_and_update for what it returns");
    }
    return [f = std::move(f)](State& s) mutable {
      if constexpr (in_place<F>) {
        std::invoke(f, s);
      } else {
        s = std::invoke(f, std::move(s));
      }
    };
  }

  server_ref<server> ref_;
};

/// The agent that has the name. That it keeps a State is up to who says so.     [process]
template <class State>
[[nodiscard]] std::optional<agent<State>> find_agent(std::string_view name) {
  const auto found = find_server<typename agent<State>::server>(name);
  return found ? std::optional{agent<State>{*found}} : std::nullopt;
}

}  // namespace joist::inline v0
