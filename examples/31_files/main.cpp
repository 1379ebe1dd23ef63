// Files in front of routes, and plugs: a folder at `/`, another one at `/assets`, an API that wants a key, pages of errors
// as JSON, and answers for pages of another site. It asks its own server.
#include <joist/joist.hpp>
#include <joist/web/client.hpp>
#include <joist/web/json.hpp>
#include <joist/web/media_type.hpp>
#include <joist/web/server.hpp>
#include <joist/web/static_files.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace web = joist::web;
using joist::net::endpoint;

// [snippet: statuses]
struct note {
  std::string text;
};

// 415 for a body of another type, 400 for one that is no JSON, 422 for JSON that is no note.
web::response take_note(const web::request& in) {
  if (!web::has_media_type(in.field("Content-Type"), "application/json")) return web::status_page(415);
  const auto said = web::read_json<note>(in);
  if (!said) return web::json_errors(said.error(), web::parse_json(in.body()) ? 422 : 400);
  return web::json(*said).with_status(201);
}
// [end]

// [snippet: key]
struct customer {
  std::string name;
};

// Answers itself who has no key; who has one is known to the handlers behind it.
web::plug require_key(std::map<std::string, customer> keys) {
  return [keys = std::move(keys)](web::request& in, const web::next_handler& next) {
    const auto found = keys.find(std::string{in.field("Authorization")});
    if (found == keys.end()) return web::status_page(401).with_field("WWW-Authenticate", "Bearer");
    in.assign(found->second);
    return next(in);
  };
}

web::router routes(const web::plug& with_key) {
  web::router r;
  r.scope("/api", {with_key}, [](web::router& api) {
    api.get("/me", [](const web::request& in) { return web::json(*in.assigned<customer>()); });
    api.post("/notes", take_note);
  });
  return r;
}
// [end]

// [snippet: private]
// `/private/plan.txt` is for who has a key: the route is there so that the plugs are asked.
void add_private(web::router& r, const web::plug& with_key, const std::string& folder) {
  r.scope("/private", {with_key, web::static_files(folder, {.prefix = "/private"})},
          [](web::router& behind) { behind.get("/*path", [](const web::request&) { return web::status_page(404); }); });
}
// [end]

// [snippet: cors]
// Pages of app.example.org may ask here. OPTIONS, which their browsers send first, is answered by the router.
web::response allow_app(web::request& in, const web::next_handler& next) {
  web::response out = next(in);
  out.fields.set("Access-Control-Allow-Origin", "https://app.example.org");
  if (in.method() == "OPTIONS") {
    out.fields.set("Access-Control-Allow-Methods", std::string{out.fields.get("Allow")});
    out.fields.set("Access-Control-Allow-Headers", "Authorization, Content-Type");
  }
  return out;
}
// [end]

// [snippet: pages]
struct problem {
  int status;
  std::string title;
};

// Pages of statuses, which are plain text, become JSON. What handlers say as JSON themselves stays.
web::response json_pages(web::request& in, const web::next_handler& next) {
  web::response out = next(in);
  if (out.status < 400 || !web::has_media_type(out.fields.get("Content-Type"), "text/plain")) return out;
  out.body = web::to_json(problem{out.status, std::string{web::reason_phrase(out.status)}});
  out.fields.set("Content-Type", "application/problem+json");
  return out;
}
// [end]

// [snippet: files]
web::handler site(const web::router& routes, const std::string& folder) {
  const web::static_options for_ever{.prefix = "/assets", .cache_control = "public, max-age=31536000, immutable"};
  return web::pipeline({allow_app, json_pages,                            // of all answers
                        web::static_files(folder + "/assets", for_ever),  // names change with what they hold
                        web::static_files(folder + "/pages")},            // at `/`
                       routes);
}
// [end]

