#include <joist/web/client.hpp>

#include <joist/web/server.hpp>

#include <atomic>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::web::client;
using joist::web::client_error;
using joist::web::client_options;
using joist::web::client_request;
using joist::web::client_response;
using joist::web::request;
using kind = joist::web::client_error::kind;

namespace {

struct item {
  std::string name;
  int price = 0;
  friend bool operator==(const item&, const item&) = default;
};

// What a request was, as a text.
std::string description(const request& in) {
  std::string all = in.method() + " " + in.target() + "\n";
  for (const auto f : in.fields()) all.append(f.name).append(": ").append(f.value).append("\n");
  return all.append("[").append(in.body()).append("]");
}

joist::web::router routes() {
  joist::web::router r;
  r.get("/hello/:name", [](const request& in) { return joist::web::text("hello " + std::string{in.param("name")}); });
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    r.add(method, "/what", [](const request& in) { return joist::web::text(description(in)); });
  r.post("/items", [](const request& in) {
    auto made = joist::web::read_json<item>(in);
    if (!made) return joist::web::json_errors(made.error());
    made->price += 1;
    return joist::web::json(*made).with_status(201).with_field("Location", "/items/7");
  });
  r.post("/echo", [](const request& in) { return joist::web::text(std::string{in.body()}); });
  r.get("/empty", [](const request&) { return joist::web::no_content(); });
  r.get("/large", [](const request&) { return joist::web::text(std::string(300'000, 'x')); });
  r.get("/stream", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      for (int i = 0; i < 1000; ++i) to.write("piece " + std::to_string(i) + "\n");
    });
  });
  r.get("/half", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      to.write("half");
      joist::exit(joist::exit_reason::normal);
    });
  });
  r.get("/wait", [](const request&) {
    joist::sleep_for(1h);
    return joist::web::text("late");
  });
  r.get("/moment", [](const request&) {
    joist::sleep_for(2ms);
    return joist::web::text("a moment");
  });
  const auto to = [&r](std::string path, std::string location, int status) {
    for (const char* method : {"GET", "POST", "PUT"})
      r.add(method, path, [location, status](const request&) { return joist::web::redirect(location, status); });
  };
  to("/301", "/what", 301);
  to("/302", "what?x=1", 302);
  to("/303", "/what", 303);
  to("/307", "/what", 307);
  to("/308", "/what", 308);
  to("/loop", "/loop", 302);
  to("/nowhere", "ftp://example.org/", 302);
  return r;
}

joist::net::server_ref serve(joist::web::handler answers = routes(), endpoint at = endpoint::loopback(0)) {
  joist::web::server_options o{.at = at};
  o.drain = 50ms;
  return joist::web::start_server(o, std::move(answers));
}

std::string url_of(const endpoint& at, std::string_view path) { return ("http://" + at.to_string()).append(path); }
std::string url_of(const joist::net::server_ref& server, std::string_view path) { return url_of(server.local(), path); }

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// Why there is no response.
client_error error_of(const joist::result<client_response, client_error>& r) {
  EXPECT(!r);
  return r.error();
}
kind kind_of(const joist::result<client_response, client_error>& r) { return error_of(r).what; }

}  // namespace

TEST_CASE("web::client: asks by each method, with fields and bodies, and reads answers") {
  on_workers(
      [] {
        const auto server = serve();
        const client http;
        const auto page = http.get(url_of(server, "/hello/Ada%20L?x=1"));
        EXPECT(page.status() == 200 && page.is_success() && page.body() == "hello Ada L" && page.is_complete());
        EXPECT(page.field("Content-Type").starts_with("text/plain") && page.body_bytes() == 11);
        EXPECT(page.url().to_string() == url_of(server, "/hello/Ada%20L?x=1"));
        EXPECT(http.get(url_of(server, "/none")).status() == 404);

        const std::string asked{http.get(url_of(server, "/what?a=%20b"), {{"X-Mine", "1"}}).body()};
        EXPECT(asked.starts_with("GET /what?a=%20b\nHost: " + server.local().to_string() + "\nX-Mine: 1\n"));
        EXPECT(has(asked, "User-Agent: joist\n") && !has(asked, "Content-Length") && asked.ends_with("[]"));
        EXPECT(http.head(url_of(server, "/hello/x")).body().empty());
        EXPECT(http.head(url_of(server, "/hello/x")).field("Content-Length") == "7");
        EXPECT(http.get(url_of(server, "/empty")).status() == 204);
        const auto put = http.put(url_of(server, "/what"), joist::web::text("new"), {{"Content-Type", "text/x"}});
        EXPECT(has(put.body(), "PUT /what\n") && has(put.body(), "Content-Type: text/x\n") && put.body().ends_with("[new]"));
        EXPECT(has(http.patch(url_of(server, "/what"), joist::web::text("")).body(), "Content-Length: 0\n"));
        EXPECT(has(http.del(url_of(server, "/what")).body(), "DELETE /what\n"));

        const auto made = http.post(url_of(server, "/items"), joist::web::json(item{"cup", 3}));
        EXPECT(made.status() == 201 && made.field("Location") == "/items/7");
        EXPECT(*joist::web::read_json<item>(made) == (item{"cup", 4}));
        EXPECT(!joist::web::read_json<item>(page));
        server.stop();
      },
      3);
}

