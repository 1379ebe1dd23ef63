// A site for the official client of Phoenix LiveView, in a browser (node/live.js): prints `listening on HOST:PORT`, and goes
// on until SIGTERM. LIVE_PHOENIX, LIVE_VIEW: the folders of the two clients' scripts.
#include <joist/joist.hpp>
#include <joist/live/component.hpp>
#include <joist/live/js.hpp>
#include <joist/live/site.hpp>
#include <joist/live/stream.hpp>
#include <joist/otp/application.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/web/server.hpp>
#include <joist/web/static_files.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace live = joist::live;
namespace web = joist::web;
using namespace std::chrono_literals;

namespace {

class counter_box : public live::component<counter_box> {
 public:
  struct more {};
  using events = joist::type_list<more>;
  void update(std::string label) { label_ = std::move(label); }
  void handle_event(const more&) { ++count_; }
  live::rendered render() const {
    return html<R"(<div class="box"><b>{}</b> <i>{}</i> <button phx-click="more" phx-target={}>more</button></div>)">(
        label_, count_, myself());
  }

 private:
  std::string label_;
  int count_ = 0;
};

struct entry {
  int id;
  std::string text;
};

/// Everything on a page.
class all_view : public live::view<all_view> {
 public:
  struct add {
    int by = 1;
  };
  struct person {
    std::string name;
    std::optional<int> age;
    bool agrees = false;
  };
  struct check {
    person user;
    std::vector<std::string> _target;
  };
  struct save {
    person user;
  };
  struct say {
    std::string text;
  };
  struct forget {
    int id;
  };
  struct turn {};
  struct drop {
    std::string label;
  };
  struct crash {};
  struct echo {
    std::string text;
  };
  struct reset {};
  struct patch_to {
    std::string tab;
  };
  struct leave {};
  struct load {};
  struct tick {};
  using events = joist::type_list<add, check, save, say, forget, turn, drop, crash, echo, reset, patch_to, leave, load>;

  void mount(const web::request&) {
    page_title("everything");
    said_.insert({0, "welcome"});
    if (connected()) info_after(10ms, tick{});
  }
  void handle_params(const web::request& page) { tab_ = std::string{page.query("tab").value_or("none")}; }
  void handle_event(const add& a) { count_ += a.by; }
  void handle_event(const check& c) {
    typed_ = c.user;
    problem_ = c.user.name.empty() ? "a name, please" : "";
    changed_ = fmt::format("{}", fmt::join(c._target, "."));
  }
  void handle_event(const save& s) {
    saved_ = fmt::format("{}, {}, {}", s.user.name, s.user.age.value_or(0), s.user.agrees);
    typed_ = {};
    put_flash("info", "saved " + s.user.name);
  }
  void handle_event(const say& s) { said_.insert({++last_, s.text}, {.at = 0, .limit = 3}); }
  void handle_event(const forget& f) { said_.remove({f.id, ""}); }
  void handle_event(const reset&) { said_.reset({{100, "anew"}}); }
  void handle_event(const turn&) { std::reverse(labels_.begin(), labels_.end()); }
  void handle_event(const drop& d) { std::erase(labels_, d.label); }
  void handle_event(const crash&) { throw std::runtime_error{"on purpose"}; }
  echo handle_event(const echo& e) {
    push_event("heard", e);
    return {e.text + "!"};
  }
  void handle_event(const patch_to& p) { push_patch("/all?tab=" + p.tab); }
  void handle_event(const leave&) {
    put_flash("info", "from everything");
    push_navigate("/other");
  }
  void handle_event(const load&) {
    put_flash("info", "loaded");
    redirect("/other");
  }
  void handle_info(tick) { ticks_ = "ticked"; }

