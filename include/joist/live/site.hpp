// joist/live/site.hpp: the views of a program, at their URLs, and who may see them.
//
//   struct user { std::string name; };
//
//   joist::live::site<user> pages{bus, {.secrets = {secret}, .layout = layout}};
//   pages.on_connect([](const joist::web::request& in) -> std::optional<user> { return user_of(in.cookie("session")); });
//   pages.view<counter>("/counter");
//   pages.view<room>("/rooms/:id", storage);                      // the arguments are copied for each room's constructor
//   pages.add_to(routes);                                         // new LiveSocket("/live", Socket, ...)
//
//   joist::live::rendered layout(const joist::live::page& p) {
//     return joist::live::html<"<!DOCTYPE html><html><head><title>{}</title>...</head><body>{}</body></html>">(
//         p.title, p.body);
//   }
//
// Promises
//   a page is answered whole, for who has no JavaScript and for search engines; then its browser connects
//   who on_connect refuses gets no page and no connection: it is asked for both
//   what the client brings back of a page is signed: it connects to the views that it was given, of this site
//   pages of other origins get no connection, unless allow_origins names them
//   views of one site lead to each other without loading a page (push_navigate, links with data-phx-link="redirect"); of
//     several sites, at several paths, each has its own users
//
// Example: examples/38_live. See also: view.hpp, web/socket.hpp (its options). Phoenix: Phoenix.LiveView.Router.
#pragma once

#include <joist/detail/live_view.hpp>
#include <joist/live/view.hpp>
#include <joist/web/router.hpp>
#include <joist/web/socket.hpp>
#include <joist/web/token.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <typeindex>
#include <utility>
#include <vector>

namespace joist::inline v0::live {

/// What a layout is put around.
struct page {
  raw_html body;                        ///< the view: shown once, in the <body>
  std::string title;                    ///< what page_title() was given
  const web::request& request;          ///< what it answers
  const detail::flash_messages& flash;  ///< put_flash() of the page before
};

struct site_options {
  std::vector<std::string> secrets = {};                 ///< as of token_key: of what the client brings back
  std::function<rendered(const page&)> layout = {};      ///< the document around each view, with the scripts of the clients
  std::string path = "/live";                            ///< where browsers connect to
  web::token_age max_age = std::chrono::hours{24 * 14};  ///< a page that is older is loaded again
  std::string client_version = "1.2.12";  ///< of the phoenix_live_view that is served: it warns of another one
  web::socket_options socket = {};
};

namespace detail {

/// A class of views, at a URL.
struct view_kind {
  std::string pattern;
  std::type_index view;
  std::function<web::response(const site_core&, web::request&)> answer;
  std::function<monitored(std::shared_ptr<const site_core>)> start;
};

struct site_core : std::enable_shared_from_this<site_core> {
  site_core(pubsub bus, site_options o);

  void add(view_kind kind);
  void add_to(web::router& routes) const;
  /// The page that the client is at, and who shows it: an absolute URL, or a path with its query. Nothing: no view of this
  /// site.
  struct place {
    const view_kind* kind;
    web::request page;
  };
  [[nodiscard]] std::optional<place> find(std::string_view url) const;
  /// What a browser that joins is given: a view, or a refusal.
  [[nodiscard]] monitored start(std::string_view topic, const web::client_payload& params) const;

  /// The document around what a view shows, as HTML; `flash`: for the view that the browser connects to.
  [[nodiscard]] web::response document(const web::request& in, std::string title, std::string shown,
                                       const flash_messages& flash) const;
  /// Empty, where there is none.
  [[nodiscard]] std::string sign_flash(const flash_messages& all) const;
  [[nodiscard]] flash_messages read_flash(std::optional<std::string_view> token) const;

