// joist/detail/live_events.hpp: events of the client, found by their names, as the types that handlers take. Included by
// live/view.hpp and live/component.hpp.
#pragma once

#include <joist/detail/channel.hpp>
#include <joist/detail/html_template.hpp>
#include <joist/detail/json.hpp>
#include <joist/detail/member_names.hpp>
#include <joist/web/payload.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::live::detail {

/// What a handler answers: nothing, or a value for the client's callback.
struct event_answer {
  bool is_known = false;
  std::optional<web::payload> reply = {};
  std::vector<web::json_error> errors = {};  ///< the client has sent something else than the handler takes
};

template <class Self>
concept handles_any_event = requires(Self& s, std::string_view name, const web::json_value& value) {
  s.handle_event(name, value);
};

template <class Call>
void answer_with(event_answer& a, Call call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
  } else {
    a.reply = web::payload{call()};
  }
}

template <class Event, class Self>
bool handle_event_as(Self& s, std::string_view name, const web::json_value& value, event_answer& a) {
  static_assert(
      requires(Self & self, const Event& e) { self.handle_event(e); },
      "joist: there is no handler for a type in events: add a public `handle_event(const Event&)`");
  if (name != web::channels::event_name<Event>()) return false;
  a.is_known = true;
  Event event{};
  joist::detail::json_reader reader{false, false, true};
  if constexpr (!std::is_empty_v<Event>) reader.read(value, event);  // else its name says it all
  a.errors = std::move(reader).errors();
  if (a.errors.empty()) answer_with(a, [&] { return s.handle_event(std::as_const(event)); });
  return true;
}

template <class Self, class... Event>
bool handle_one_of(Self& s, std::string_view name, const web::json_value& value, event_answer& a,
                   joist::detail::type_list<Event...>) {
  return (handle_event_as<Event>(s, name, value, a) || ...);
}

/// Calls the handler of the event.
template <class Self>
event_answer handle_event(Self& s, std::string_view name, const web::json_value& value) {
  event_answer a;
  if constexpr (requires { typename Self::events; }) {
    if (handle_one_of(s, name, value, a, typename Self::events{})) return a;
  }
  if constexpr (handles_any_event<Self>) {
    a.is_known = true;
    answer_with(a, [&] { return s.handle_event(name, value); });
  }
  return a;
}

template <class... Event>
consteval bool is_event_of(std::string_view name, joist::detail::type_list<Event...>) {
  return ((name == web::channels::event_name<Event>()) || ...);
}

/// The first event that the template names and nobody handles; the count of them, where there is none.
template <class Self, joist::detail::html_text Text>
consteval std::size_t unhandled_event() {
  for (std::size_t i = 0; i < joist::detail::scanned_html_of<Text>.event_count && !handles_any_event<Self>; ++i) {
    if (joist::detail::scanned_html_of<Text>.events[i].starts_with("lv:")) continue;  // the library's own
    if constexpr (requires { typename Self::events; }) {
      if (is_event_of(joist::detail::scanned_html_of<Text>.events[i], typename Self::events{})) continue;
    }
    return i;
  }
  return joist::detail::scanned_html_of<Text>.event_count;
}

// Empty behind the last one.
template <joist::detail::html_text Text, std::size_t I>
consteval std::string_view event_at() {
  if constexpr (I < joist::detail::scanned_html_of<Text>.event_count) {
    return joist::detail::scanned_html_of<Text>.events[I];
  } else {
    return {};
  }
}

/// `Name` is what compilers print.
template <bool IsHandled, auto Name>
consteval bool require_handler() {
  static_assert(IsHandled,
                "joist: the template names an event that nobody handles: add its type to `using events = "
                "joist::type_list<...>`, and a public `handle_event(const Event&)`");
  return IsHandled;
}

/// Refuses a template whose events the class does not handle.
template <class Self, joist::detail::html_text Text>
consteval bool handles_events() {
  if constexpr (joist::detail::is_good_html<Text>()) {
    constexpr std::size_t first = unhandled_event<Self, Text>();
    constexpr std::string_view name = event_at<Text, first>();
    return require_handler<name.empty(), joist::detail::text<name.size()>{name}>();
  }
  return true;
}

}  // namespace joist::inline v0::live::detail