  live::rendered render() const {
    return html<R"(
      <p id="flash">{}</p>
      <p id="count">{}</p><button id="add" phx-click="add" phx-value-by="2">add</button>
      <p id="tick">{}</p><p id="tab">{}</p>
      <form id="form" phx-change="check" phx-submit="save">
        <input id="name" name="user[name]" value={}><input id="age" name="user[age]" type="number" value={}>
        <input id="agrees" name="user[agrees]" type="checkbox" checked={}>
        <button id="save" disabled={}>save</button>
      </form>
      <p id="problem">{}</p><p id="changed">{}</p><p id="saved">{}</p>
      <div id="boxes">{}</div>
      <button id="turn" phx-click="turn">turn</button>
      <button id="drop" phx-click="drop" phx-value-label="b">drop</button>
      <form id="saying" phx-submit="say"><input id="text" name="text"></form>
      <ul id="said" phx-update="stream">{}</ul>
      <button id="reset" phx-click="reset">reset</button>
      <button id="menu_button" phx-click={}>menu</button><div id="menu" style="display: none">menu</div>
      <div id="hook" phx-hook="Echo"></div>
      <button id="to_two" phx-click="patch_to" phx-value-tab="two">two</button>
      <a id="to_three" href="/all?tab=three" data-phx-link="patch" data-phx-link-state="push">three</a>
      <button id="leave" phx-click="leave">leave</button><button id="load" phx-click="load">load</button>
      <button id="crash" phx-click="crash">crash</button>)">(
        flash("info"), count_, ticks_, tab_, typed_.name, typed_.age, typed_.agrees, !problem_.empty(), problem_, changed_,
        saved_,
        live::each(
            labels_, std::identity{},
            [](const std::string& l) { return live::html<"{}">(live::make_component<counter_box>(l, "<" + l + ">")); }),
        each(said_,
             [](std::string_view id, const entry& e) {
               return html<R"(<li id={}><span>{}</span><button phx-click="forget" phx-value-id="{}">x</button></li>)">(
                   id, e.text, e.id);
             }),
        live::js{}.toggle("#menu"));
  }

 private:
  int count_ = 0;
  person typed_;
  std::string ticks_, tab_, problem_, changed_, saved_;
  std::vector<std::string> labels_{"a", "b", "c"};
  live::stream<entry> said_{"said", &entry::id};
  int last_ = 0;
};

class other_view : public live::view<other_view> {
 public:
  void mount(const web::request&) { page_title("other"); }
  live::rendered render() const {
    return html<R"(<h1>other</h1><p id="flash">{}</p>
      <a id="back" href="/all?tab=back" data-phx-link="redirect" data-phx-link-state="push">back</a>)">(flash("info"));
  }
};

live::rendered layout(const live::page& p) {
  return live::html<R"(<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{}</title>
<script src="/phoenix/phoenix.js"></script><script src="/view/phoenix_live_view.js"></script></head>
<body>{}<script>
window.heard = [];
window.addEventListener("phx:heard", e => window.heard.push(e.detail.text));
const Echo = { mounted() { window.echo = text => new Promise(yes => this.pushEvent("echo", { text }, yes)); } };
window.live = new LiveView.LiveSocket("/live", Phoenix.Socket, { hooks: { Echo } });
window.live.connect();
</script></body></html>)">(p.title, p.body);
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{fmt::format("expected {} in the environment", name)};
  return value;
}

web::handler routes() {
  live::site<> pages{joist::pubsub{}, {.secrets = {std::string(64, 's')}, .layout = layout}};
  pages.view<all_view>("/all").view<other_view>("/other");
  web::router all;
  pages.add_to(all);
  return web::pipeline({web::static_files(setting("LIVE_PHOENIX"), {.prefix = "/phoenix"}),
                        web::static_files(setting("LIVE_VIEW"), {.prefix = "/view"})},
                       all);
}

joist::application site() {
  joist::application a{"live"};
  a.defaults = {{"port", "0"}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    web::server_options o{.at = joist::net::endpoint::loopback(env.get<std::uint16_t>("port"))};
    o.drain = 5s;
    o.name = "web";
    return {{}, {web::child_server("web", std::move(o), routes())}};
  };
  a.phases = {"tell"};
  a.start_phase = [](std::string_view, const joist::environment&) {
    fmt::print("listening on {}\n", joist::net::server_ref{*joist::whereis("web")}.local().to_string());
    std::fflush(stdout);
  };
  return a;
}

}  // namespace

int main() { return joist::run_applications({site()}); }
