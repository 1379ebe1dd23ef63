// A service is replaced while clients ask it: JOIST_TEST_SERVICE, which is support/service.cpp.
#include <joist/net/stream.hpp>

#include <netinet/in.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/systemd.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::endpoint;
using joist::net::stream;

namespace {

struct tally {
  std::mutex mutex;
  std::map<std::string, int> answers;  // by the process that answered
  std::string first_failure;
  int failures = 0;
  int resets = 0;  // of new connections, before any answer

  void answered(const std::string& by) {
    const std::scoped_lock lock{mutex};
    ++answers[by];
  }
  void failed(const std::string& how) {
    const std::scoped_lock lock{mutex};
    if (failures++ == 0) first_failure = how;
  }
  void was_reset() {
    const std::scoped_lock lock{mutex};
    ++resets;
  }
  int of(int process) {
    const std::scoped_lock lock{mutex};
    return answers[std::to_string(process)];
  }
  int failed() {
    const std::scoped_lock lock{mutex};
    return failures;
  }
};

// Asks again and again, a few requests on a connection, until it is told to stop.
class client {
 public:
  client(endpoint server, std::string path, std::shared_ptr<tally> counted)
      : server_{std::move(server)}, path_{std::move(path)}, tally_{std::move(counted)} {}

  void run(const std::atomic<bool>& stop) {
    constexpr int requests_of_a_connection = 20;
    while (!stop) {
      auto connected = joist::net::try_connect(server_, 30s);
      if (!connected) {
        tally_->failed("connect: " + connected.error().message());
        continue;
      }
      stream s = *std::move(connected);
      for (int i = 0; i < requests_of_a_connection && !stop; ++i) {
        if (!ask(s, i == 0)) break;
      }
    }
  }

 private:
  // False: the connection is over. A server may close one that waits; a request that meets that is sent again on another
  // connection, as by all clients: RFC 9112, 9.3.1. On a connection that is new it has to be answered.
  bool ask(stream& s, bool is_new) {
    const auto sent = s.try_write("GET " + path_ + " HTTP/1.1\r\nHost: x\r\n\r\n", 30s);
    std::string answer;
    std::array<char, 1024> buffer{};
    std::error_code broken = sent ? std::error_code{} : sent.error();
    while (sent && !is_whole(answer)) {
      const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), 30s);
      if (!got) broken = got.error();
      if (!got || *got == 0) break;
      answer.append(buffer.data(), *got);
    }
    if (is_whole(answer) && answer.starts_with("HTTP/1.1 200 ")) {
      tally_->answered(answer.substr(answer.find("\r\n\r\n") + 4));
      return answer.find("Connection: close") == answer.npos;
    }
    if (is_new && answer.empty() && (broken == std::errc::connection_reset || broken == std::errc::broken_pipe)) {
      tally_->was_reset();
    } else if (is_new || !answer.empty()) {
      tally_->failed("after \"" + answer + "\": " + (broken ? broken.message() : "the server has closed"));
    }
    return false;
  }
  static bool is_whole(const std::string& answer) {
    const auto end = answer.find("\r\n\r\n");
    const auto length = answer.find("Content-Length: ");
    return end != answer.npos && length != answer.npos && answer.size() - end - 4 == std::stoul(answer.substr(length + 16));
  }

  endpoint server_;
  std::string path_;
  std::shared_ptr<tally> tally_;
};

// Whether the system gives connections that wait for a socket that closes to another one on the port: else those that come
// between the last look at the line and the close are reset.
bool system_migrates_connections() {
  std::ifstream setting{"/proc/sys/net/ipv4/tcp_migrate_req"};
  int value = 0;
  return setting >> value && value == 1;
}

// Clients that ask while `replace` starts and stops services.
void under_load(const endpoint& server, int most_resets, const std::function<void(tally&)>& replace) {
  joist::runtime rt{quiet(2)};
  const auto counted = std::make_shared<tally>();
  const auto stop = std::make_shared<std::atomic<bool>>(false);
  const auto running = std::make_shared<std::atomic<int>>(0);
  for (const char* path : {"/", "/slow", "/", "/slow", "/", "/slow"}) {
    ++*running;
    rt.spawn([=] {
      client{server, path, counted}.run(*stop);
      --*running;
    });
  }
  replace(*counted);
  *stop = true;
  while (*running > 0) std::this_thread::sleep_for(1ms);
  CHECK(rt.stop(20s).clean());
  INFO(counted->first_failure);
  CHECK(counted->failures == 0);
  CHECK(counted->resets <= most_resets);
}

void await_answers(tally& counted, int process) {
  const int enough = counted.of(process) + 50;
  while (counted.of(process) < enough && counted.failed() == 0) std::this_thread::sleep_for(1ms);
}

// Starts one, and returns when it says that it is ready.
std::unique_ptr<started_program> start(const notify_socket& notified, std::vector<std::string> variables,
                                       std::vector<int> sockets = {}) {
  variables.push_back("NOTIFY_SOCKET=" + notified.name());
  auto made = std::make_unique<started_program>(JOIST_TEST_SERVICE, std::move(variables), std::move(sockets));
  REQUIRE(notified.next() == "READY=1");
  return made;
}

void stop(started_program& service, const notify_socket& notified) {
  service.terminate();
  CHECK(notified.next() == "STOPPING=1");
  CHECK(service.wait() == 0);
}

int bound_socket(endpoint& at) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto size = static_cast<socklen_t>(sizeof address);
  REQUIRE(::bind(made, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  at = endpoint::loopback(ntohs(address.sin_port));
  return made;
}

}  // namespace

TEST_CASE("restart: a socket that systemd keeps loses no request while the service is stopped and started again") {
  const notify_socket notified{"@joist-restart-" + std::to_string(::getpid())};
  endpoint at;
  const int socket = bound_socket(at);
  REQUIRE(::listen(socket, 1024) == 0);
  const std::vector<std::string> named{"LISTEN_FDNAMES=http"};
  auto service = start(notified, named, {socket});
  under_load(at, 0, [&](tally& counted) {
    for (int i = 0; i < 3; ++i) {
      await_answers(counted, service->process());
      stop(*service, notified);
      service = start(notified, named, {socket});
    }
    await_answers(counted, service->process());
  });
  stop(*service, notified);
  ::close(socket);
}

TEST_CASE("restart: by a shared port a new service takes over while the old one finishes, and requests are answered") {
  const notify_socket notified{"/tmp/joist_restart_" + std::to_string(::getpid())};
  endpoint at;
  const int port_holder = bound_socket(at);  // it does not listen: the port stays ours
  const std::vector<std::string> port{"SERVICE_PORT=" + std::to_string(at.port())};
  auto service = start(notified, port);
  const int most_resets = system_migrates_connections() ? 0 : 6;  // each client, once
  under_load(at, most_resets, [&](tally& counted) {
    for (int i = 0; i < 3; ++i) {
      await_answers(counted, service->process());
      auto next = start(notified, port);
      await_answers(counted, next->process());
      stop(*service, notified);
      service = std::move(next);
    }
    await_answers(counted, service->process());
  });
  stop(*service, notified);
  ::close(port_holder);
}
