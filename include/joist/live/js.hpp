// joist/live/js.hpp: what the browser does by itself when something is clicked: commands of the official client.
//
//   html<R"(<button phx-click={}>menu</button>)">(joist::live::js{}.toggle("#menu").push("opened"))
//   html<R"(<a href="/rooms/7" phx-click={}>seven</a>)">(joist::live::js{}.navigate("/rooms/7"))
//
// Promises
//   commands run in their order, without the server, but for push, patch and navigate
//   what they change stays when the server changes something else on the page
//
// `to` is a CSS selector; empty: the element itself. Phoenix: Phoenix.LiveView.JS.
#pragma once

#include <joist/web/channel.hpp>

#include <string>
#include <string_view>

namespace joist::inline v0::live {

class js {
 public:
  js() = default;

  /// An event for the view, or for `target`, a component's number or a selector. `value` comes with it.
  js& push(std::string_view event, const web::payload& value = {}, std::string_view target = {});
  template <web::channels::named_event Event>
  js& push(const Event& e, std::string_view target = {}) {
    return push(web::channels::event_name<Event>(), web::payload{e}, target);
  }
  js& show(std::string_view to = {});
  js& hide(std::string_view to = {});
  js& toggle(std::string_view to = {});
  /// `names`: classes, with blanks between them.
  js& add_class(std::string_view names, std::string_view to = {});
  js& remove_class(std::string_view names, std::string_view to = {});
  js& toggle_class(std::string_view names, std::string_view to = {});
  js& set_attribute(std::string_view name, std::string_view value, std::string_view to = {});
  js& remove_attribute(std::string_view name, std::string_view to = {});
  js& focus(std::string_view to = {});
  js& focus_first(std::string_view to = {});
  /// A DOM event, with `detail` beside it.
  js& dispatch(std::string_view event, const web::payload& detail = {}, std::string_view to = {});
  /// What another element has as commands in an attribute.
  js& exec(std::string_view attribute, std::string_view to = {});
  /// As view::push_patch and push_navigate, by the browser.
  js& patch(std::string_view href);
  js& navigate(std::string_view href);

  /// For an attribute: a JSON text.
  [[nodiscard]] std::string text() const { return '[' + commands_ + ']'; }
  operator std::string() const { return text(); }  // NOLINT(google-explicit-constructor)

 private:
  js& add(std::string_view command, std::string_view to, std::string_view more);
  js& add_names(std::string_view command, std::string_view names, std::string_view to);
  std::string commands_;
};

}  // namespace joist::inline v0::live

template <>
struct fmt::formatter<joist::live::js> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::live::js& commands, Context& context) const {
    return fmt::formatter<std::string_view>::format(commands.text(), context);
  }
};
