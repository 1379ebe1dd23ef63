#include <joist/web/server.hpp>

#include <joist/telemetry.hpp>
#include <joist/web/http_error.hpp>

#include <sys/socket.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;
using joist::web::response;

namespace {

joist::web::router routes() {
  joist::web::router r;
  r.get("/hello/:name", [](const request& in) { return joist::web::text("hello " + std::string{in.param("name")}); });
  r.post("/echo", [](const request& in) { return joist::web::text(std::string{in.body()}); });
  r.post("/count", [](request& in) {
    std::array<std::byte, 1000> buffer{};
    std::size_t bytes = 0;
    while (const std::size_t got = in.read_body(buffer)) bytes += got;
    return joist::web::text(std::to_string(bytes));
  });
  r.post("/ignore", [](const request&) { return joist::web::text("ignored"); });
  r.get("/crash", [](const request&) -> response { throw std::runtime_error{"secret"}; });
  r.get("/teapot", [](const request&) -> response { throw joist::web::http_error{418, "no coffee"}; });
  r.get("/big", [](const request&) { return joist::web::text(std::string(300'000, 'x')); });
  r.get("/stream", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      for (int i = 0; i < 3; ++i) to.write("piece " + std::to_string(i) + "\n");
    });
  });
  r.get("/half", [](const request&) {
    return joist::web::stream("text/plain", [](joist::web::body_sink& to) {
      to.write("half");
      throw std::runtime_error{"in the middle"};
    });
  });
  r.get("/injected", [](const request&) { return joist::web::text("x").with_field("Content-Length", "7"); });
  r.get("/upgrade", [](const request&) {
    response answer;
    answer.status = 101;
    answer.fields.set("Connection", "Upgrade");
    answer.fields.set("Upgrade", "echo");
    answer.body = joist::web::takeover_body{[](stream& peer, const std::string& already) {
      peer.write(already);
      std::array<std::byte, 64> buffer{};
      while (const std::size_t got = peer.read_some(buffer)) peer.write(std::span{buffer}.first(got));
    }};
    return answer;
  });
  return r;
}

joist::web::server_options here() {
  joist::web::server_options o{.at = endpoint::loopback(0)};
  o.drain = 50ms;
  return o;
}

/// All that comes until the server closes.
std::string rest_of(stream& s) {
  std::string all;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), 20s);
    if (!got || *got == 0) return all;
    all.append(buffer.data(), *got);
  }
}
std::string talk(const joist::net::server_ref& server, std::string_view text) {
  stream s = joist::net::connect(server.local());
  s.write(text);
  return rest_of(s);
}

