// joist/live/view.hpp and site.hpp: pages and the processes behind them, seen by a client of their protocol.
#include <joist/live/view.hpp>

#include <joist/joist.hpp>
#include <joist/live/component.hpp>
#include <joist/live/site.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket_client.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/live_client.hpp"
#include "support/world.hpp"

using namespace support;
using namespace std::chrono_literals;
namespace live = joist::live;
namespace web = joist::web;
using web::json_value;

namespace {

struct user {
  std::string name;
};

class box : public live::component<box> {
 public:
  struct fill {
    std::string with;
  };
  using events = joist::type_list<fill>;
  void handle_event(const fill& f) { content_ = f.with; }
  live::rendered render() const { return html<R"(<div phx-click="fill" phx-target={}>{}</div>)">(myself(), content_); }

 private:
  std::string content_ = "empty";
};

class counter : public live::view<counter, user> {
 public:
  struct add {
    int by = 1;
  };
  struct crash {};
  struct go {
    std::string to;
    std::string how;
  };
  struct shout {
    std::string text;
  };
  struct tick {};
  using events = joist::type_list<add, crash, go, shout>;

  void mount(const web::request& page) {
    if (page.query("missing")) throw web::http_error{404, "on purpose"};
    if (page.query("elsewhere")) push_navigate("/other");
    page_title("counting");
    if (connected()) info_after(0ms, tick{});
  }
  void handle_params(const web::request& page) { step_ = std::string{page.param("step")}; }
  int handle_event(const add& a) { return count_ += a.by; }
  void handle_event(const crash&) { throw std::runtime_error{"on purpose"}; }
  void handle_event(const go& g) {
    put_flash("info", "from the counter");
    if (g.how == "patch") push_patch(g.to);
    if (g.how == "navigate") push_navigate(g.to, live::history::replace);
    if (g.how == "redirect") redirect(g.to);
  }
  void handle_event(const shout& s) { push_event(s); }
  void handle_info(tick) { ++ticks_; }
  live::rendered render() const {
    return html<R"(<p phx-click="add">{} {} {} {}</p>{}<i>{}</i>)">(count_, socket().name, step_, ticks_,
                                                                    live::make_component<box>("b"), flash("info"));
  }

 private:
  int count_ = 0;
  int ticks_ = 0;
  std::string step_;
};

class other : public live::view<other, user> {
 public:
  explicit other(std::string text) : text_{std::move(text)} {}
  live::rendered render() const { return html<"<p>{}</p>{}">(text_, flash("info")); }

 private:
  std::string text_;
};

live::rendered layout(const live::page& p) {
  return live::html<"<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>">(p.title, p.body);
}

const std::string secret(64, 's');

/// A site on a port of its own.
struct served {
  served() {
    live::site<user> pages{joist::pubsub{}, {.secrets = {secret}, .layout = layout}};
    pages.on_connect([](const web::request& in) -> std::optional<user> {
      const auto name = in.cookie("name");
      return name ? std::optional{user{std::string{*name}}} : std::nullopt;
    });
    pages.view<counter>("/count/:step").view<other>("/other", "another page");
    web::router routes;
    pages.add_to(routes);
    server.emplace(web::start_server({.at = joist::net::endpoint{"127.0.0.1:0"}}, routes));
    answer = routes;
  }
  web::response get(std::string target, std::string cookies = "name=ann") const {
    web::fields f;
    f.add("Host", "localhost");
    if (!cookies.empty()) f.add("Cookie", cookies);
    web::request in{{.target = std::move(target), .fields = f}};
    return answer(in);
  }
  std::optional<joist::net::server_ref> server;
  web::router answer;
};

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  EXPECT(at != text.npos);
  const std::string_view rest = text.substr(at + before.size());
  return std::string{rest.substr(0, rest.find(after))};
}

/// A browser that has loaded a page.
class browser {
 public:
  browser(const served& s, const std::string& url) : browser{s, url, std::string{s.get(url).text()}} {}
  browser(const served& s, const std::string& url, const std::string& page)
      : socket_{connect(s)},
        id_{between(page, "<div id=\"", "\"")},
        session_{between(page, "data-phx-session=\"", "\"")},
        static_{between(page, "data-phx-static=\"", "\"")} {
    join(url);
  }
  void join(const std::string& url) {
    const json_value::object params{{"url", "http://localhost" + url},
                                    {"params", json_value::object{{"_mounts", 0}}},
                                    {"session", session_},
                                    {"static", static_}};
    joined = push("phx_join", json_value{params});
  }
  std::string send(std::string_view event, const json_value& payload) {
    std::string ref = std::to_string(++ref_);
    socket_.send_text(json_value{json_value::array{"1", ref, "lv:" + id_, event, payload}}.to_string());
    return ref;
  }
  /// The answer's response.
  json_value push(std::string_view event, const json_value& payload) {
    const std::string ref = send(event, payload);
    for (;;) {
      const json_value m = next_message();
      const auto& parts = *m.as_array();
      if (*parts[3].as_string() == "phx_reply" && *parts[1].as_string() == ref) {
        status = *parts[4].find("status")->as_string();
        return *parts[4].find("response");
      }
      pushed.push_back(m);
    }
  }
  json_value event(std::string_view name, json_value value = json_value::object{}, std::optional<int> component = {}) {
    json_value::object all{{"type", "click"}, {"event", name}, {"value", std::move(value)}};
    if (component) all.push_back({"cid", *component});
    return push("event", json_value{all});
  }
  /// What the server says by itself.
  json_value next_message() {
    const auto frame = socket_.next();
    EXPECT(frame);
    return *web::parse_json(frame->data);
  }
  json_value await(std::string_view event) {
    for (;;) {
      if (pushed.empty()) pushed.push_back(next_message());
      const json_value m = pushed.front();
      pushed.erase(pushed.begin());
      if (*(*m.as_array())[3].as_string() == event) return (*m.as_array())[4];
    }
  }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& session() const { return session_; }

