// A live server, and requests as bytes that are to deceive it: what it does not read in the one way of RFC 9112 it refuses,
// and nothing behind that is answered; no path leads out of a folder, and no value out of its field.
#include <joist/web/cookie.hpp>
#include <joist/web/server.hpp>
#include <joist/web/static_files.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/sockets.hpp"
#include "support/temporary_folder.hpp"
#include "support/world.hpp"
#include "web/http/smuggling.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;
using joist::web::request;

namespace {

joist::web::server_options here() {
  joist::web::server_options o{.at = endpoint::loopback(0)};
  o.drain = 50ms;
  return o;
}

/// All that comes until the server closes.
std::string talk(const endpoint& at, std::string_view bytes) {
  stream s = joist::net::connect(at);
  (void)s.try_write(bytes);
  (void)s.try_shutdown_write();
  std::string all;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), 20s);
    if (!got || *got == 0) return all;
    all.append(buffer.data(), *got);
  }
}

std::size_t count(std::string_view in, std::string_view what) {
  std::size_t n = 0;
  for (auto at = in.find(what); at != in.npos; at = in.find(what, at + 1)) ++n;
  return n;
}

// The field of that name in the head of an answer, or nothing.
bool has_field(const std::string& answer, std::string_view name) {
  return answer.substr(0, answer.find("\r\n\r\n") + 2).find("\r\n" + std::string{name} + ":") != answer.npos;
}

}  // namespace

TEST_CASE("hostile requests: what may be read in two ways ends the connection, and what it smuggles is never answered") {
  on_workers(
      [] {
        const auto smuggled = std::make_shared<std::atomic<int>>(0);
        joist::web::router r;
        r.get("/smuggled", [smuggled](const request&) {
          ++*smuggled;
          return joist::web::text("smuggled");
        });
        r.get("/", [](const request&) { return joist::web::text("get"); });
        r.post("/", [](const request& in) { return joist::web::text(std::to_string(in.body().size())); });
        const auto server = joist::web::start_server(here(), r);
        const std::string next = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
        EXPECT(talk(server.local(), next).ends_with("smuggled") && *smuggled == 1);  // it can be seen
        for (const joist_test::smuggling_attempt& a : joist_test::smuggling_attempts()) {
          const std::string said = talk(server.local(), a.bytes + next + next);
          const bool refused = said.starts_with("HTTP/1.1 " + std::string{a.status} + " ") &&
                               count(said, "HTTP/1.1 ") == 1 && count(said, "Connection: close\r\n") == 1 && *smuggled == 1;
          if (!refused) throw std::runtime_error{fmt::format("{}: expected {}, got {}", a.what, a.status, said)};
        }
        server.stop();
      },
      1);
}

TEST_CASE("hostile requests: a body belongs to its request, whatever it looks like, and where nobody reads it") {
  on_workers(
      [] {
        const auto smuggled = std::make_shared<std::atomic<int>>(0);
        joist::web::router r;
        r.get("/smuggled", [smuggled](const request&) {
          ++*smuggled;
          return joist::web::text("smuggled");
        });
        r.get("/", [](const request&) { return joist::web::text("get"); });
        r.post("/", [](const request&) { return joist::web::text("post"); });
        const auto server = joist::web::start_server(here(), r);
        const std::string inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
        const std::string last = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        const std::string sized = "Content-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner;
        const std::string chunks =
            fmt::format("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\nX: y\r\n\r\n", inner.size(), inner);
        for (const std::string& body : {sized, chunks}) {
          for (const char* begin :
               {"GET / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.1\r\nHost: h\r\n", "HEAD / HTTP/1.1\r\nHost: h\r\n",
                "DELETE / HTTP/1.1\r\nHost: h\r\n", "GET http://h/ HTTP/1.1\r\nHost: h\r\n"}) {
            const std::string said = talk(server.local(), begin + body + last);
            EXPECT(count(said, "HTTP/1.1 ") == 2 && said.ends_with("\r\n\r\nget"));
          }
        }
        // One who waits for 100 and sends none of the body, or all of it, is not misread either.
        const std::string expects = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" + sized;
        EXPECT(count(talk(server.local(), expects + last), "HTTP/1.1 ") <= 2);
        // The upgrade of a request with a body, to what nobody speaks here.
        const std::string upgrade = "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + sized;
        EXPECT(count(talk(server.local(), upgrade + last), "HTTP/1.1 200 ") == 2);
        EXPECT(*smuggled == 0);
        server.stop();
      },
      1);
}