/// Whose own buffers take little.
stream connect_narrow(const joist::net::server_ref& server) {
  stream s = joist::net::connect(server.local());
  const int bytes = 32 * 1024;
  (void)::setsockopt(s.native_handle(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return s;
}

/// In a handler. The message is there again afterwards.
void await_stop() {
  (void)joist::receive<joist::net::stopping>();
  joist::send(joist::self(), joist::net::stopping{});
}

std::string get(const joist::net::server_ref& server, const std::string& path) {
  return talk(server, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

bool begins(const std::string& answer, int status) { return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " "); }
bool ends(const std::string& answer, std::string_view body) {
  return answer.size() >= body.size() + 4 &&
         answer.substr(answer.size() - body.size() - 4) == "\r\n\r\n" + std::string{body};
}
std::size_t count(std::string_view in, std::string_view what) {
  std::size_t n = 0;
  for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("web::server: answers by its router, with length, date and what the client asked for") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        const std::string answer = get(server, "/hello/Ada%20L");
        EXPECT(begins(answer, 200) && ends(answer, "hello Ada L"));
        EXPECT(count(answer, "Content-Length: 11\r\n") == 1 && count(answer, "\r\nDate: ") == 1);
        EXPECT(count(answer, "Connection: close\r\n") == 1);
        EXPECT(begins(get(server, "/nowhere"), 404));
        EXPECT(begins(get(server, "/teapot"), 418));
        const std::string head = talk(server, "HEAD /hello/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT(begins(head, 200) && ends(head, "") && count(head, "Content-Length: 7\r\n") == 1);
        EXPECT(count(talk(server, "PUT /crash HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "Allow: ") == 1);
        server.stop();
      },
      5);
}

TEST_CASE("web::server: a server_field is in all answers, but where the handler has set its own") {
  auto named = here();
  named.server_field = "joist";
  on_workers(
      [named] {
        const auto server = joist::web::start_server(named, [](joist::web::request& in) {
          auto answer = joist::web::text("x");
          if (in.path() == "/own") answer.fields.set("Server", "own");
          return answer;
        });
        EXPECT(count(get(server, "/"), "\r\nServer: joist\r\n") == 1);
        const std::string own = get(server, "/own");
        EXPECT(count(own, "Server: ") == 1 && count(own, "\r\nServer: own\r\n") == 1);
        EXPECT(count(talk(server, "nonsense\r\n\r\n"), "\r\nServer: joist\r\n") == 1);
        auto broken = named;
        broken.server_field = "a\r\nSet-Cookie: b=c";
        EXPECT(refuses(joist::errc::bad_argument, [&] { (void)joist::web::start_server(broken, routes()); }));
        server.stop();
      },
      1);
}

TEST_CASE("web::server: many requests on a connection, one after the other or all at once, in whatever pieces") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        const std::string one = "GET /hello/a HTTP/1.1\r\nHost: x\r\n\r\n";
        const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345";
        const std::string last = "GET /hello/z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        const std::string answers = talk(server, one + post + one + post + last);
        EXPECT(count(answers, "HTTP/1.1 200 OK\r\n") == 5 && count(answers, "\r\n\r\n12345") == 2 &&
               ends(answers, "hello z"));

        stream s = joist::net::connect(server.local());
        std::array<char, 4096> buffer{};
        for (int i = 0; i < 20; ++i) {
          for (const char& c : post) s.write(std::string_view{&c, 1});
          std::string answer;
          while (!ends(answer, "12345"))
            answer.append(buffer.data(), s.read_some(std::as_writable_bytes(std::span{buffer}), 20s));
        }
        s.close();
        server.stop();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("web::server: bodies in chunks or of a length, read at once or piece by piece, or not at all") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        EXPECT(ends(talk(server,
                         "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                         "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nTrailer: x\r\n\r\n"),
                    "hello, world"));
        const std::string much(200'000, 'b');
        const std::string post = "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + much;
        const std::string again =
            post + "POST /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
        const std::string answers = talk(server, again);
        EXPECT(count(answers, "\r\n\r\n200000") == 1 && ends(answers, "3"));
        // A short body that nobody reads is skipped, a long one costs the connection.
        const std::string ignored =
            talk(server, "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
                             std::string{"GET /hello/q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"});
        EXPECT(count(ignored, "ignored") == 1 && ends(ignored, "hello q"));
        const std::string closed = talk(server, "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + much);
        EXPECT(ends(closed, "ignored") && count(closed, "Connection: close") == 1);
        // Who sends all of it before it reads, as proxies do, gets the answer all the same.
        const std::string more = talk(
            server, "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 6000000\r\n\r\n" + std::string(6'000'000, 'm'));
        EXPECT(ends(more, "ignored"));
        server.stop();
      },
      3);
}

TEST_CASE("web::server: Expect is answered by 100 when the body is wanted, and not otherwise") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        stream s = joist::net::connect(server.local());
        s.write("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
        EXPECT(read_text(s, 25) == "HTTP/1.1 100 Continue\r\n\r\n");
        s.write("ok");
        EXPECT(ends(read_text(s, 4000), "ok"));
        const std::string unread =
            talk(server, "POST /ignore HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        EXPECT(begins(unread, 200) && count(unread, "100 Continue") == 0 && count(unread, "Connection: close") == 1);
        server.stop();
      },
      3);
}

TEST_CASE(
    "web::server: large answers, streamed ones and files; one that ends in its middle ends the connection without an end") {
  on_workers(
      [] {
        const std::string path = "/tmp/joist_file_" + std::to_string(::getpid());
        std::ofstream{path} << std::string(1'000'000, 'f');
        joist::web::router r = routes();
        r.get("/file",
              [path](const request&) { return joist::web::send_file(*joist::web::open_file::at(path), "text/plain"); });
        const auto server = joist::web::start_server(here(), r);
        EXPECT(ends(get(server, "/big"), std::string(300'000, 'x')));
        EXPECT(ends(get(server, "/file"), std::string(1'000'000, 'f')));
        EXPECT(ends(get(server, "/stream"), "8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n8\r\npiece 2\n\r\n0\r\n\r\n"));
        EXPECT(ends(talk(server, "GET /stream HTTP/1.0\r\n\r\n"), "piece 0\npiece 1\npiece 2\n"));
        const std::string half = get(server, "/half");
        EXPECT(begins(half, 200) && ends(half, "4\r\nhalf\r\n"));
        server.stop();
        std::remove(path.c_str());
      },
      2);
}

TEST_CASE("web::server: a handler that crashes answers 500 and says no more; others do not notice") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        stream other = joist::net::connect(server.local());
        const std::string answer = get(server, "/crash");
        EXPECT(begins(answer, 500) && count(answer, "secret") == 0);
        EXPECT(begins(get(server, "/injected"), 500));
        other.write("GET /hello/you HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        EXPECT(ends(read_text(other, 4000), "hello you"));
        server.stop();
      },
      3);
}

TEST_CASE("web::server: the report of a handler that crashes says which request it was: path, route and client, printable") {
  std::string from;
  const std::string text = logged_while([&from] {
    joist::web::router r;
    r.get("/boom/*rest", [](const request&) -> response { throw std::runtime_error{"on purpose"}; });
    const auto server = joist::web::start_server(here(), std::move(r));
    stream client = joist::net::connect(server.local());
    from = client.local().to_string();
    client.write("GET /boom/a%0Ab?token=hidden HTTP/1.1\r\nHost: x\r\nAuthorization: hidden\r\n\r\n");
    EXPECT(begins(read_text(client, 4000), 500));
    EXPECT(begins(get(server, "/boom/" + std::string(1000, 'x')), 500));
    server.stop();
  });
  INFO(text);
  CHECK(text.find("ends by a crash\n  reason: error (std::runtime_error: on purpose)\n  request: GET /boom/a\\x0ab (route "
                  "/boom/*rest) from " +
                  from + "\n") != std::string::npos);
  CHECK(text.find("request: GET /boom/" + std::string(194, 'x') + "... (route /boom/*rest)") != std::string::npos);
  CHECK(text.find("hidden") == std::string::npos);
}

TEST_CASE("web::server: what is no HTTP, or too much, is refused and the connection closed") {
  on_workers(
      [] {
        auto options = here();
        options.limits.head_bytes = 1000;
        options.limits.body_bytes = 100;
        const auto server = joist::web::start_server(options, routes());
        const auto status_of = [&](const std::string& text) {
          const std::string answer = talk(server, text);
          return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
        };
        const std::string get_it = "GET /hello/x HTTP/1.1\r\nHost: x\r\n";
        const std::string post_it = "POST /echo HTTP/1.1\r\nHost: x\r\n";
        EXPECT(status_of("nonsense\r\n\r\n") == 400);
        EXPECT(status_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n") == 400);
        EXPECT(status_of(get_it + "X: " + std::string(2000, 'x') + "\r\n\r\n") == 431);
        EXPECT(status_of("GET / HTTP/3.7\r\nHost: x\r\n\r\n") == 505);
        EXPECT(status_of(get_it + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
        EXPECT(status_of(post_it + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd") == 400);
        EXPECT(status_of(post_it + "Content-Length: 101\r\n\r\n") == 413);
        EXPECT(status_of(post_it + "Transfer-Encoding: chunked\r\n\r\nzz\r\n") == 400);
        EXPECT(status_of(post_it + "Transfer-Encoding: chunked\r\n\r\n" + "ff\r\n" + std::string(255, 'x') +
                         "\r\n0\r\n\r\n") == 413);
        EXPECT(status_of("GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
        EXPECT(status_of(get_it + "Bad: a\r\n folded\r\n\r\n") == 400);
        server.stop();
      },
      2);
}

TEST_CASE("web::server: who is slow is disconnected, with 408 where a request has begun") {
  on_workers(
      [] {
        auto options = here();
        options.times.first_byte = options.times.head = options.times.body_pause = options.times.idle = 30ms;
        const auto server = joist::web::start_server(options, routes());
        EXPECT(talk(server, "").empty());
        EXPECT(begins(talk(server, "GET /hello/x HTTP/1.1\r\nHo"), 408));
        EXPECT(begins(talk(server, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"), 408));
        const std::string served = talk(server, "GET /hello/x HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT(begins(served, 200) && ends(served, "hello x"));  // and then it was idle
        // A byte now and then does not keep the head from its limit.
        stream s = joist::net::connect(server.local());
        for (int i = 0; i < 2000 && s.try_write("G"); ++i) joist::sleep_for(5ms);
        EXPECT(sockets_become(2));
        server.stop();
      },
      2);
}

TEST_CASE("web::server: who has connected and asks for nothing is cut at first_byte, also who sends blank lines") {
  on_workers(
      [] {
        auto options = here();
        options.times.first_byte = 50ms;
        options.times.idle = 60s;
        const auto server = joist::web::start_server(options, routes());
        const auto begun = joist::clock::now();
        EXPECT(talk(server, "").empty());
        stream s = joist::net::connect(server.local());
        for (int i = 0; i < 2000 && s.try_write("\r\n"); ++i) joist::sleep_for(5ms);
        EXPECT(sockets_become(2) && joist::clock::now() - begun < 30s);
        server.stop();
      },
      2);
}

TEST_CASE("web::server: after 101 the handler has the connection, with what had come already") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        stream s = joist::net::connect(server.local());
        s.write("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
        std::string answer;
        std::array<char, 4096> buffer{};
        while (!ends(answer, "early"))
          answer.append(buffer.data(), s.read_some(std::as_writable_bytes(std::span{buffer}), 20s));
        EXPECT(begins(answer, 101) && count(answer, "Upgrade: echo\r\n") == 1);
        s.write("late");
        EXPECT(read_text(s, 4) == "late");
        s.close();
        server.stop();
      },
      3);
}

TEST_CASE("web::server: what is taken over by another protocol begins behind the body of the request, and is not closed") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        const std::string begin = "GET /upgrade HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\n";
        for (const std::string& fields : {std::string{"Connection: Upgrade\r\nContent-Length: 4\r\n\r\nbody"},
                                          std::string{"Connection: close, Upgrade\r\nContent-Length: 4\r\n\r\nbody"}}) {
          stream s = joist::net::connect(server.local());
          s.write(begin + fields + "early");
          std::string answer;
          while (answer.find("\r\n\r\n") == answer.npos) answer += read_text(s, 1);
          EXPECT(begins(answer, 101) && read_text(s, 5) == "early");
          s.write("late");
          EXPECT(read_text(s, 4) == "late");
        }
        const std::string much = "Connection: Upgrade\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'b');
        EXPECT(begins(talk(server, begin + much), 400));
        server.stop();
      },
      2);
}

TEST_CASE("web::server: at a stop a streamed body hears of it, and so does who has taken the connection over meanwhile") {
  on_workers(
      [] {
        const auto last_word = [] {
          return joist::receive<joist::net::stopping>(joist::after(20s)) ? "stops" : "was not told";
        };
        joist::web::router r;
        const joist::pid test = joist::self();
        r.get("/stream", [test, last_word](const request&) {
          joist::send(test, go{});
          await_stop();
          return joist::web::stream("text/plain", [last_word](joist::web::body_sink& to) { to.write(last_word()); });
        });
        r.get("/upgrade", [test, last_word](const request&) {
          joist::send(test, go{});
          await_stop();
          response answer;
          answer.status = 101;
          answer.fields.set("Connection", "Upgrade");
          answer.fields.set("Upgrade", "echo");
          answer.body = joist::web::takeover_body{
              [last_word](stream& peer, const std::string&) { peer.write(std::string_view{last_word()}); }};
          return answer;
        });
        auto options = here();
        options.drain = 50s;
        const auto server = joist::web::start_server(options, r);
        stream reads = joist::net::connect(server.local());
        reads.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
        stream asks = joist::net::connect(server.local());
        asks.write("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        for (int i = 0; i < 2; ++i) (void)joist::receive<go>();
        const auto stopper = joist::spawn_monitor([server] { server.stop(); });
        EXPECT(ends(rest_of(reads), "5\r\nstops\r\n0\r\n\r\n"));
        EXPECT(ends(rest_of(asks), "stops"));
        EXPECT(reason_of(stopper) == joist::exit_reason::normal);
      },
      3);
}

TEST_CASE("web::server: the last answer of a connection arrives whole, also where requests stand behind it") {
  on_workers(
      [] {
        joist::web::router r;
        r.get("/", [](const request&) { return joist::web::text(std::string(3'000'000, 'x')); });
        auto options = here();
        options.max_requests = 2;
        const auto server = joist::web::start_server(options, r);
        const std::string one = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        const std::string last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        std::string behind;
        while (behind.size() < 20'000) behind += one;  // more than the server reads at once
        for (const std::string& asked : {last, one + one}) {
          stream s = connect_narrow(server);
          s.write(asked + behind);
          const std::string answers = rest_of(s);
          EXPECT(count(answers, "HTTP/1.1 200 OK\r\n") == (asked == last ? 1 : 2));
          EXPECT(count(answers, "Connection: close\r\n") == 1 && ends(answers, std::string(3'000'000, 'x')));
        }
        server.stop();
      },
      2);
}

TEST_CASE("web::server: of an answer that a client does not take in time nothing is sent twice, and nothing follows it") {
  constexpr std::size_t body_bytes = 130'000;
  on_workers(
      [] {
        joist::web::router r;
        r.get("/", [](const request&) { return joist::web::text(std::string(body_bytes, 'x')); });
        auto options = here();
        options.times.write = 500ms;
        const auto server = joist::web::start_server(options, r);
        const joist::pid test = joist::self();
        joist::telemetry::attach<joist::web::request_served>("cut", [test](const joist::web::request_served& e) {
          if (!e.metadata.why.empty()) joist::send(test, go{});
        });
        stream s = connect_narrow(server);
        std::string all;  // which the server reads at once: nothing is unread when it closes
        for (int i = 0; i < 40; ++i) all += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        s.write(all);
        EXPECT(joist::receive<go>(joist::after(20s)).has_value());
        const std::string answers = rest_of(s);  // from now on there is room again
        const std::string_view head = "HTTP/1.1 200 OK\r\n";
        std::size_t at = 0;
        for (auto next = answers.find(head, 1); next != answers.npos; at = next, next = answers.find(head, next + 1))
          EXPECT(next - answers.find("\r\n\r\n", at) == 4 + body_bytes);
        EXPECT(begins(answers, 200) && answers.size() - answers.find("\r\n\r\n", at) <= 4 + body_bytes);
        joist::telemetry::detach("cut");
        server.stop();
      },
      2);
}

TEST_CASE("web::server: the crash of a handler is reported, also where its client has gone meanwhile") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options options = quiet();
  options.log = sink_of(log);
  joist::runtime rt{options};
  rt.ask(
      [] {
        joist::web::router r;
        const joist::pid test = joist::self();
        r.get("/", [test](const request&) -> response {
          joist::send(test, joist::self());
          (void)joist::receive<go>();
          throw std::runtime_error{"tripped"};
        });
        const auto server = joist::web::start_server(here(), r);
        stream s = joist::net::connect(server.local());
        s.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        const auto handler = joist::receive<joist::pid>();
        const joist::monitored ended{handler, joist::monitor(handler)};
        s.reset();
        joist::send(handler, go{});
        EXPECT(reason_of(ended).to_string().find("tripped") != std::string::npos);
        server.stop();
      },
      60s);
  CHECK(rt.stop(20s).clean());
  const std::string text = log->get();
  INFO(text);
  CHECK(text.find("reason: error (std::runtime_error: tripped)", text.find("ends by a crash")) != text.npos);
}

TEST_CASE("web::server: at a stop requests that are served are finished, and connections that wait are closed") {
  on_workers(
      [] {
        joist::web::router r;
        const joist::pid test = joist::self();
        r.get("/slow", [test](const request&) {
          joist::send(test, joist::self());
          joist::receive<go>();
          return joist::web::text("finished");
        });
        auto options = here();
        options.drain = 30s;
        const auto server = joist::web::start_server(options, r);
        stream idle = joist::net::connect(server.local());
        stream busy = joist::net::connect(server.local());
        busy.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        const auto handler = joist::receive<joist::pid>();
        const auto stopper = joist::spawn_monitor([server] { server.stop(); });
        EXPECT(read_text(idle, 1).empty());
        joist::send(handler, go{});
        const std::string answer = read_text(busy, 4000);
        EXPECT(begins(answer, 200) && ends(answer, "finished") && count(answer, "Connection: close") == 1);
        EXPECT(reason_of(stopper) == joist::exit_reason::normal);
      },
      3);
}

TEST_CASE("web::server: at a stop whoever has connected and asked is served, also from the system's line") {
  on_workers(
      [] {
        auto options = here();
        options.drain = 20s;
        const auto server = joist::web::start_server(options, routes());
        std::vector<stream> clients;
        for (int i = 0; i < 20; ++i) {
          clients.push_back(joist::net::connect(server.local()));
          clients.back().write("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        server.stop();
        for (stream& c : clients) {
          const std::string answer = read_text(c, 4000);
          EXPECT(begins(answer, 200) && ends(answer, "hello you"));
        }
      },
      20);
}

TEST_CASE("web::server: at a stop who has just connected has a moment to ask") {
  on_workers(
      [] {
        auto options = here();
        options.drain = 20s;
        const auto server = joist::web::start_server(options, routes());
        stream client = joist::net::connect(server.local());
        const auto begun = joist::clock::now();
        const auto stopper = joist::spawn_monitor([server] { server.stop(); });
        joist::sleep_for(1ms);
        (void)client.try_write("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n");
        const bool in_time = joist::clock::now() - begun < 100ms;  // the machine may have been elsewhere
        const std::string answer = read_text(client, 4000);
        EXPECT(!in_time || (begins(answer, 200) && ends(answer, "hello you")));
        EXPECT(reason_of(stopper) == joist::exit_reason::normal);
      },
      20);
}

TEST_CASE("web::server: each request is an event, for the access log") {
  on_workers(
      [] {
        const auto server = joist::web::start_server(here(), routes());
        const joist::pid test = joist::self();
        joist::telemetry::attach<joist::web::request_served>("log", [test](const joist::web::request_served& e) {
          joist::send(test, std::pair{std::string{e.metadata.target}, e.measurements.status});
          if (e.measurements.status == 200) {
            EXPECT(e.metadata.route == "/hello/:name" && e.metadata.version == "HTTP/1.1");
          }
        });
        EXPECT(begins(get(server, "/hello/x?y=1"), 200));
        EXPECT((joist::receive<std::pair<std::string, int>>() == std::pair{std::string{"/hello/x?y=1"}, 200}));
        EXPECT(begins(talk(server, "?\r\n\r\n"), 400));
        EXPECT((joist::receive<std::pair<std::string, int>>().second == 400));
        joist::telemetry::detach("log");
        server.stop();
      },
      2);
}