// What is served: gone when the example ends.
class files {
 public:
  files() {
    std::string made = (std::filesystem::temp_directory_path() / "joist_files_XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error{"expected a folder for files"};
    folder_ = made;
    std::filesystem::create_directories(folder_ / "pages/about");
    std::filesystem::create_directories(folder_ / "assets");
    write("pages/index.html", "<h1>Home</h1>");
    write("pages/about/index.html", "<h1>About</h1>");
    write("pages/.secret", "nobody sees this");
    std::filesystem::create_symlink("/etc/hostname", folder_ / "pages/out");
    std::filesystem::create_directories(folder_ / "private");
    write("private/plan.txt", "the plan");
    write("assets/app.js", "hello();");
    write("assets/app.js.gz", "(packed)");
  }
  files(const files&) = delete;
  files& operator=(const files&) = delete;
  ~files() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string folder() const { return folder_.string(); }

 private:
  void write(const char* name, const char* text) const { std::ofstream{folder_ / name} << text; }

  std::filesystem::path folder_;
};

struct asking {
  web::client http{{.max_redirects = 0}};
  std::string server;

  web::client_response ask(const std::string& method, const std::string& path, web::fields fields = {}) const {
    auto got = http.send({.method = method, .url = server + path, .fields = std::move(fields)});
    fmt::print("{} {}: {} {}\n", method, path, got.status(), got.body());
    return got;
  }

  void note(const char* type, const char* text) const {
    const auto got = http.post(server + "/api/notes", web::bytes(type, text), {{"Authorization", "Bearer key-of-ann"}});
    fmt::print("{}: {} {}\n", text, got.status(), got.body());
  }
};

void ask_own_server(const std::string& folder) {
  const web::plug with_key = require_key({{"Bearer key-of-ann", {"Ann"}}});
  web::router all = routes(with_key);
  add_private(all, with_key, folder + "/private");
  const auto server = web::start_server({.at = endpoint::loopback(0)}, site(all, folder));
  const asking own{.server = "http://" + server.local().to_string()};

  const auto home = own.ask("GET", "/");
  own.ask("GET", "/", {{"If-None-Match", home.field("ETag")}});
  fmt::print("{}\n", own.ask("GET", "/about").field("Location"));
  own.ask("GET", "/.secret");
  own.ask("GET", "/out");
  own.ask("POST", "/index.html");

  fmt::print("{}\n", own.ask("GET", "/assets/app.js", {{"Range", "bytes=0-4"}}).field("Content-Range"));
  own.ask("GET", "/assets/app.js", {{"Range", "bytes=0-1,4-5"}});
  fmt::print("{}\n", own.ask("GET", "/assets/app.js", {{"Accept-Encoding", "gzip"}}).field("Content-Encoding"));

  own.ask("GET", "/api/me");
  own.ask("GET", "/api/me", {{"Authorization", "Bearer key-of-ann"}});
  own.ask("GET", "/private/plan.txt");
  own.ask("GET", "/private/plan.txt", {{"Authorization", "Bearer key-of-ann"}});
  own.ask("DELETE", "/api/me");
  for (const auto& [type, body] : {std::pair{"text/plain", "hello"}, {"application/json", "{"}, {"application/json", "{}"}})
    own.note(type, body);
  const auto first = own.ask("OPTIONS", "/api/me", {{"Origin", "https://app.example.org"}});
  fmt::print("{}\n", first.field("Access-Control-Allow-Methods"));
  server.stop();
}

int main() {
  const files made;
  return joist::run([folder = made.folder()] { ask_own_server(folder); });
}

// Output:
// GET /: 200 <h1>Home</h1>
// GET /: 304
// GET /about: 301
// /about/
// GET /.secret: 404 {"status":404,"title":"Not Found"}
// GET /out: 404 {"status":404,"title":"Not Found"}
// POST /index.html: 404 {"status":404,"title":"Not Found"}
// GET /assets/app.js: 206 hello
// bytes 0-4/8
// GET /assets/app.js: 200 hello();
// GET /assets/app.js: 200 (packed)
// gzip
// GET /api/me: 401 {"status":401,"title":"Unauthorized"}
// GET /api/me: 200 {"name":"Ann"}
// GET /private/plan.txt: 401 {"status":401,"title":"Unauthorized"}
// GET /private/plan.txt: 200 the plan
// DELETE /api/me: 405 {"status":405,"title":"Method Not Allowed"}
// hello: 415 {"status":415,"title":"Unsupported Media Type"}
// {: 400 {"errors":[{"pointer":"","what":"at byte 1: expected a name in quotes"}]}
// {}: 422 {"errors":[{"pointer":"/text","what":"expected it: it is missing"}]}
// OPTIONS /api/me: 204
// GET, HEAD, OPTIONS