  json_value joined;
  std::string status;
  std::vector<json_value> pushed;

 private:
  static web::websocket connect(const served& s) {
    web::websocket_client_options o;
    o.fields.add("Cookie", "name=ann");
    return web::websocket::connect(fmt::format("ws://{}/live/websocket?vsn=2.0.0", s.server->local().to_string()), o);
  }
  web::websocket socket_;
  std::string id_, session_, static_;
  int ref_ = 0;
};

std::string text(const json_value& v, std::string_view name) {
  const json_value* found = v.find(name);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : std::string{};
}
json_value click(int by) { return json_value::object{{"by", std::to_string(by)}}; }

}  // namespace

TEST_CASE("live: a page is answered whole, for who may see it") {
  on_workers([] {
    const served s;
    const web::response r = s.get("/count/7");
    EXPECT(r.status == 200 && r.text().find("<p phx-click=\"add\">0 ann 7 0</p>") != std::string_view::npos);
    EXPECT(r.text().find("<title>counting</title>") != std::string_view::npos);
    EXPECT(s.get("/count/7", "").status == 403);
    EXPECT(s.get("/count/7?missing=1").status == 404);
    const web::response moved = s.get("/count/7?elsewhere=1");
    EXPECT(moved.status == 303 && moved.fields.get("Location") == "/other");
  });
}

TEST_CASE("live: a browser joins, and events bring what has changed, with an answer for the callback") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    EXPECT(b.status == "ok" && text(*b.joined.find("rendered"), "t") == "counting");
    live_client shown{b.joined.find("rendered")->to_string()};
    shown.merge(b.await("diff").to_string());  // the tick
    const json_value answer = b.event("add", click(5));
    EXPECT(b.status == "ok");
    json_value diff = *answer.find("diff");
    EXPECT(*diff.find("r")->as_int64() == 5 && text(diff, "0") == "5");
    EXPECT(b.event("add", click(0)).find("diff")->find("0") == nullptr);
    shown.merge(diff.to_string());
    EXPECT(shown.html().starts_with("<p phx-click=\"add\">5 ann 7 1</p>"));
  });
}

TEST_CASE("live: a component's events go to it, and events for one that is gone are answered") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    (void)b.await("diff");  // the tick: what is rendered later is shown again
    const json_value answer = b.event("fill", json_value::object{{"with", "<tea>"}}, 1);
    EXPECT(answer.find("diff")->find("c")->find("1")->find("1")->to_string() == "\"&lt;tea&gt;\"");
    EXPECT(b.event("fill", json_value::object{{"with", "x"}}, 99).to_string() == "{}" && b.status == "ok");
    EXPECT(b.push("cids_will_destroy", json_value::object{{"cids", json_value::array{1, "x"}}}).to_string() == "{}");
    EXPECT(b.push("cids_destroyed", json_value::object{{"cids", json_value::array{1}}}).to_string() == R"({"cids":[1]})");
  });
}

TEST_CASE("live: what an event is not is an error for the client, and the view goes on") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    const json_value bad = b.event("add", json_value::object{{"by", "many"}});
    EXPECT(b.status == "error" && text(bad, "reason") == "invalid payload");
    EXPECT(text(b.event("dance"), "reason") == "unmatched event" && b.status == "error");
    EXPECT(text(b.push("upload", json_value::object{}), "reason") == "unmatched event");
    EXPECT(b.push("event", json_value{7}).find("reason") != nullptr);
    EXPECT(*b.event("add", click(2)).find("diff")->find("r")->as_int64() == 2);
  });
}

