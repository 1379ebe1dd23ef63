// joist/detail/event_members.hpp: what is to be known of a type of telemetry events. Included by telemetry.hpp.
#pragma once

#include <joist/detail/heard.hpp>
#include <joist/detail/member_names.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::telemetry {

/// A figure of an event. Durations are in seconds.
struct measurement {
  std::string_view name;
  double value;
};
/// What a figure is about.
struct tag {
  std::string_view name;
  std::string value;
};

class any_event;

namespace detail {

template <class Event>
concept is_event = std::is_aggregate_v<Event> && requires(const Event& e) {
  { Event::event_name } -> std::convertible_to<std::string_view>;
  e.measurements;
  e.metadata;
};

/// One for each type of events: its address tells which.
struct event_type {
  std::string_view name;
  std::uint64_t bit;  // of the runtime's word that tells whether anybody listens; types may share one
  std::vector<measurement> (*measurements)(const void* event);
  std::vector<tag> (*metadata)(const void* event);
};

template <class Rep, class Period>
double number_of(std::chrono::duration<Rep, Period> d) noexcept {
  return std::chrono::duration<double>{d}.count();
}
template <class Number>
requires std::is_arithmetic_v<Number>
double number_of(Number n) noexcept { return static_cast<double>(n); }

/// Calls f(name, value) for each member.
template <class T, class F>
void for_each_member(const T& all, F f) {
  constexpr std::size_t count = joist::detail::member_count<T>();
  const auto call_each = [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f(joist::detail::member_name<T, I>(), *joist::detail::address_of<I, count>(all).pointer), ...);
  };
  call_each(std::make_index_sequence<count>{});
}

template <class Event>
std::vector<measurement> measurements_of(const void* event) {
  std::vector<measurement> all;
  for_each_member(static_cast<const Event*>(event)->measurements, [&all](std::string_view name, const auto& value) {
    static_assert(
        requires { number_of(value); }, "joist: a measurement of a telemetry event is a number or a duration");
    all.push_back({name, number_of(value)});
  });
  return all;
}

template <class Event>
std::vector<tag> metadata_of(const void* event) {
  std::vector<tag> all;
  for_each_member(static_cast<const Event*>(event)->metadata, [&all](std::string_view name, const auto& value) {
    static_assert(fmt::is_formattable<std::remove_cvref_t<decltype(value)>>::value,
                  "joist: the metadata of a telemetry event is what fmt can print: specialise fmt::formatter, or use text");
    all.push_back({name, fmt::format("{}", value)});
  });
  return all;
}

template <class Event>
inline constexpr event_type event_type_of{Event::event_name, bit_of(Event::event_name), &measurements_of<Event>,
                                          &metadata_of<Event>};

using handler_function = std::function<void(const any_event&)>;

/// `types` empty: all.     [process]
void attach_handler(std::string id, std::vector<const event_type*> types, handler_function handler);
[[nodiscard]] bool is_heard(const event_type& type);
void tell_handlers(const event_type& type, const void* event);

}  // namespace detail
}  // namespace joist::inline v0::telemetry
