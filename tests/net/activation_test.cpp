#include <joist/net/activation.hpp>

#include <joist/net/server.hpp>
#include <joist/otp/supervisor.hpp>

#include <netinet/in.h>

#include <cstdlib>
#include <ctime>

#include "net/listen_variables.hpp"
#include "support/child.hpp"
#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/systemd.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
namespace net = joist::net;
using net::detail::names_of_inherited;
using names = std::vector<std::string>;

namespace {

// A socket that listens on 127.0.0.1, made as systemd makes it: no process of Joist is there yet.
int listening_socket(std::uint16_t& port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto size = static_cast<socklen_t>(sizeof address);
  if (::bind(made, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(made, 128) != 0 ||
      ::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error{"listening_socket"};
  port = ntohs(address.sin_port);
  return made;
}

// In a child: what is thrown there is a failure of it, and its text is kept.
template <class Body>
child_end as_program(Body body) {
  return in_child([&body] {
    try {
      body();
    } catch (const std::exception& e) {
      (void)!::write(STDERR_FILENO, e.what(), std::strlen(e.what()));
      ::_exit(1);
    }
  });
}

// In a child, whose environment says what systemd says, with these as descriptors 3, 4 ...
template <class Body>
child_end as_service(const std::vector<int>& sockets, const std::string& socket_names, Body body) {
  return as_program([&] {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      const int high = ::fcntl(sockets[i], F_DUPFD, 100);
      ::dup2(high, 3 + static_cast<int>(i));
      ::close(high);
    }
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", socket_names.c_str(), 1);
    body();
  });
}

void in_runtime(std::function<void()> body) {
  joist::runtime rt{quiet(2)};
  rt.ask(std::move(body), 60s);
  EXPECT(rt.stop(20s).clean());
}

std::string answer_of(std::uint16_t port) {
  net::stream s = net::connect(net::endpoint::loopback(port));
  return read_text(s, 100);
}

}  // namespace

TEST_CASE("activation: the variables of systemd are read, and what makes no sense is said") {
  CHECK(*names_of_inherited({}, 7) == names{});
  CHECK(*names_of_inherited({"7", "2", "http:admin"}, 7) == names{"http", "admin"});
  CHECK(*names_of_inherited({"7", "2", {}}, 7) == names{"unknown", "unknown"});
  CHECK(*names_of_inherited({"7", "2", ":"}, 7) == names{"", ""});
  CHECK(*names_of_inherited({"7", "0", {}}, 7) == names{});
  CHECK(*names_of_inherited({"7", "0", ""}, 7) == names{});
  CHECK(*names_of_inherited({"8", "2", "http:admin"}, 7) == names{});  // another's
  CHECK(*names_of_inherited({"8", "nonsense", "http:admin"}, 7) == names{});
  CHECK(*names_of_inherited({{}, "2", "http:admin"}, 7) == names{});
  for (const char* pid : {"", "x", "-7", "0", "7 ", "99999999999999999999"})
    CHECK_FALSE(names_of_inherited({pid, "1", "a"}, 7));
  for (const char* count : {"", "x", "-1", "1x", "10001", "99999999999"})
    CHECK_FALSE(names_of_inherited({"7", count, "a"}, 7));
  CHECK(names_of_inherited({"7", "2", "http"}, 7).error() ==
        "LISTEN_FDNAMES: expected 2 names with colons between, as LISTEN_FDS says, got \"http\"");
}

TEST_CASE("activation: of several sockets of one name, the number behind a colon says which") {
  using net::detail::parse_numbered_name;
  CHECK((parse_numbered_name("http").name == "http" && parse_numbered_name("http").number == 1));
  CHECK((parse_numbered_name("http:2").name == "http" && parse_numbered_name("http:2").number == 2));
  for (const char* whole : {"http:0", "http:x", "http:", "http:-1"}) CHECK(parse_numbered_name(whole).name == whole);
}

TEST_CASE("activation: sockets are found by name, and neither they nor the variables are for other programs") {
  std::uint16_t first = 0, second = 0, admin = 0;
  const std::vector<int> sockets{listening_socket(first), listening_socket(second), listening_socket(admin)};
  const child_end end = as_service(sockets, "http:http:admin", [] {
    EXPECT(net::find_inherited("http") == 3 && net::find_inherited("http:2") == 4 && net::find_inherited("admin") == 5);
    EXPECT(!net::find_inherited("http:3") && !net::find_inherited("other"));
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) EXPECT(std::getenv(name) == nullptr);
    for (const int each : {3, 4, 5}) EXPECT((::fcntl(each, F_GETFD) & FD_CLOEXEC) != 0);
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  for (const int each : sockets) ::close(each);
}

TEST_CASE("activation: a server that is restarted listens on the socket again, and who connected meanwhile is served") {
  std::uint16_t port = 0;
  const int socket = listening_socket(port);
  const child_end end = as_service({socket}, "echo", [port] {
    in_runtime([port] {
      net::server_options o{.listening = {.inherited = "echo"}, .drain = 10ms, .name = "echo"};
      joist::supervisor_options often;
      often.intensity = 100;
      const auto supervisor =
          joist::start_supervisor(often, {net::child_server("echo", o, [](net::stream& peer) { peer.write("hello"); })});
      for (int i = 0; i < 10; ++i) {
        EXPECT(answer_of(port) == "hello");
        const joist::pid server = *joist::whereis("echo");
        EXPECT(net::server_ref{server}.local() == net::endpoint::loopback(port));
        const joist::monitored watched{server, joist::monitor(server)};
        joist::exit(server, joist::exit_reason::kill);
        EXPECT(reason_of(watched) == joist::exit_reason::killed);
        EXPECT(answer_of(port) == "hello");  // before the new one listens, or after
        while (joist::whereis("echo") == std::nullopt || *joist::whereis("echo") == server) joist::sleep_for(1ms);
      }
      EXPECT(sockets_become(1));  // no number is left of those before
      supervisor.stop();
      EXPECT(sockets_become(0));
      // Still open: who comes next gets the line.
      net::stream waits = net::connect(net::endpoint::loopback(port));
      net::listener door = net::listen({}, {.inherited = "echo"});
      net::stream taken = door.accept(20s);
      taken.write("late");
      taken.close();
      EXPECT(read_text(waits, 100) == "late");
    });
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  ::close(socket);
}

TEST_CASE(
    "activation: where nothing was handed down the address is listened on; without one the error says what is missing") {
  const child_end end = as_program([] {
    in_runtime([] {
      EXPECT(net::inherited_sockets().empty());
      const net::listener own = net::listen(net::endpoint::loopback(0), {.inherited = "http"});
      EXPECT(own.local().port() != 0);
      try {
        (void)net::listen({}, {.inherited = "http"});
        EXPECT(false);
      } catch (const joist::error& e) {
        EXPECT(std::string_view{e.what()}.find("expected a socket \"http\" that was handed down") != std::string_view::npos);
      }
      EXPECT(refuses(joist::errc::bad_argument, [] { (void)net::start_server({}, [](net::stream&) {}); }));
    });
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
}

TEST_CASE("activation: what is no socket that listens is refused, and so are descriptors that are not there") {
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM, 0);
  const child_end end = as_service({datagrams}, "http", [] {
    in_runtime([] { EXPECT(refuses(joist::errc::bad_argument, [] { (void)net::listen({}, {.inherited = "http"}); })); });
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  ::close(datagrams);
  const child_end missing = as_service({}, "", [] {
    ::close(3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_FDNAMES", "http", 1);
    EXPECT(refuses(joist::errc::bad_argument, [] { (void)net::inherited_sockets(); }));
  });
  INFO(missing.written);
  CHECK(missing.exited_with(0));
}

TEST_CASE("notify: goes to abstract sockets and to paths; where nobody waits it says so") {
  for (const std::string& where :
       {"@joist-notify-" + std::to_string(::getpid()), "/tmp/joist_notify_" + std::to_string(::getpid())}) {
    const notify_socket socket{where};
    const child_end end = as_program([&] {
      ::unsetenv("NOTIFY_SOCKET");
      EXPECT(!net::notify("READY=1"));
      ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
      EXPECT(!net::notify("READY=1"));
      ::setenv("NOTIFY_SOCKET", std::string(500, 'x').c_str(), 1);
      EXPECT(!net::notify("READY=1"));
      ::setenv("NOTIFY_SOCKET", where.c_str(), 1);
      EXPECT(net::notify("READY=1\nSTATUS=3 users"));
      EXPECT(net::notify_reloading());
    });
    INFO(end.written);
    CHECK(end.exited_with(0));
    CHECK(socket.next() == "READY=1\nSTATUS=3 users");
    const std::string reloading = socket.next();
    REQUIRE(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const long long then = std::stoll(reloading.substr(reloading.rfind('=') + 1));
    CHECK((then <= now.tv_sec * 1'000'000LL + now.tv_nsec / 1000 && then > (now.tv_sec - 600) * 1'000'000LL));
  }
}

TEST_CASE("watchdog: is told while the program is well, and not asked for where systemd does not ask") {
  const notify_socket socket{"@joist-watchdog-" + std::to_string(::getpid())};
  const child_end end = as_program([&] {
    ::setenv("NOTIFY_SOCKET", socket.name().c_str(), 1);
    EXPECT(!net::watchdog_interval());
    in_runtime([] {
      const auto supervisor = joist::start_supervisor({}, {net::child_watchdog()});
      EXPECT(!supervisor.which_child("watchdog")->process);
      supervisor.stop();
    });
    ::setenv("WATCHDOG_USEC", "20000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT(!net::watchdog_interval());
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT(net::watchdog_interval() == 20'000us);
    in_runtime([] {
      static std::atomic<int> asked{0};
      const auto supervisor = joist::start_supervisor({}, {net::child_watchdog("watchdog", [] { return ++asked <= 3; })});
      while (asked < 6) joist::sleep_for(1ms);
      supervisor.stop();
    });
    EXPECT(net::notify("end"));
  });
  INFO(end.written);
  CHECK(end.exited_with(0));
  for (int i = 0; i < 3; ++i) CHECK(socket.next() == "WATCHDOG=1");
  CHECK(socket.next() == "end");
}