  site_options options;
  std::shared_ptr<web::channels::socket_core> socket;
  web::token_key sessions;
  web::token_key flashes;
  web::router matcher;  // finds kinds by URLs
  std::vector<std::shared_ptr<const view_kind>> kinds;
};

/// What the client leaves for the page that it loads. Phoenix: Phoenix.LiveView.Utils.
inline constexpr std::string_view flash_cookie = "__phoenix_flash__";

/// Who a view is for, before there is a client: throws http_error.
[[nodiscard]] std::shared_ptr<const web::channels::identity> identity_of(const site_core& site, const web::request& in);

/// How the process of a view begins.
template <class View, class... Argument>
struct begin_view {
  std::shared_ptr<const site_core> site;
  std::tuple<Argument...> arguments;
  void operator()(auto place) {
    View& v = std::apply([&place](auto&... a) -> View& { return place.emplace(std::move(a)...); }, arguments);
    v.belong_to(std::move(site), typeid(View));
    joist::detail::prepare(v, pid{}, joist::detail::deadline{web::channels::silent_for_long<View>()});
  }
};

}  // namespace detail

/// Made and changed at start-up, and copied into routes.     [start-up]
template <class User = web::nobody>
class site {
 public:
  /// Throws errc::bad_argument without a layout, and for what token_key and web::socket refuse.
  site(pubsub bus, site_options options) : core_{std::make_shared<detail::site_core>(std::move(bus), std::move(options))} {
    if constexpr (std::same_as<User, web::nobody>) {
      on_connect([](const web::request&) { return std::optional{web::nobody{}}; });
    }
  }

  /// Says who asks for a page, and who connects, out of the request: cookies, fields; the browser that connects sends the
  /// same ones. Nothing: 403. An http_error is answered as it is. Called by many at once.
  site& on_connect(std::function<std::optional<User>(const web::request&)> who) {
    core_->socket->connect = [who = std::move(who)](const web::request& in) -> std::shared_ptr<const void> {
      std::optional<User> user = who(in);
      return user ? joist::detail::make_pooled<const User>(*std::move(user)) : nullptr;
    };
    return *this;
  }
  /// As web::socket::id.
  site& id(std::function<std::string(const User&)> of) {
    core_->socket->id = [of = std::move(of)](const void* user) { return of(*static_cast<const User*>(user)); };
    return *this;
  }
  /// A class of views for a pattern of web::router. The arguments are copied for the constructor of each view.
  template <class View, class... Argument>
  site& view(std::string pattern, Argument... arguments) {
    static_assert(std::derived_from<View, live::view<View, User>>,
                  "joist: a view of this site derives, publicly, from joist::live::view<itself, the site's user>");
    core_->add(
        {std::move(pattern), typeid(View),
         [=](const detail::site_core& core, web::request& in) { return answer<View>(core, in, arguments...); },
         [... a = std::move(arguments)](std::shared_ptr<const detail::site_core> core) {
           using begin = detail::begin_view<View, Argument...>;
           return joist::detail::spawn_closure(
               joist::detail::make_closure_of<joist::detail::server_body<View, begin>>(begin{std::move(core), {a...}}),
               nullptr, joist::detail::spawn_mode::monitor);
         }});
    return *this;
  }
  /// Answers the views' URLs, and serves browsers at path/websocket and path/longpoll. Not in a scope with a prefix: the
  /// patterns are whole paths, which clients say, too. Throws errc::bad_argument without an
  /// on_connect, where there is a User.
  void add_to(web::router& routes) const { core_->add_to(routes); }

 private:
  template <class View, class... Argument>
  static web::response answer(const detail::site_core& core, web::request& in, const Argument&... arguments) {
    View made(arguments...);
    made.stand_alone(detail::identity_of(core, in));
    made.belong_to(core.shared_from_this(), typeid(View));
    return static_cast<detail::view_base&>(made).answer(in, core.read_flash(in.cookie(detail::flash_cookie)));
  }

  std::shared_ptr<detail::site_core> core_;
};

}  // namespace joist::inline v0::live
