// joist/detail/live_view.hpp: the process of a view, a channel's, and what its handlers leave for the client. Included by
// live/view.hpp.
//
//   what has come                    what follows
//   a request, before any client     mount, handle_params, render: a page. The view is gone when it is made
//   the client joins                 mount, handle_params, render: all of it
//   an event of the client           its handler, render: what has changed, in the answer
//   the client goes to another URL   handle_params, render: the same
//   any other message                its handler, render: what has changed, if anything
#pragma once

#include <joist/detail/channel.hpp>
#include <joist/detail/live_events.hpp>
#include <joist/live/html.hpp>
#include <joist/web/request.hpp>
#include <joist/web/response.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>

namespace joist::inline v0::live::detail {

/// What a site has fixed: site.hpp.
struct site_core;
struct view_state;
struct view_state_deleter {
  void operator()(view_state* s) const noexcept;
};

/// How a client comes to another URL.
enum class going : std::uint8_t { patch, navigate, redirect };

/// Short texts for the next page: "info", "saved".
using flash_messages = std::map<std::string, std::string, std::less<>>;

/// What is the same for views of all classes.
class view_base {
 public:
  view_base(const view_base&) = delete;
  view_base& operator=(const view_base&) = delete;

  // -- for who runs it: site_core and view_handlers
  void belong_to(std::shared_ptr<const site_core> site, std::type_index itself);
  /// The answer to a request, before there is a client.
  [[nodiscard]] web::response answer(const web::request& in, flash_messages flash);
  [[nodiscard]] web::join_result take_join(const web::json_value& params);
  [[nodiscard]] web::reply take_client(std::string_view event, const web::client_payload& body);
  /// The event, for reports.
  [[nodiscard]] static std::string_view event_in(const web::channels::client_message& in) noexcept;
  /// After any other message.
  void show_changes();
  /// The client goes elsewhere: the view ends.
  [[nodiscard]] bool is_left() const noexcept;

 protected:
  view_base();
  virtual ~view_base();

  // -- what a class of views does
  virtual void mounted(const web::request& page) = 0;
  virtual void params_changed(const web::request& page) = 0;
  [[nodiscard]] virtual rendered shown() const = 0;
  [[nodiscard]] virtual event_answer take_event(std::string_view name, const web::json_value& value) = 0;
  virtual void send_to_client(std::string_view event, web::payload body) = 0;

  // -- what its handlers leave
  [[nodiscard]] bool has_client() const noexcept;
  [[nodiscard]] const std::string& target() const noexcept;
  [[nodiscard]] const flash_messages& flashes() const noexcept;
  void add_event(std::string_view name, const web::payload& body);
  void go(going how, std::string_view to, bool replaces);
  void set_title(std::string title);
  void put_flash(std::string_view kind, std::string text);
  void clear_flash(std::string_view kind);

 private:
  void go_to(const web::request& page);
  [[nodiscard]] web::reply take_event_message(const web::json_value& message);
  [[nodiscard]] web::reply take_patch(const web::json_value& message);
  [[nodiscard]] web::reply take_gone_components(const web::json_value& message, bool for_good);
  [[nodiscard]] std::optional<web::request> own_page(std::string_view url) const;
  void follow_patches();
  void send_events();
  void send_patch();
  [[nodiscard]] std::string left_for();
  // `touched`: the component that the event was for; 0: none.
  [[nodiscard]] web::reply answer_changes(const std::optional<web::payload>& answer, std::uint64_t touched = 0);
  [[nodiscard]] std::string changes(const std::optional<web::payload>& answer, std::uint64_t touched = 0);

  std::unique_ptr<view_state, view_state_deleter> state_;
};

/// How a view finds its handlers: as a channel, but for what its client sends; and what is changed is shown.
struct view_handlers : web::channels::channel_handlers {
  template <class Self>
  static void take(Self& s, any_message m) {
    if (auto* in = m.get_if<web::channels::client_message>()) {
      joist::detail::note_arrival(joist::detail::server_access::control(s), typeid(web::channels::client_message));
      if (in->event == "phx_leave") return leave(s, *in);
      web::channels::handling now{s, "event", view_base::event_in(*in)};
      answering(s, *in, [&] { return base(s).take_client(in->event, in->body); });
      end_if_left(s);
      return now.is_over();
    }
    const bool joins = m.get_if<web::channels::channel_join>() != nullptr;
    take_other(s, std::move(m));
    if (!joins) show(s);
  }
  template <class Self>
  static void timeout(Self& s) {
    s.handle_timeout();
    show(s);
  }

 private:
  static view_base& base(view_base& b) noexcept { return b; }
  template <class Self>
  static void show(Self& s) {
    if (joist::detail::server_access::control(s).stopping) return;
    base(s).show_changes();
    end_if_left(s);
  }
  template <class Self>
  static void end_if_left(Self& s) {
    if (base(s).is_left()) stop(joist::detail::server_access::control(s), exit_reason::shutdown_with(std::string{"left"}));
  }
};

}  // namespace joist::inline v0::live::detail
