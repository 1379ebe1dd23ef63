// A JSON API over a supervised store: what is asked for is checked and told all at once when it is wrong; a request that
// crashes takes neither the store nor other requests with it. `example_25_http_api serve` keeps serving on port 8082
// (`curl -X POST -H 'Content-Type: application/json' -d '{"title":"write"}' localhost:8082/tasks`), or where TASKS_AT says,
// until SIGTERM or SIGINT.
// Without an argument it asks its own handlers, which need no socket for that: so are they tested.
#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/json.hpp>
#include <joist/web/server.hpp>

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace web = joist::web;
using joist::net::endpoint;

enum class state { open, done };

struct new_task {
  std::string title;
  std::optional<state> is{};
};

struct task {
  int id = 0;
  std::string title;
  state is = state::open;
};

// [snippet: store]
// The store: a server like any other. That it answers HTTP is not its business.
class store : public joist::gen_server<store> {
 public:
  struct add {
    using reply = task;
    new_task wanted;
  };
  struct find {
    using reply = std::optional<task>;
    int id;
  };
  struct list {
    using reply = std::vector<task>;
  };
  struct remove {
    using reply = bool;
    int id;
  };

  task handle_call(add a) {
    const int id = ++last_;
    return tasks_[id] = {id, std::move(a.wanted.title), a.wanted.is.value_or(state::open)};
  }
  std::optional<task> handle_call(find f) {
    const auto at = tasks_.find(f.id);
    return at != tasks_.end() ? std::optional{at->second} : std::nullopt;
  }
  std::vector<task> handle_call(list) {
    std::vector<task> all;
    for (const auto& [id, t] : tasks_) all.push_back(t);
    return all;
  }
  bool handle_call(remove r) { return tasks_.erase(r.id) > 0; }

 private:
  std::map<int, task> tasks_;
  int last_ = 0;
};
// [end]

// [snippet: routes]
joist::server_ref<store> tasks() {
  const auto found = joist::find_server<store>("tasks");
  if (!found) throw web::http_error{503, "the store is being started"};
  return *found;
}

int id_in(const web::request& in) {
  const auto text = in.param("id");
  int id = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (wrong != std::errc{} || end != text.data() + text.size()) throw web::http_error{404, "an id is a number"};
  return id;
}

web::response create(const web::request& in) {
  auto wanted = web::read_json<new_task>(in, {.unknown = web::unknown_members::refuse});
  if (!wanted) return web::json_errors(wanted.error());
  if (wanted->title.empty()) return web::json_errors({{"/title", "expected a text, got an empty one"}});
  const task made = tasks().call(store::add{*std::move(wanted)});
  return web::json(made).with_status(201).with_field("Location", fmt::format("/tasks/{}", made.id));
}

web::response show(const web::request& in) {
  const auto found = tasks().call(store::find{id_in(in)});
  if (!found) throw web::http_error{404, "no such task"};
  return web::json(*found);
}

web::router routes() {
  web::router r;
  r.scope("/tasks", [](web::router& api) {
    api.get("/", [](const web::request&) { return web::json(tasks().call(store::list{})); });
    api.post("/", create);
    api.get("/:id", show);
    api.del("/:id", [](const web::request& in) {
      return tasks().call(store::remove{id_in(in)}) ? web::no_content() : web::status_page(404);
    });
  });
  return r;
}
// [end]

joist::application api() {
  joist::application a{"tasks"};
  a.defaults = {{"at", "[::]:8082"}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    joist::server_options named;
    named.name = "tasks";
    return {{},  // one_for_one: handlers look for the store each time, so a crash of it leaves the web server alone
            {joist::child_spec{.id = "store", .start = joist::starts<store>(named)},
             web::child_server("web", {.at = endpoint{env.get<std::string>("at")}}, routes())}};
  };
  return a;
}

// [snippet: ask]
// A handler is a function of a request: it is asked without a socket.
void ask(const web::router& api, std::string method, std::string target, std::string body = {}) {
  web::request in{{.method = method, .target = target, .body = std::move(body)}};
  in.fields().set("Content-Type", "application/json");
  const web::response out = api(in);
  fmt::print("{} {}: {} {}\n", method, target, out.status, out.status < 300 || out.status == 422 ? out.text() : "");
}
// [end]

void try_it() {
  joist::server_options named;
  named.name = "tasks";
  const auto running = joist::start_link<store>(named);
  const web::router api = routes();
  ask(api, "POST", "/tasks", R"({"title":"write the guide","is":"done"})");
  ask(api, "POST", "/tasks", R"({"title":7})");
  ask(api, "POST", "/tasks", R"({"title":"read it"})");
  ask(api, "GET", "/tasks");
  ask(api, "DELETE", "/tasks/1");
  ask(api, "GET", "/tasks/1");
  ask(api, "GET", "/tasks/two");
  running.stop();
}

int main(int argc, char**) { return argc > 1 ? joist::run_applications({api()}) : joist::run(try_it); }

// Output:
// POST /tasks: 201 {"id":1,"title":"write the guide","is":"done"}
// POST /tasks: 422 {"errors":[{"pointer":"/title","what":"expected a string, got an integer"}]}
// POST /tasks: 201 {"id":2,"title":"read it","is":"open"}
// GET /tasks: 200 [{"id":1,"title":"write the guide","is":"done"},{"id":2,"title":"read it","is":"open"}]
// DELETE /tasks/1: 204
// GET /tasks/1: 404
// GET /tasks/two: 404