TEST_CASE("live: patches keep the view, other pages end it, and flashes go along") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    const auto go = [&b](const char* how, const char* to) {
      return b.event("go", json_value::object{{"to", to}, {"how", how}});
    };
    const json_value patched = go("patch", "/count/8?x=1");
    EXPECT(b.await("live_patch").to_string() == R"({"to":"/count/8?x=1","kind":"push"})");
    EXPECT(text(*patched.find("diff"), "2") == "8" && text(*patched.find("diff"), "5") == "from the counter");
    const json_value clicked = b.push("live_patch", json_value::object{{"url", "http://localhost/count/9"}});
    EXPECT(text(*clicked.find("diff"), "2") == "9" && text(*clicked.find("diff"), "5").empty());
    EXPECT(b.push("live_patch", json_value::object{{"url", "http://localhost/other"}}).to_string() ==
           R"({"link_redirect":true})");
    const json_value left = go("navigate", "/other");
    EXPECT(text(*left.find("live_redirect"), "to") == "/other" && text(*left.find("live_redirect"), "kind") == "replace");
    const std::string flash = text(*left.find("live_redirect"), "flash");
    (void)b.await("phx_close");
    // The client goes on, on the same connection.
    const json_value::object join{{"redirect", "http://localhost/other"},
                                  {"params", json_value::object{{"_mounts", 1}}},
                                  {"session", b.session()},
                                  {"flash", flash}};
    const json_value there = b.push("phx_join", json_value{join});
    EXPECT(b.status == "ok" && text(*there.find("rendered"), "0") == "another page" &&
           text(*there.find("rendered"), "1") == "from the counter");
  });
}

TEST_CASE("live: a path that browsers take for another host's is refused, and ends the view") {
  on_workers([] {
    const served s;
    for (const char* to :
         {"//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil.example", "evil", "javascript:alert(1)"}) {
      browser b{s, "/count/7"};
      b.send("event",
             json_value::object{
                 {"type", "click"}, {"event", "go"}, {"value", json_value::object{{"to", to}, {"how", "redirect"}}}});
      (void)b.await("phx_error");
    }
  });
}

TEST_CASE("live: a redirect loads a page, which shows the flash once") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    const json_value left = b.event("go", json_value::object{{"to", "/other"}, {"how", "redirect"}});
    const std::string flash = text(*left.find("redirect"), "flash");
    const web::response page = s.get("/other", "name=ann; __phoenix_flash__=" + flash);
    EXPECT(page.text().find("from the counter") != std::string_view::npos);
    EXPECT(page.fields.get("Set-Cookie").find("__phoenix_flash__=") != std::string_view::npos);
    browser next{s, "/other", std::string{page.text()}};
    EXPECT(text(*next.joined.find("rendered"), "1") == "from the counter");
    EXPECT(s.get("/other", "name=ann; __phoenix_flash__=" + flash + "x").text().find("from the") == std::string_view::npos);
  });
}

TEST_CASE("live: events go to the browser with the diff of their handler") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    const json_value answer = b.event("shout", json_value::object{{"text", "hey"}});
    EXPECT(answer.find("diff")->find("e")->to_string() == R"([["shout",{"text":"hey"}]])");
  });
}

TEST_CASE("live: a view that crashes is told to the client, which joins again") {
  on_workers([] {
    const served s;
    browser b{s, "/count/7"};
    (void)b.event("add", click(5));
    b.send("event", json_value::object{{"type", "click"}, {"event", "crash"}, {"value", json_value::object{}}});
    (void)b.await("phx_error");
    b.join("/count/7");
    EXPECT(b.status == "ok" && text(*b.joined.find("rendered"), "0") == "0");
  });
}

TEST_CASE("live: tokens of others, of another page, and of another time are no sessions") {
  on_workers([] {
    const served s;
    const std::string page{s.get("/count/7").text()};
    const std::string session = between(page, "data-phx-session=\"", "\"");
    const auto join = [&](const std::string& token, const char* url) {
      std::string changed = page;
      changed.replace(changed.find(session), session.size(), token);
      browser b{s, url, changed};
      return b.status == "error" ? text(b.joined, "reason") : b.status;
    };
    EXPECT(join(session, "/count/8") == "ok");
    EXPECT(join(session + "x", "/count/7") == "stale");
    EXPECT(join("", "/count/7") == "stale");
    EXPECT(join(session, "/other") == "unauthorized");
    EXPECT(join(session, "/nowhere") == "unauthorized");
    EXPECT(join(session, "/count/7?missing=1") == "reload");
    const std::string others = std::string{s.get("/other").text()};
    EXPECT(join(between(others, "data-phx-session=\"", "\""), "/count/7") == "stale");  // of another id
  });
}

TEST_CASE("live: what makes no site is refused, with what was expected") {
  CHECK(refuses(joist::errc::bad_argument, [] { live::site<> s{joist::pubsub{}, {.secrets = {secret}}}; }));
  CHECK(refuses(joist::errc::bad_argument, [] {
    live::site<> s{joist::pubsub{}, {.secrets = {secret}, .layout = layout, .path = "live"}};
  }));
  CHECK(refuses(joist::errc::bad_argument, [] {
    live::site<user> s{joist::pubsub{}, {.secrets = {secret}, .layout = layout}};
    web::router routes;
    s.add_to(routes);
  }));
}