TEST_CASE("web::client: bodies go in one piece, in many, or out of a file, with their size or in chunks") {
  on_workers(
      [] {
        const auto server = serve();
        const client http;
        const std::string much(1'000'000, 'm');
        EXPECT(http.post(url_of(server, "/echo"), joist::web::text(much)).body() == much);
        const auto in_pieces = [&much](joist::web::body_sink& to) {
          to.write("");
          for (std::size_t i = 0; i < much.size(); i += 10'000) to.write(std::string_view{much}.substr(i, 10'000));
        };
        EXPECT(http.post(url_of(server, "/echo"), joist::web::stream("text/plain", in_pieces)).body() == much);
        EXPECT(http.send({.method = "POST",
                          .url = url_of(server, "/echo"),
                          .body = joist::web::streamed_body{in_pieces, much.size()}})
                   .body() == much);
        joist_test::temporary_folder folder;
        folder.write("file.txt", "in a file");
        EXPECT(
            http.post(url_of(server, "/echo"),
                      joist::web::send_file(*joist::web::open_file::at((folder.path() / "file.txt").string()), "text/plain"))
                .body() == "in a file");
        EXPECT(http.counts().idle == 1);

        // A body that is not what it promised goes nowhere.
        for (const std::size_t promised : {3U, 5U}) {
          EXPECT(refuses(joist::errc::bad_argument, [&] {
            (void)http.send(
                {.method = "POST",
                 .url = url_of(server, "/echo"),
                 .body = joist::web::streamed_body{[](joist::web::body_sink& to) { to.write("1234"); }, promised}});
          }));
        }
        try {
          (void)http.post(url_of(server, "/echo"), joist::web::stream("text/plain", [](joist::web::body_sink&) {
                            throw std::runtime_error{"mine"};
                          }));
          EXPECT(false);
        } catch (const std::runtime_error& e) {
          EXPECT(e.what() == std::string{"mine"});
        }
        EXPECT(http.counts().in_use == 0);
        server.stop();
      },
      2);
}