TEST_CASE("hostile requests: no path leads out of a folder, to what is no file, or to what it hides") {
  const joist_test::temporary_folder all;
  all.write("secret.txt", "secret");
  all.write("public/a.txt", "open");
  all.write("public/sub/b.txt", "open");
  all.write("public/.env", "secret");
  const auto root = all.path() / "public";
  std::filesystem::create_symlink("../secret.txt", root / "out.txt");
  std::filesystem::create_symlink("/etc/passwd", root / "passwd");
  std::filesystem::create_symlink("/dev/zero", root / "zero");
  std::filesystem::create_symlink("..", root / "up");
  std::filesystem::create_symlink("/proc/self/environ", root / "environ");
  REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
  (void)::mknod((root / "device").c_str(), S_IFCHR | 0600, makedev(1, 5));  // as root: /dev/zero
  const int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::filesystem::path{root / "socket"}.string().copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(::bind(local, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  on_workers(
      [root] {
        joist::web::router r;
        r.get("/good", [](const request&) { return joist::web::text("good"); });
        const auto server = joist::web::start_server(
            here(), joist::web::pipeline({joist::web::static_files(root.string(), {.prefix = "/files"})}, r));
        const auto ask = [at = server.local()](const std::string& path) {
          return talk(at, "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        };
        EXPECT(ask("/files/a.txt").ends_with("\r\n\r\nopen"));
        EXPECT(ask("/files/sub/b.txt").ends_with("\r\n\r\nopen"));
        const std::string nul(1, '\0');
        const std::vector<std::string> paths{"/files/../secret.txt",
                                             "/files/%2e%2e/secret.txt",
                                             "/files/%2E%2e%2Fsecret.txt",
                                             "/files/..%2fsecret.txt",
                                             "/files/%252e%252e%252fsecret.txt",
                                             "/files/%252e%252e/secret.txt",
                                             "/files/..\\\\secret.txt",
                                             "/files/%5c..%5csecret.txt",
                                             "/files/..%5csecret.txt",
                                             "/files/....//secret.txt",
                                             "/files/..;/secret.txt",
                                             "/files/.%00./secret.txt",
                                             "/files/a.txt%00",
                                             "/files/a.txt%00.png",
                                             "/files/a.txt" + nul,
                                             "/files//etc/passwd",
                                             "/files/%2fetc%2fpasswd",
                                             "/files/%c0%ae%c0%ae/secret.txt",
                                             "/files/%e0%80%ae%e0%80%ae/secret.txt",
                                             "/files/%uff0e%uff0e/secret.txt",
                                             "/files/sub/../../secret.txt",
                                             "/files/sub/%2e%2e/%2e%2e/secret.txt",
                                             "/files/./../secret.txt",
                                             "/files/out.txt",
                                             "/files/passwd",
                                             "/files/zero",
                                             "/files/up/secret.txt",
                                             "/files/up/public/a.txt",
                                             "/files/environ",
                                             "/files/pipe",
                                             "/files/device",
                                             "/files/socket",
                                             "/files/.env",
                                             "/files/%2eenv",
                                             "/files/sub/.",
                                             "/files/sub/..",
                                             "/files/a.txt/",
                                             "/files/a.txt/..%2fa.txt",
                                             "/filesa.txt",
                                             "file:///etc/passwd",
                                             "http://h/files/../secret.txt",
                                             "//files/..%2f/secret.txt",
                                             "/files/" + std::string(5000, 'a'),
                                             "/files/" + std::string(300, '/') + "..%2fsecret.txt"};
        for (const std::string& path : paths) {
          const std::string said = ask(path);
          const bool refused = (said.starts_with("HTTP/1.1 400 ") || said.starts_with("HTTP/1.1 404 ")) &&
                               count(said, "HTTP/1.1 ") == 1 && count(said, "secret") == 0 && count(said, "root:") == 0 &&
                               !said.ends_with("\r\n\r\nopen");
          if (!refused) throw std::runtime_error{fmt::format("{}: expected 400 or 404, got {}", path, said)};
        }
        EXPECT(ask("/good").ends_with("good"));
        server.stop();
        EXPECT(sockets_become(0));
      },
      1);
  ::close(local);
}

TEST_CASE("hostile requests: what a client sends does not get out of the field it is put into") {
  on_workers(
      [] {
        joist::web::router r;
        r.get("/to", [](const request& in) { return joist::web::redirect(std::string{in.query("url").value_or("/")}); });
        r.get("/field", [](const request& in) {
          return joist::web::text("x").with_field("X-Echo", std::string{in.query("v").value_or("")});
        });
        r.get("/name", [](const request& in) {
          return joist::web::text("x").with_field(std::string{in.query("v").value_or("X")}, "1");
        });
        r.get("/type", [](const request& in) { return joist::web::bytes(in.query("v").value_or("text/plain"), "x"); });
        r.get("/cookie", [](const request& in) {
          return joist::web::text("x").with_cookie({.name = "id", .value = std::string{in.query("v").value_or("")}});
        });
        const auto server = joist::web::start_server(here(), r);
        const std::string injected = "%0d%0aInjected:%201%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0a%0d%0a";
        for (const std::string& target :
             {"/to?url=/a" + injected, "/field?v=a" + injected, "/name?v=X:" + injected, "/type?v=text/html" + injected,
              "/cookie?v=a" + injected, std::string{"/field?v=a%0aInjected:%201"}, std::string{"/field?v=a%0dInjected:%201"},
              std::string{"/field?v=a%00b"}, std::string{"/cookie?v=a;%20Domain=evil.example"},
              std::string{"/name?v=a%20b"}}) {
          const std::string said =
              talk(server.local(), "GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
          const bool held = count(said, "HTTP/1.1 ") == 1 && !has_field(said, "Injected") && count(said, "; Domain=") == 0;
          if (!held) throw std::runtime_error{fmt::format("{}: got {}", target, said)};
        }
        server.stop();
      },
      1);
}
