// tests/conformance/server.cpp: what real clients talk to. Its address, and what stops it, are as of any service of Joist.
//
//   CONFORMANCE_FILES=folder [CONFORMANCE_UNIX=/path/of/socket] conformance_server
//
// prints `listening on 127.0.0.1:PORT`, a port that was free, and serves until SIGTERM.
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>
#include <joist/otp/agent.hpp>
#include <joist/otp/application.hpp>
#include <joist/web/cookie.hpp>
#include <joist/web/http_error.hpp>
#include <joist/web/json.hpp>
#include <joist/web/server.hpp>
#include <joist/web/static_files.hpp>
#include <joist/web/websocket.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace web = joist::web;
using joist::net::endpoint;

namespace {

template <class Number>
Number number_in(const web::request& in, std::string_view name) {
  const auto text = in.param(name);
  Number n{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (wrong != std::errc{} || end != text.data() + text.size()) throw web::http_error{404, "expected a number"};
  return n;
}

// -- bodies

struct received {
  std::uint64_t bytes = 0;
  std::uint32_t adler32 = 1;  // RFC 1950
};

void add_to(received& all, std::span<const std::byte> piece) {
  constexpr std::uint32_t base = 65'521;
  std::uint32_t a = all.adler32 & 0xffff;
  std::uint32_t b = all.adler32 >> 16;
  for (const std::byte byte : piece) {
    a = (a + std::to_integer<std::uint32_t>(byte)) % base;
    b = (b + a) % base;
  }
  all.adler32 = (b << 16) | a;
  all.bytes += piece.size();
}

/// How many are in it now: clients that leave have to end what is done for them.
class counted {
 public:
  explicit counted(std::atomic<int>& all) : all_{all} { ++all_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --all_; }

 private:
  std::atomic<int>& all_;
};
std::atomic<int> receiving{0};
std::atomic<int> endless{0};

web::response receive_body(web::request& in) {
  const counted here{receiving};
  std::array<std::byte, 4096> buffer{};
  received all;
  while (const std::size_t got = in.read_body(buffer)) add_to(all, std::span{buffer}.first(got));
  return web::json(all);
}

/// Lines of eight digits and their end: each byte says where it stands.
web::response numbered_lines(const web::request& in) {
  return web::stream("text/plain", [lines = number_in<std::uint32_t>(in, "lines")](web::body_sink& to) {
    constexpr std::uint32_t at_once = 1000;
    std::string piece;
    for (std::uint32_t i = 0; i < lines; ++i) {
      fmt::format_to(std::back_inserter(piece), "{:08}\n", i);
      if (i % at_once == at_once - 1 || i + 1 == lines) to.write(std::exchange(piece, {}));
    }
  });
}

web::response endless_body(const web::request&) {
  return web::stream("text/plain", [](web::body_sink& to) {
    const counted here{endless};
    for (;;) to.write(std::string(16 * 1024, 'x'));
  });
}

// -- notes: what one client leaves, and another reads

using notes = std::map<std::string, std::string>;

void note(std::string name, std::string text) {
  joist::find_agent<notes>("notes")->update(
      [name = std::move(name), text = std::move(text)](notes& all) { all[name] = text; });
}

web::response read_note(const web::request& in) {
  const auto found = joist::find_agent<notes>("notes")->get([name = std::string{in.param("name")}](const notes& all) {
    return all.contains(name) ? all.at(name) : std::string{};
  });
  return found.empty() ? web::status_page(404) : web::text(found);
}

// -- WebSockets

void echo(web::websocket& socket) {
  while (const auto said = socket.next()) {
    if (said->is_text)
      socket.send_text(said->data);
    else
      socket.send_binary(said->data);
  }
}

/// As echo, and notes how it ended: the client cannot know what the server made of its close.
void noted_echo(web::websocket& socket) {
  echo(socket);
  const auto& end = socket.close_reason();
  note("websocket_end", fmt::format("{} {}", end.code, end.reason));
}

web::websocket_body close_with(web::request& in) {
  return [code = number_in<std::uint16_t>(in, "code")](web::websocket& socket) { socket.close(code, "as asked"); };
}

web::websocket_options large(bool compress) {
  web::websocket_options o{.protocols = {"chat.v2", "chat.v1"}, .max_message_bytes = 32 << 20};
  o.compress = compress;
  return o;
}

web::router routes() {
  web::router r;
  r.get("/hello/:name", [](const web::request& in) { return web::text(fmt::format("hello {}", in.param("name"))); });
  r.post("/echo", [](const web::request& in) { return web::bytes("application/octet-stream", std::string{in.body()}); });
  r.put("/receive", receive_body);
  r.post("/receive", receive_body);
  r.post("/deaf", [](const web::request&) { return web::text("not read"); });
  r.get("/lines/:lines", numbered_lines);
  r.get("/endless", endless_body);
  r.get("/endless/count", [](const web::request&) { return web::text(std::to_string(endless.load())); });
  r.get("/receiving/count", [](const web::request&) { return web::text(std::to_string(receiving.load())); });
  r.get("/accepted/:server", [](const web::request& in) {
    const auto server = joist::whereis(std::string{in.param("server")});
    if (!server) throw web::http_error{404, "no such server"};
    return web::text(std::to_string(joist::net::server_ref{*server}.counts().accepted));
  });
  r.get("/crash", [](const web::request&) -> web::response { throw std::runtime_error{"on purpose"}; });
  r.get("/login",
        [](const web::request&) { return web::text("welcome").with_cookie({.name = "session", .value = "s3cret"}); });
  r.get("/session", [](const web::request& in) { return web::text(std::string{in.cookie("session").value_or("none")}); });
  r.get("/old", [](const web::request&) { return web::redirect("/hello/new", 301); });
  r.get("/json", [](const web::request&) { return web::json(received{.bytes = 7, .adler32 = 8}); });
  r.get("/notes/:name", read_note);
  r.post("/notes/:name", [](const web::request& in) {
    note(std::string{in.param("name")}, std::string{in.body()});
    return web::no_content();
  });
  r.get("/ws/echo", web::websocket_handler(large(true), noted_echo));
  r.get("/ws/plain", web::websocket_handler(large(false), noted_echo));
  r.get("/ws/small", web::websocket_handler({.max_message_bytes = 1000}, noted_echo));
  r.get("/ws/close/:code", web::websocket_handler({}, close_with));
  return r;
}

web::server_options serving(const endpoint& at, std::string name) {
  web::server_options o{.at = at};
  o.limits.body_bytes = 64 << 20;
  o.drain = 5s;
  o.name = std::move(name);
  return o;
}

joist::application conformance() {
  joist::application a{"conformance"};
  a.defaults = {{"files", "."}, {"unix", ""}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    joist::server_options named;
    named.name = "notes";
    const web::handler all =
        web::pipeline({web::static_files(env.get<std::string>("files"), {.prefix = "/files"})}, routes());
    std::vector<joist::child_spec> children{joist::agent<notes>::child("notes", notes{}, named),
                                            web::child_server("tcp", serving(endpoint::loopback(0), "tcp"), all)};
    if (const auto path = env.get<std::string>("unix"); !path.empty())
      children.push_back(web::child_server("unix", serving(endpoint{"unix:" + path}, "unix"), all));
    return {{}, std::move(children)};
  };
  a.phases = {"tell"};
  a.start_phase = [](std::string_view, const joist::environment&) {
    fmt::print("listening on {}\n", joist::net::server_ref{*joist::whereis("tcp")}.local().to_string());
    std::fflush(stdout);
  };
  return a;
}

}  // namespace

int main() { return joist::run_applications({conformance()}); }
