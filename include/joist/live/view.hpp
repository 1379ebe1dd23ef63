// joist/live/view.hpp: a page that a process keeps up to date: its state is here, the browser shows it, and what changes
// goes there. Spoken to by the official client of Phoenix LiveView. A class is a view.
//
//   class counter : public joist::live::view<counter> {
//    public:
//     struct add { int by = 1; };                                   // an event: phx-click="add"
//     using events = joist::type_list<add>;
//     void handle_event(const add& e) { count_ += e.by; }
//     joist::live::rendered render() const {
//       return html<R"(<p>{}</p><button phx-click="add" phx-value-by="1">more</button>)">(count_);
//     }
//    private:
//     int count_ = 0;
//   };
//
// A view is a gen_server and a channel: it has handle_info, handle_call, handle_cast, timers and terminate as these do.
// Beside them, all public
//   rendered render() const                what the browser shows now. It changes nothing
//   void mount(const web::request& page)   once, first; twice for a page that is opened: for the answer to the request, when
//                                          connected() is false, and when the browser has connected, in the process that
//                                          stays
//   void handle_params(const web::request& page)    after mount, and when the URL changes: push_patch, links with
//   data-phx-link Answer handle_event(const Event&)      for each type in `using events = joist::type_list<...>` Answer
//   handle_event(std::string_view name, const web::json_value& value)        all other events
//          Answer: void, or a value for the callback of pushEvent
// `page` is the request that the page was asked by, or, from a browser that has connected, what its URL says: path, params
// and query.
//
// An event's type has its name, and as members what comes with it: phx-value-*, what pushEvent was given, the fields of a
// form. Texts of forms become numbers and bools; a missing bool, optional or vector is none.
//
// Promises
//   after each message of any kind what has changed is sent, and nothing else; nobody says what that is
//   html<...>() of a view: a template that names an event which the view does not handle does not compile
//   a view that crashes is made anew: the browser joins again, as after a lost connection, and forms are sent again
//   a client can not make a view crash by the shape of what it sends
//
// Example: examples/38_live. See also: site.hpp (how a view comes to a URL), html.hpp, component.hpp, stream.hpp, js.hpp.
// Phoenix: Phoenix.LiveView.
#pragma once

#include <joist/detail/live_view.hpp>
#include <joist/live/html.hpp>
#include <joist/web/channel.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0::live {

/// How the browser's history changes.
enum class history : bool { push, replace };

template <class Self, class User = web::nobody>
class view : public web::channel<Self, User>, public detail::view_base {
 public:
  /// Of the channel that it is: the client joins.
  [[nodiscard]] web::join_result join(std::string_view, const web::json_value& params) { return take_join(params); }
  /// For the answer to a request: there is no client.
  void stand_alone(std::shared_ptr<const web::channels::identity> who) { this->begin_alone(std::move(who)); }

 protected:
  view() = default;
  ~view() = default;

  /// As live::html(), and the events that it names are looked for in this class.
  template <detail::html_text Text, class... Argument>
  [[nodiscard]] static rendered html(Argument&&... arguments) {
    static_assert(detail::handles_events<Self, Text>());
    return live::html<Text>(std::forward<Argument>(arguments)...);
  }

  /// False while the answer to a request is made: what the view subscribes to, or asks for later, is for the process that
  /// stays.
  [[nodiscard]] bool connected() const noexcept { return has_client(); }
  /// Path and query of the page.
  [[nodiscard]] const std::string& uri() const noexcept { return target(); }

  /// For the browser: window.addEventListener("phx:name", ...), and handleEvent("name", ...) of hooks.
  void push_event(std::string_view name, const web::payload& body = {}) { add_event(name, body); }
  template <web::channels::named_event Event>
  void push_event(const Event& e) {
    add_event(web::channels::event_name<Event>(), web::payload{e});
  }
  /// Another URL of this view: handle_params() is called, and the view goes on. `to` begins with a slash.
  void push_patch(std::string_view to, history h = history::push) { go(detail::going::patch, to, h == history::replace); }
  /// A view of the same site, in this one's place, on the same connection.
  void push_navigate(std::string_view to, history h = history::push) {
    go(detail::going::navigate, to, h == history::replace);
  }
  /// Any page, loaded as browsers do.
  void redirect(std::string_view to) { go(detail::going::redirect, to, false); }

  /// document.title; the layout has it as page::title.
  void page_title(std::string title) { set_title(std::move(title)); }

  /// A short text, by its kind, that this page and the one after it show once: "info", "saved".
  void put_flash(std::string_view kind, std::string text) { view_base::put_flash(kind, std::move(text)); }
  void clear_flash(std::string_view kind) { view_base::clear_flash(kind); }
  /// Empty: there is none.
  [[nodiscard]] std::string_view flash(std::string_view kind) const noexcept {
    const auto at = flashes().find(kind);
    return at == flashes().end() ? std::string_view{} : std::string_view{at->second};
  }

 private:
  friend detail::view_handlers handlers_of(const view*) { return {}; }
  [[nodiscard]] Self& itself() noexcept { return static_cast<Self&>(*this); }

  void mounted(const web::request& page) final {
    if constexpr (requires { itself().mount(page); }) itself().mount(page);
  }
  void params_changed(const web::request& page) final {
    if constexpr (requires { itself().handle_params(page); }) itself().handle_params(page);
  }
  [[nodiscard]] rendered shown() const final {
    static_assert(
        requires(const Self& self) {
          { self.render() } -> std::same_as<rendered>;
        },
        "joist: a view shows itself: add a public `joist::live::rendered render() const`");
    return static_cast<const Self&>(*this).render();
  }
  [[nodiscard]] detail::event_answer take_event(std::string_view name, const web::json_value& value) final {
    return detail::handle_event(itself(), name, value);
  }
  void send_to_client(std::string_view event, web::payload body) final { this->send_push(event, body); }
};

}  // namespace joist::inline v0::live
