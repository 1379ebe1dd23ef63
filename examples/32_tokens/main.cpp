// Who somebody is: a form that only pages of ours can send, a cookie that browsers keep and cannot read, and a token with
// which a page opens a WebSocket in its user's name. It asks its own server.
#include <joist/joist.hpp>
#include <joist/web/client.hpp>
#include <joist/web/csrf.hpp>
#include <joist/web/form.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/protected_cookie.hpp>
#include <joist/web/secure_headers.hpp>
#include <joist/web/server.hpp>
#include <joist/web/token.hpp>
#include <joist/web/websocket.hpp>
#include <joist/web/websocket_client.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;

// [snippet: keys]
// Made at the start, of secrets that all instances of the service share: the first makes tokens, all verify.
struct site_keys {
  explicit site_keys(const std::vector<std::string>& secrets)
      : session{{.secrets = secrets, .shape = {.name = "session", .max_age = 24h}, .encrypted = true}},
        socket{{.secrets = secrets, .salt = "user socket"}},
        forms{web::csrf({.secrets = secrets})} {}

  web::protected_cookie session;  // over TLS: .shape = {.name = "__Host-session", .max_age = 24h, .secure = true}
  web::token_key socket;
  web::plug forms;
};
// [end]

// [snippet: forms]
web::response show_form(const web::request& in) {
  return web::html(R"(<form method="post"><input type="hidden" name="_csrf_token" value=")" + web::csrf_token(in) +
                   R"("><input name="name"></form>)");
}

// The plug has refused who did not come from such a form.
web::response log_in(const web::request& in, const web::protected_cookie& session) {
  const std::string name{web::parse_form(in.body()).get("name")};
  web::renew_csrf_token(in);  // what was known before the login is of no use behind it
  return web::redirect("/").with_cookie(session.make(name));
}
// [end]

// [snippet: tokens]
// For a script of the page: it opens /socket?token=...
web::response show_socket_token(const web::request& in, const site_keys& keys) {
  const auto user = keys.session.read(in);
  if (!user) throw web::http_error{401, std::string{to_string(user.error())}};
  return web::text(keys.socket.sign(*user, {.max_age = 1min}));
}

web::websocket_body greet(const web::request& in, const web::token_key& key) {
  const auto user = key.verify(in.query("token"));
  if (!user) throw web::http_error{403, std::string{to_string(user.error())}};
  return [name = *user](web::websocket& socket) { socket.send_text("hello, " + name); };
}
// [end]

// [snippet: site]
web::handler site(const site_keys& keys) {
  web::router r;
  r.scope("/", {keys.forms}, [&keys](web::router& pages) {
    pages.get("/login", show_form);
    pages.post("/login", [session = keys.session](const web::request& in) { return log_in(in, session); });
    pages.get("/token", [keys](const web::request& in) { return show_socket_token(in, keys); });
  });
  r.get("/socket", web::websocket_handler({}, [key = keys.socket](web::request& in) { return greet(in, key); }));
  return web::pipeline({web::secure_headers()}, r);
}
// [end]

// What a browser would send back.
std::string kept(const std::string_view set_cookie) { return std::string{set_cookie.substr(0, set_cookie.find(';'))}; }

struct browser {
  web::client http{{.max_redirects = 0}};
  std::string server;

  web::client_response get(const std::string& path, const std::string& cookie = {}) const {
    return http.send({.url = server + path, .fields = {{"Cookie", cookie}}});
  }
  web::client_response log_in(const std::string& cookie, const std::string& token) const {
    const web::form_values form{{"name", "ann"}, {"_csrf_token", token}};
    return http.post(server + "/login", web::bytes("application/x-www-form-urlencoded", form.to_string()),
                     {{"Cookie", cookie}});
  }
};

void ask_own_server() {
  const site_keys keys{{web::random_secret()}};
  const auto server = web::start_server({.at = endpoint::loopback(0), .drain = 1s}, site(keys));
  const browser b{.server = "http://" + server.local().to_string()};

  const auto page = b.get("/login");
  fmt::print("{}\n", page.field("X-Content-Type-Options"));
  const std::string_view body = page.body();
  const std::string token{body.substr(body.find("value=\"") + 7, 56)};
  const std::string cookie = kept(page.field("Set-Cookie"));

  fmt::print("a page of another site: {}\n", b.log_in(cookie, "").status());
  fmt::print("without the cookie: {}\n", b.log_in("", token).status());
  const auto in = b.log_in(cookie, token);
  fmt::print("our page: {} {}\n", in.status(), in.field("Location"));

  fmt::print("who is nobody: {}\n", b.get("/token").status());
  const auto allowed = b.get("/token", kept(in.field("Set-Cookie")));
  const std::string address = "ws://" + server.local().to_string() + "/socket?token=";
  auto socket = web::websocket::connect(address + std::string{allowed.body()});
  if (const auto said = socket.next()) fmt::print("{}\n", said->data);
  const auto stranger = web::websocket::try_connect(address + "ann", {});
  if (!stranger && stranger.error().text.find("got 403") != std::string::npos) fmt::print("without a token of ours: 403\n");
  server.stop();
}

int main() { return joist::run(ask_own_server); }

// Output:
// nosniff
// a page of another site: 403
// without the cookie: 403
// our page: 303 /
// who is nobody: 401
// hello, ann
// without a token of ours: 403
