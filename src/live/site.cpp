#include <joist/live/site.hpp>

#include <joist/error.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/json.hpp>
#include <joist/web/url.hpp>

#include <fmt/format.h>

#include <utility>

#include "live/diff.hpp"

namespace joist::inline v0::live::detail {
namespace {

using web::json_value;

/// Left in a request by the matcher: which class of views it is for.
struct found {
  std::shared_ptr<const view_kind> kind;
};

struct session {
  std::string id;
  std::string view;
};

struct refusal {
  std::string reason;
};

/// In the place of a view: the client loads its page again.
class refused_view : public web::channel<refused_view> {
 public:
  explicit refused_view(const char* why) : why_{why} {}
  [[nodiscard]] web::join_result join(std::string_view, const json_value&) const { return error(refusal{why_}); }

 private:
  const char* why_;
};

monitored refused(const char* why) { return web::channels::start_channel<refused_view>(why); }

std::optional<std::string_view> text_in(const json_value& params, std::string_view name) {
  const json_value* v = params.find(name);
  const std::string* text = v != nullptr ? v->as_string() : nullptr;
  return text != nullptr ? std::optional<std::string_view>{*text} : std::nullopt;
}

// Path and query of a URL as clients say it, or of a path.
std::optional<std::string> target_of(std::string_view url) {
  url = url.substr(0, url.find('#'));
  if (url.starts_with('/')) return std::string{url};
  const auto whole = web::url::parse(url);
  return whole ? std::optional{whole->target()} : std::nullopt;
}

site_options checked(site_options o) {
  if (!o.layout) throw error{errc::bad_argument, "live::site: expected a layout, the document around each view"};
  if (!o.path.starts_with('/')) {
    throw error{errc::bad_argument, fmt::format("live::site: expected a path that begins with a slash, got \"{}\"", o.path)};
  }
  return o;
}

}  // namespace

site_core::site_core(pubsub bus, site_options o)
    : options{checked(std::move(o))},
      socket{std::make_shared<web::channels::socket_core>(std::move(bus), options.socket)},
      sessions{{.secrets = options.secrets, .salt = "joist live session " + options.path}},
      flashes{{.secrets = options.secrets, .salt = "joist live flash " + options.path}} {}

void site_core::add(view_kind kind) {
  auto kept = std::make_shared<const view_kind>(std::move(kind));
  matcher.get(kept->pattern, [kept](web::request& in) {
    in.assign(found{kept});
    return web::response{};
  });
  kinds.push_back(std::move(kept));
}

void site_core::add_to(web::router& routes) const {
  if (!socket->connect) {
    throw error{errc::bad_argument, "live::site: expected an on_connect, which says who asks, before add_to"};
  }
  const auto self = shared_from_this();
  auto served = std::make_shared<web::channels::socket_core>(*socket);
  served->add(
      {"lv:*", [self](std::string_view topic, const web::client_payload& params) { return self->start(topic, params); }});
  web::channels::add_routes(routes, options.path, std::move(served));
  for (const auto& kind : kinds) {
    routes.get(kind->pattern, [self, kind](web::request& in) {
      if (in.route() != kind->pattern) {
        throw error{
            errc::bad_argument,
            fmt::format("live::site: expected a view at {}, it is asked for at {}: add a site to routes without a prefix, "
                        "and give its patterns whole",
                        kind->pattern, in.route())};
      }
      return kind->answer(*self, in);
    });
  }
}

std::optional<site_core::place> site_core::find(std::string_view url) const {
  const auto target = target_of(url);
  if (!target) return std::nullopt;
  try {
    web::request page{{.method = "GET", .target = *target}};
    (void)matcher(page);
    const found* f = page.assigned<found>();
    if (f == nullptr) return std::nullopt;
    const view_kind* kind = f->kind.get();
    return place{kind, std::move(page)};
  } catch (const error&) {  // no target of a request
    return std::nullopt;
  }
}

monitored site_core::start(std::string_view topic, const web::client_payload& params) const {
  const json_value* said = params.as_json();
  if (said == nullptr) return refused("stale");
  const auto token = sessions.verify(text_in(*said, "session"), {.max_age = options.max_age});
  const auto known = token ? web::from_json<session>(*token) : failure{std::vector<web::json_error>{}};
  if (!known || topic != "lv:" + known->id) return refused("stale");
  const auto redirect = text_in(*said, "redirect");
  const auto url = redirect ? redirect : text_in(*said, "url");
  const auto at = url ? find(*url) : std::nullopt;
  if (!at || (!redirect && at->kind->pattern != known->view)) return refused("unauthorized");
  return at->kind->start(shared_from_this());
}

web::response site_core::document(const web::request& in, std::string title, std::string shown,
                                  const flash_messages& flash) const {
  const session mine{"phx-" + web::random_secret().substr(0, 20), std::string{in.route()}};
  std::string body = fmt::format(R"(<div id="{}" data-phx-main data-phx-session="{}" data-phx-static="{}">)", mine.id,
                                 sessions.sign(web::to_json(mine), {.max_age = options.max_age}), sign_flash(flash));
  body.append(shown).append("</div>");
  std::string all;
  append_html(all, options.layout(page{{std::move(body)}, std::move(title), in, flash}));
  return web::html(std::move(all)).with_field("Cache-Control", "private, max-age=0, must-revalidate");
}

std::string site_core::sign_flash(const flash_messages& all) const {
  return all.empty() ? std::string{} : flashes.sign(web::to_json(all), {.max_age = std::chrono::seconds{60}});
}

flash_messages site_core::read_flash(std::optional<std::string_view> token) const {
  const auto text = flashes.verify(token);
  auto all = text ? web::from_json<flash_messages>(*text) : failure{std::vector<web::json_error>{}};
  return all ? *std::move(all) : flash_messages{};
}

std::shared_ptr<const web::channels::identity> identity_of(const site_core& site, const web::request& in) {
  std::shared_ptr<const void> user = site.socket->connect(in);
  if (user == nullptr) throw web::http_error{403, "on_connect has refused who asks"};
  return std::make_shared<const web::channels::identity>(
      web::channels::identity{site.socket, std::move(user), {}, web::protocol_version::v2});
}

}  // namespace joist::inline v0::live::detail
