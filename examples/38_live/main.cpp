// A page whose state is here, and which the browser shows: what it is answered, and what a click brings. The browser's part
// is played by a few lines at the end; in a real page the official client of Phoenix LiveView plays it.
#include <joist/joist.hpp>
#include <joist/live/component.hpp>
#include <joist/live/site.hpp>
#include <joist/live/view.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket_client.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace live = joist::live;
namespace web = joist::web;

// [snippet: view]
struct task {
  int id;
  std::string text;
  bool is_done = false;
};

class tasks : public live::view<tasks> {
 public:
  struct add {  // phx-submit="add": the fields of the form
    std::string text;
  };
  struct toggle {  // phx-click="toggle" phx-value-id="2"
    int id;
  };
  using events = joist::type_list<add, toggle>;

  void mount(const web::request&) { page_title("tasks"); }
  void handle_event(const add& a) { all_.push_back({++last_, a.text}); }
  void handle_event(const toggle& t) {
    for (task& each : all_) {
      if (each.id == t.id) each.is_done = !each.is_done;
    }
  }

  live::rendered render() const {
    const auto left = std::count_if(all_.begin(), all_.end(), [](const task& t) { return !t.is_done; });
    return html<R"(
      <form phx-submit="add"><input name="text" autofocus><button>add</button></form>
      <ul>{}</ul>
      <p>{} to do</p>)">(live::each(all_, &task::id, shown), left);
  }

 private:
  static live::rendered shown(const task& t) {
    return html<R"(<li class={} phx-click="toggle" phx-value-id="{}">{}</li>)">(
        t.is_done ? std::optional{"done"} : std::nullopt, t.id, t.text);
  }

  std::vector<task> all_;
  int last_ = 0;
};
// [end]

// [snippet: site]
live::rendered layout(const live::page& p) {
  return live::html<R"(<!DOCTYPE html>
<html>
  <head>
    <title>{}</title>
    <script defer src="/assets/phoenix.js"></script>
    <script defer src="/assets/phoenix_live_view.js"></script>
    <script defer src="/assets/app.js"></script>
  </head>
  <body>{}</body>
</html>)">(p.title, p.body);
}

web::router routes() {
  live::site<> pages{joist::pubsub{}, {.secrets = {web::random_secret()}, .layout = layout}};
  pages.view<tasks>("/tasks");
  web::router all;
  pages.add_to(all);  // GET /tasks, and /live for the client: new LiveSocket("/live", Socket)
  return all;
}
// [end]

// What a browser does: it reads who it is from the page, joins, and sends events.
class browser {
 public:
  browser(const std::string& host, std::string page)
      : page_{std::move(page)}, socket_{web::websocket::connect("ws://" + host + "/live/websocket?vsn=2.0.0")} {}
  std::string push(const std::string& event, const std::string& payload) {
    socket_.send_text(fmt::format(R"(["1","2","lv:{}","{}",{}])", after("<div id=\""), event, payload));
    return std::string{socket_.next()->data};
  }
  [[nodiscard]] std::string after(const std::string& what) const {
    const auto begin = page_.find(what) + what.size();
    return page_.substr(begin, page_.find('"', begin) - begin);
  }

 private:
  std::string page_;
  web::websocket socket_;
};

int main() {
  return joist::run([] {
    const web::router all = routes();
    const auto server = web::start_server({.at = joist::net::endpoint{"127.0.0.1:0"}}, all);
    const std::string host = server.local().to_string();

    web::request in{{.target = "/tasks"}};
    const web::response page = all(in);
    fmt::print("the page is whole: {}\n", page.text().find("0 to do</p></div>") != std::string_view::npos);

    browser b{host, std::string{page.text()}};
    const std::string joined = b.push(
        "phx_join", fmt::format(R"({{"url":"http://{}/tasks","session":"{}"}})", host, b.after("data-phx-session=\"")));
    fmt::print("joined: {}\n", joined.find(R"("t":"tasks")") != std::string::npos);
    const std::string added = b.push("event", R"({"type":"form","event":"add","value":"text=tea+%26+cake"})");
    fmt::print("added: {}\n", added.find(R"("2":"tea &amp; cake")") != std::string::npos);
    const std::string toggled = b.push("event", R"({"type":"click","event":"toggle","value":{"id":"1"}})");
    fmt::print("{}\n", toggled.substr(toggled.find("\"diff\"")));
  });
}

// Output:
// the page is whole: true
// joined: true
// added: true
// "diff":{"0":{"k":{"0":{"0":" class=\"done\""},"kc":1}},"1":"0"}}}]
