// What a view does with what comes, whatever its class is.
#include <joist/live/view.hpp>

#include <joist/error.hpp>
#include <joist/live/site.hpp>
#include <joist/log.hpp>
#include <joist/web/cookie.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/json.hpp>
#include <joist/web/url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "live/event_params.hpp"
#include "live/state.hpp"

namespace joist::inline v0::live::detail {
namespace {

using web::json_value;

constexpr int most_patches = 20;  // in a row: more is a handle_params that goes round in a circle

struct refusal {
  std::string reason;
};

web::payload json_text(std::string text) { return web::payload::of_json(std::move(text)); }
web::reply ok(std::string text = "{}") { return {"ok", json_text(std::move(text))}; }
web::reply error(const char* why) { return {"error", web::payload{refusal{why}}}; }

std::string_view text_of(const json_value* v) {
  const std::string* text = v != nullptr ? v->as_string() : nullptr;
  return text != nullptr ? std::string_view{*text} : std::string_view{};
}

std::string place_json(const view_state::departure& d, const std::string& flash) {
  std::string json = "{";
  append_member(json, "to");
  web::append_json_string(json, d.to);
  if (d.how != going::redirect) json.append(",\"kind\":").append(d.replaces ? "\"replace\"" : "\"push\"");
  if (!flash.empty()) {
    append_member(json, "flash");
    web::append_json_string(json, flash);
  }
  return json + '}';
}

// What browsers leave out of a URL, or take for a slash, could make a path another host's.
bool is_harmless(char c) noexcept { return c > ' ' && c != 0x7f && c != '\\'; }

// What handlers have left beside what is shown: members of a diff.
void append_events(std::string& members, view_state& s) {
  if (s.events.empty()) return;
  append_member(members, "e");
  members.append("[").append(std::exchange(s.events, {})).append("]");
}
void append_told(std::string& members, view_state& s) {
  if (std::exchange(s.title_is_new, false)) {
    append_member(members, "t");
    web::append_json_string(members, s.title);
  }
  append_events(members, s);
}

void check_place(going how, std::string_view to) {
  const bool is_path = to.starts_with('/') && !to.starts_with("//") && std::all_of(to.begin(), to.end(), is_harmless);
  if (is_path || (how == going::redirect && web::url::parse(to))) return;
  throw joist::error{errc::bad_argument,
                     fmt::format("live: expected {}, got \"{}\"",
                                 how == going::redirect ? "a path that begins with a slash, or a URL of http or https"
                                                        : "a path that begins with a slash",
                                 to)};
}

}  // namespace

void view_state_deleter::operator()(view_state* s) const noexcept { delete s; }

view_base::view_base() : state_{new view_state} {}
view_base::~view_base() = default;

void view_base::belong_to(std::shared_ptr<const site_core> site, std::type_index itself) {
  state_->site = std::move(site);
  state_->itself = itself;
}

bool view_base::has_client() const noexcept { return state_->has_client; }
bool view_base::is_left() const noexcept { return state_->is_left; }
const std::string& view_base::target() const noexcept { return state_->target; }
const flash_messages& view_base::flashes() const noexcept { return state_->flash; }

void view_base::add_event(std::string_view name, const web::payload& body) {
  if (body.is_binary()) throw joist::error{errc::bad_argument, "live: expected a payload of JSON for push_event, got bytes"};
  std::string& all = state_->events;
  all.append(all.empty() ? "[" : ",[");
  web::append_json_string(all, name);
  all.append(",").append(body.bytes()).append("]");
}

void view_base::go(going how, std::string_view to, bool replaces) {
  check_place(how, to);
  state_->leaving = {how, std::string{to}, replaces};
}

void view_base::set_title(std::string title) {
  if (title == state_->title) return;
  state_->title = std::move(title);
  state_->title_is_new = true;
}

void view_base::put_flash(std::string_view kind, std::string text) {
  state_->new_flash.insert_or_assign(std::string{kind}, text);
  state_->flash.insert_or_assign(std::string{kind}, std::move(text));
}

void view_base::clear_flash(std::string_view kind) {
  for (flash_messages* all : {&state_->flash, &state_->new_flash}) {
    if (kind.empty()) {
      all->clear();
    } else if (const auto at = all->find(kind); at != all->end()) {
      all->erase(at);
    }
  }
}

// -- before there is a client

web::response view_base::answer(const web::request& in, flash_messages flash) {
  view_state& s = *state_;
  const bool had_flash = !flash.empty();
  s.flash = std::move(flash);
  s.target = in.target();
  mounted(in);
  if (!s.leaving) params_changed(in);
  web::response made;
  if (s.leaving) {
    made = web::redirect(s.leaving->to);
    if (!s.new_flash.empty()) {
      web::cookie c{.name = std::string{flash_cookie}, .value = s.site->sign_flash(s.new_flash)};
      c.max_age = std::chrono::seconds{60};
      return std::move(made).with_cookie(c);
    }
  } else {
    std::string html;
    append_html(html, shown());
    made = s.site->document(in, s.title, std::move(html), s.flash);
  }
  if (had_flash) made.with_cookie(web::expired_cookie(std::string{flash_cookie}));
  return made;
}

// -- a client

std::optional<web::request> view_base::own_page(std::string_view url) const {
  auto found = state_->site->find(url);
  if (!found || found->kind->view != state_->itself) return std::nullopt;
  return std::move(found->page);
}

void view_base::go_to(const web::request& page) {
  state_->target = page.target();
  params_changed(page);
}

web::join_result view_base::take_join(const json_value& params) {
  view_state& s = *state_;
  const json_value* redirect = params.find("redirect");
  const auto page =
      own_page(text_of(redirect != nullptr && redirect->as_string() != nullptr ? redirect : params.find("url")));
  if (!page) return error("unauthorized");
  const json_value* mounts = params.find("params") != nullptr ? params.find("params")->find("_mounts") : nullptr;
  const bool is_first = mounts != nullptr && mounts->as_int64() != nullptr && *mounts->as_int64() == 0;
  if (const auto flash = text_of(params.find("flash")); !flash.empty()) {
    s.flash = s.site->read_flash(flash);
  } else if (is_first) {
    s.flash = s.site->read_flash(text_of(params.find("static")));
  }
  s.has_client = true;
  s.target = page->target();
  try {
    mounted(*page);
    if (!s.leaving) go_to(*page);
    follow_patches();
  } catch (const web::http_error& e) {  // the page, loaded again, says so
    return {"error", json_text(fmt::format(R"({{"reason":"reload","status":{}}})", e.status()))};
  }
  if (s.leaving) return {"error", json_text(left_for())};
  std::string members;
  s.tree.write_all(shown(), members);
  std::string json = "{\"rendered\":{" + members;
  append_told(json, s);
  json.append("},\"liveview_version\":");
  web::append_json_string(json, s.site->options.client_version);
  if (const auto patched = std::exchange(s.patched, {})) json.append(",\"live_patch\":").append(place_json(*patched, {}));
  s.new_flash.clear();
  return ok(json + '}');
}

// What is said to a client that goes elsewhere; the view ends.
std::string view_base::left_for() {
  view_state& s = *state_;
  s.is_left = true;
  const bool is_navigation = s.leaving->how == going::navigate;
  std::string json = is_navigation ? "{\"live_redirect\":" : "{\"redirect\":";
  json += place_json(*s.leaving, s.site->sign_flash(s.new_flash));
  if (!s.events.empty()) json.append(",\"events\":[").append(s.events).append("]");
  return json + '}';
}

// push_patch in handlers: handle_params may go on elsewhere.
void view_base::follow_patches() {
  view_state& s = *state_;
  for (int i = 0; s.leaving && s.leaving->how == going::patch; ++i) {
    if (i == most_patches)
      throw joist::error{errc::bad_argument,
                         "live: expected handle_params to come to an end, it has patched 20 times in a row"};
    const auto to = *std::exchange(s.leaving, {});
    const auto page = own_page(to.to);
    if (!page) {
      throw joist::error{
          errc::bad_argument,
          fmt::format("push_patch: expected a URL of this view, got \"{}\": push_navigate goes to others", to.to)};
    }
    s.patched = to;
    go_to(*page);
  }
}

// Before the client goes elsewhere.
void view_base::send_events() {
  std::string diff = "{";
  append_events(diff, *state_);
  if (diff != "{") send_to_client("diff", json_text(diff + '}'));
}

void view_base::send_patch() {
  if (const auto patched = std::exchange(state_->patched, {}))
    send_to_client("live_patch", json_text(place_json(*patched, {})));
}

std::string view_base::changes(const std::optional<web::payload>& answer, std::uint64_t touched) {
  view_state& s = *state_;
  std::string json = "{";
  s.tree.write_changes(shown(), json);
  std::string apart = "{";
  s.tree.write_apart(touched, apart);
  if (apart != "{") send_to_client("diff", json_text(apart + '}'));
  append_told(json, s);
  if (answer) {
    append_member(json, "r");
    json += answer->is_binary() ? "null" : answer->bytes();
  }
  s.new_flash.clear();
  return json + '}';
}

void view_base::show_changes() {
  view_state& s = *state_;
  if (!s.has_client) return;
  follow_patches();
  if (s.leaving) {
    const bool is_navigation = s.leaving->how == going::navigate;
    send_events();
    send_to_client(is_navigation ? "live_redirect" : "redirect",
                   json_text(place_json(*s.leaving, s.site->sign_flash(s.new_flash))));
    s.is_left = true;
    return;
  }
  send_patch();
  if (std::string diff = changes({}); diff != "{}") send_to_client("diff", json_text(std::move(diff)));
}

web::reply view_base::answer_changes(const std::optional<web::payload>& answer, std::uint64_t touched) {
  view_state& s = *state_;
  follow_patches();
  if (s.leaving) {
    send_events();
    return ok(left_for());
  }
  send_patch();
  std::string diff = changes(answer, touched);
  return diff == "{}" ? ok() : ok("{\"diff\":" + std::move(diff) + '}');
}

std::string_view view_base::event_in(const web::channels::client_message& in) noexcept {
  const json_value* message = in.body.as_json();
  return in.event == "event" && message != nullptr ? text_of(message->find("event")) : std::string_view{in.event};
}

web::reply view_base::take_client(std::string_view event, const web::client_payload& body) {
  const json_value* message = body.as_json();
  if (message == nullptr) return error("unmatched event");
  if (event == "event") return take_event_message(*message);
  if (event == "live_patch") return take_patch(*message);
  if (event == "cids_will_destroy") return take_gone_components(*message, false);
  if (event == "cids_destroyed") return take_gone_components(*message, true);
  return error("unmatched event");
}

web::reply view_base::take_event_message(const json_value& message) {
  const std::string_view name = text_of(message.find("event"));
  const json_value value = event_params(message);
  event_answer a;
  if (name == "lv:clear-flash") {
    clear_flash(text_of(value.find("key")));
    return answer_changes({});
  }
  const json_value* number = message.find("cid");
  std::uint64_t touched = 0;
  if (number != nullptr && number->as_int64() != nullptr) {
    touched = static_cast<std::uint64_t>(*number->as_int64());
    const auto* component = state_->tree.components().find(touched);
    if (component == nullptr) return ok();  // it has gone while the event was on its way
    a = component->state->take_event(name, value);
  } else {
    a = take_event(name, value);
  }
  if (a.is_known && a.errors.empty()) return answer_changes(a.reply, touched);
  const std::string why =
      a.is_known ? fmt::format("{}: {}", a.errors.front().pointer, a.errors.front().what) : "nobody handles it";
  if (logs(log_level::debug)) log(log_level::debug, fmt::format("live: event {:.64}: {}", name, why));
  struct invalid_event {
    std::string reason;
    std::vector<web::json_error> errors;
  };
  return {"error", web::payload{invalid_event{a.is_known ? "invalid payload" : "unmatched event", std::move(a.errors)}}};
}

web::reply view_base::take_patch(const json_value& message) {
  const auto page = own_page(text_of(message.find("url")));
  if (!page) return ok(R"({"link_redirect":true})");
  clear_flash({});
  go_to(*page);
  return answer_changes({});
}

web::reply view_base::take_gone_components(const json_value& message, bool for_good) {
  const json_value* all = message.find("cids");
  json_value::array removed;
  if (all != nullptr && all->as_array() != nullptr) {
    for (const json_value& each : *all->as_array()) {
      if (each.as_int64() == nullptr) continue;
      const auto number = static_cast<std::uint64_t>(*each.as_int64());
      if (!for_good) {
        state_->tree.components().mark_leaving(number);
      } else if (state_->tree.components().remove(number)) {
        removed.push_back(each);
      }
    }
  }
  if (!for_good) return ok();
  return ok("{\"cids\":" + json_value{std::move(removed)}.to_string() + '}');
}

}  // namespace joist::inline v0::live::detail