TEST_CASE("web::client: a body is read piece by piece, and the connection is used again when all of it was") {
  on_workers(
      [] {
        const auto server = serve();
        const client http;
        for (int i = 0; i < 3; ++i) {
          auto in = http.stream({.url = url_of(server, "/stream")});
          EXPECT(in.status() == 200 && !in.is_complete() && http.counts().in_use == 1);
          std::string all;
          std::array<char, 777> buffer{};
          while (const auto got = in.read_body(std::as_writable_bytes(std::span{buffer}))) all.append(buffer.data(), got);
          EXPECT(in.is_complete() && all.starts_with("piece 0\n") && all.ends_with("piece 999\n"));
          EXPECT(http.counts().in_use == 0 && http.counts().idle == 1);
        }
        EXPECT(server.counts().accepted == 1);
        {
          auto in = http.stream({.url = url_of(server, "/large")});
          std::array<std::byte, 10> some{};
          EXPECT(in.read_body(some) == 10);
          EXPECT(in.body() == std::string(299'990, 'x'));
        }
        EXPECT(server.counts().accepted == 1);
        {
          auto in = http.stream({.url = url_of(server, "/large")});
          std::array<std::byte, 10> some{};
          EXPECT(in.read_body(some) == 10);
        }  // and not to its end
        EXPECT(http.counts().in_use == 0 && http.counts().idle == 0);
        EXPECT(http.get(url_of(server, "/hello/x")).body() == "hello x");
        EXPECT(server.counts().accepted == 2);
        server.stop();
      },
      3);
}

TEST_CASE("web::client: redirects are followed as RFC 9110 has it, boundedly") {
  on_workers(
      [] {
        const auto server = serve();
        const client http;
        const auto asked = [&](const char* method, const char* path) {
          const auto r = http.send({.method = method,
                                    .url = url_of(server, path),
                                    .fields = {{"Content-Type", "text/x"}, {"Authorization", "secret"}},
                                    .body = "body"});
          EXPECT(r.status() == 200 && r.url().path() == "/what");
          const std::string text{r.body()};
          EXPECT(has(text, "Authorization: secret\n"));  // the origin is the same
          EXPECT(has(text, "text/x") == text.ends_with("[body]"));
          return text.substr(0, text.find(' ')) + text.substr(text.rfind('['));
        };
        EXPECT(asked("POST", "/301") == "GET[]" && asked("POST", "/302") == "GET[]" && asked("POST", "/303") == "GET[]");
        EXPECT(asked("PUT", "/301") == "PUT[body]" && asked("PUT", "/302") == "PUT[body]" &&
               asked("PUT", "/303") == "GET[]");
        EXPECT(asked("POST", "/307") == "POST[body]" && asked("POST", "/308") == "POST[body]");
        EXPECT(http.get(url_of(server, "/302")).url().target() == "/what?x=1");
        EXPECT(server.counts().accepted == 1);

        const auto looped = error_of(http.try_get(url_of(server, "/loop")));
        EXPECT(looped.what == kind::too_many_redirects && has(looped.text, "max_redirects (5)"));
        EXPECT(kind_of(http.try_get(url_of(server, "/nowhere"))) == kind::bad_redirect);
        EXPECT(http.send({.url = url_of(server, "/302"), .max_redirects = 0}).status() == 302);
        const auto once = http.try_post(url_of(server, "/307"),
                                        joist::web::stream("text/plain", [](joist::web::body_sink& to) { to.write("x"); }));
        EXPECT(kind_of(once) == kind::bad_redirect);
        server.stop();
      },
      2);
}

TEST_CASE("web::client: what was meant for one origin does not go to another") {
  on_workers(
      [] {
        const auto other = serve();
        joist::web::router r;
        r.post("/", [to = url_of(other, "/what")](const request&) { return joist::web::redirect(to, 307); });
        const auto server = serve(r);
        const client http;
        const auto text = std::string{http.send({.method = "POST",
                                                 .url = url_of(server, "/"),
                                                 .fields = {{"Authorization", "a"}, {"cookie", "b"}, {"X-Mine", "c"}},
                                                 .body = "body"})
                                          .body()};
        EXPECT(!has(text, "uthorization") && !has(text, "ookie") && has(text, "X-Mine: c\n") && text.ends_with("[body]"));
        server.stop();
        other.stop();
      },
      2);
}

TEST_CASE("web::client: connections are used again, no more than max_per_host at a time, and callers wait in turn") {
  on_workers(
      [] {
        const auto server = serve();
        const client http{{.max_per_host = 8}};
        const std::string url = url_of(server, "/moment");
        std::vector<joist::monitored> callers;
        constexpr int processes = checked_build ? 60 : 200;
        for (int i = 0; i < processes; ++i) {
          callers.push_back(joist::spawn_monitor([http, url] {
            for (int k = 0; k < 3; ++k) EXPECT(http.get(url).body() == "a moment");
          }));
        }
        for (const auto& c : callers) EXPECT(reason_of(c) == joist::exit_reason::normal);
        const auto counts = http.counts();
        EXPECT(counts.in_use == 0 && counts.waiting == 0 && counts.idle <= 8 && counts.idle > 0);
        EXPECT(server.counts().accepted <= 8);
        server.stop();
      },
      2);
}

TEST_CASE("web::client: a caller that is killed, or waits too long, leaves its place") {
  on_workers(
      [] {
        const auto server = serve();
        const client http{{.max_per_host = 1}};
        const auto becomes = [&](std::size_t in_use, std::size_t waiting) {
          for (int i = 0; i < 4000; ++i) {
            const auto c = http.counts();
            if (c.in_use == in_use && c.waiting == waiting) return true;
            joist::sleep_for(2ms);
          }
          return false;
        };
        const auto ask = [http, url = url_of(server, "/wait")] { (void)http.get(url); };
        const auto holder = joist::spawn_monitor(ask);
        EXPECT(becomes(1, 0));
        const auto waiter = joist::spawn_monitor(ask);
        EXPECT(becomes(1, 1));
        const auto late = http.try_send({.url = url_of(server, "/wait"), .times = joist::web::client_times{.place = 20ms}});
        EXPECT(kind_of(late) == kind::busy && has(late.error().text, "max_per_host"));
        EXPECT(becomes(1, 1));
        joist::exit(waiter.process, joist::exit_reason::kill);
        EXPECT(reason_of(waiter) == joist::exit_reason::killed);
        EXPECT(becomes(1, 0));
        joist::exit(holder.process, joist::exit_reason::kill);
        EXPECT(reason_of(holder) == joist::exit_reason::killed);
        EXPECT(becomes(0, 0));
        EXPECT(http.get(url_of(server, "/hello/x")).body() == "hello x");
        server.stop();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("web::client: a server that was started anew between two requests is asked by a new connection") {
  on_workers(
      [] {
        auto server = serve();
        const endpoint at = server.local();
        const client http;
        EXPECT(http.get(url_of(at, "/hello/a")).body() == "hello a");
        server.stop();
        server = serve(routes(), at);
        EXPECT(http.get(url_of(at, "/hello/b")).body() == "hello b");
        EXPECT(http.post(url_of(at, "/echo"), joist::web::text("c")).body() == "c");
        server.stop();
        server = serve(routes(), at);
        EXPECT(http.post(url_of(at, "/echo"), joist::web::text("d")).body() == "d");
        server.stop();
        const auto gone = error_of(http.try_get(url_of(at, "/hello/e")));
        EXPECT(gone.what == kind::connect && has(gone.text, "GET http://") && has(gone.text, "refused"));
      },
      3);
}

TEST_CASE("web::client: connections that are idle are closed when they are old, or more than max_idle") {
  on_workers(
      [] {
        const auto one = serve(), two = serve();
        const client http{{.max_idle = 1, .idle = 30ms}};
        EXPECT(http.get(url_of(one, "/hello/x")).is_success());
        EXPECT(http.get(url_of(two, "/hello/x")).is_success());
        EXPECT(http.counts().idle <= 1);
        for (int i = 0; i < 4000 && http.counts().idle > 0; ++i) joist::sleep_for(2ms);
        EXPECT(http.counts().idle == 0);
        one.stop();
        two.stop();
      },
      2);
}

TEST_CASE("web::client: the last handle takes the connections along, and a pool that was ended is replaced") {
  on_workers(
      [] {
        const auto server = serve();
        {
          const client http;
          const client same = http;
          EXPECT(same.get(url_of(server, "/hello/x")).is_success());
          EXPECT(http.counts().idle == 1);
          for (const auto& p : joist::processes()) {
            const auto info = joist::process_info(p);
            if (info && info->label == "web::client") joist::exit(p, joist::exit_reason::kill);
          }
          EXPECT(http.get(url_of(server, "/hello/y")).body() == "hello y");
          EXPECT(http.counts().idle == 1);
        }
        server.stop();
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE("web::client: an error is a sentence") {
  CHECK(client_error{.what = kind::timed_out, .text = "GET /: too late"}.to_string() == "GET /: too late");
  CHECK(client_error{.what = kind::connect, .text = {}}.to_string() == "nobody takes the connection");
}

TEST_CASE("web::client: mistakes of the caller are refused before anything is sent") {
  on_workers(
      [] {
        const client http;
        EXPECT(kind_of(http.try_get("example.org")) == kind::bad_url);
        EXPECT(kind_of(http.try_get("ws://example.org/")) == kind::bad_url);
        EXPECT(kind_of(http.try_get("http://no-such-host.invalid/")) == kind::resolve);
        const std::string url = "http://127.0.0.1:1/";
        for (const char* method : {"", "GE T", "GET\r\nX:", "CONNECT"})
          EXPECT(refuses(joist::errc::bad_argument, [&] { (void)http.try_send({.method = method, .url = url}); }));
        for (const char* name : {"Content-Length", "transfer-encoding", "Upgrade", "Trailer", "Expect"})
          EXPECT(refuses(joist::errc::bad_argument, [&] { (void)http.try_get(url, {{name, "1"}}); }));
        EXPECT(refuses(joist::errc::bad_argument, [&] { (void)http.try_get(url, {{"Connection", "keep-alive"}}); }));
        EXPECT(refuses(joist::errc::bad_argument, [&] { (void)http.try_get(url, {{"Host", "a b"}}); }));
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)client{{.max_per_host = 0}}; }));
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)client{{.times = {.whole = 0ms}}}; }));
        try {
          (void)http.get("nonsense");
          EXPECT(false);
        } catch (const joist::web::client_failed& e) {
          EXPECT(e.what_happened() == kind::bad_url && has(e.what(), "got \"nonsense\""));
        }
      },
      1);
}
