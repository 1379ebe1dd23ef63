// joist/live/component.hpp: a part of a view with a state and events of its own. A class is a component.
//
//   class field : public joist::live::component<field> {
//    public:
//     struct clear {};                                           // an event of its own
//     using events = joist::type_list<clear>;
//     void update(std::string label) { label_ = std::move(label); }
//     void handle_event(const clear&) { text_.clear(); }
//     joist::live::rendered render() const {
//       return html<R"(<label>{} <b phx-click="clear" phx-target={}>{}</b></label>)">(label_, myself(), text_);
//     }
//   };
//   html<"<form>{}</form>">(joist::live::make_component<field>("street", "Street"))
//
// All public
//   void   update(arguments...)      before each render: with what the view gives
//   rendered render() const          one element, which the client finds again
//   Answer handle_event(const Event&)     as of a view; for what has phx-target={} with myself()
//
// Promises
//   it lives as long as the view shows it, under the id that the view has given it: each id of a class once
//   it lives in the process of the view: what it throws ends the view
//
// Example: examples/38_live. See also: view.hpp, html.hpp. Phoenix: Phoenix.LiveComponent.
#pragma once

#include <joist/detail/kept_argument.hpp>
#include <joist/detail/live_events.hpp>
#include <joist/live/html.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <typeinfo>
#include <utility>

namespace joist::inline v0::live {

namespace detail {

/// A component, whatever its class.
class component_base {
 public:
  component_base(const component_base&) = delete;
  component_base& operator=(const component_base&) = delete;
  virtual ~component_base() = default;
  [[nodiscard]] virtual rendered shown() const = 0;
  virtual event_answer take_event(std::string_view name, const web::json_value& value) = 0;
  std::uint64_t number = 0;  ///< by which the client knows it

 protected:
  component_base() = default;
};

}  // namespace detail

template <class Self>
class component : public detail::component_base {
 public:
  [[nodiscard]] rendered shown() const final {
    static_assert(
        requires(const Self& self) {
          { self.render() } -> std::same_as<rendered>;
        },
        "joist: a component shows itself: add a public `joist::live::rendered render() const`");
    return static_cast<const Self&>(*this).render();
  }
  detail::event_answer take_event(std::string_view name, const web::json_value& value) final {
    return detail::handle_event(static_cast<Self&>(*this), name, value);
  }

 protected:
  component() = default;
  /// For phx-target={}: what is clicked there is an event of this component.
  [[nodiscard]] std::uint64_t myself() const noexcept { return number; }
  /// As html(), and an event that is named in it, and that nobody handles, does not compile.
  template <detail::html_text Text, class... Argument>
  [[nodiscard]] static rendered html(Argument&&... arguments) {
    static_assert(detail::handles_events<Self, Text>());
    return live::html<Text>(std::forward<Argument>(arguments)...);
  }
};

/// A component of the class, which is made when it is first shown; `arguments` are those of its update(), and lent text is
/// kept as a std::string until then.
template <std::derived_from<detail::component_base> Component, class... Argument>
[[nodiscard]] component_call make_component(std::string id, Argument... arguments) {
  joist::detail::require_kept<Argument...>();
  using kept = std::tuple<joist::detail::kept_argument<Argument>...>;
  return {typeid(Component), std::move(id), [] { return std::make_unique<Component>(); },
          [all = std::make_shared<kept>(std::move(arguments)...)](detail::component_base& c) {
            if constexpr (sizeof...(Argument) > 0 || requires(Component & made) { made.update(); }) {
              std::apply([&c](auto&... a) { static_cast<Component&>(c).update(std::move(a)...); }, *all);
            }
          }};
}

}  // namespace joist::inline v0::live
