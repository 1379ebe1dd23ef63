// Against a real server, which each test starts for itself.
#include <joist/dist/redis.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/engine.hpp"
#include "support/joined.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::pubsub;
using joist::pubsub_error;

namespace {

pubsub node(const std::string& name, const std::string& url) {
  return pubsub{{.adapter = joist::dist::redis({.url = url, .connection = impatient()}), .node = name}};
}
pubsub node(const std::string& name, const redis_engine& engine, const std::string& account = "") {
  return node(name, engine.url(account));
}

/// As run_contract_while_killed() wants them.
auto adapters_of(const redis_engine& engine) {
  return [&engine](const std::string& system, const joist::dist::connection_options& connection) {
    return joist::dist::redis({.url = engine.url(), .system = system, .connection = connection});
  };
}

/// The other of two programs, until it is ended: answers what it is asked. Made before there are threads, and told later
/// where the engine is.
class other_program {
 public:
  other_program() {
    if (::pipe(ends_.data()) != 0) throw std::runtime_error{"no pipe"};
    process_ = ::fork();
    if (process_ != 0) return;
    ::alarm(60);
    std::array<char, 256> url{};
    if (::read(ends_[0], url.data(), url.size() - 1) <= 0) ::_exit(0);
    const auto answer_questions = [&url] {
      const pubsub bus = node("other", std::string{url.data()});
      joist::start_pubsub(bus);
      bus.subscribe("questions");
      for (;;) (void)bus.broadcast("answers", joist::receive<std::string>() + " of " + bus.node());
    };
    ::_exit(joist::run(answer_questions, quiet()));
  }
  other_program(const other_program&) = delete;
  other_program& operator=(const other_program&) = delete;
  ~other_program() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    for (const int end : ends_) ::close(end);
  }
  void join(const std::string& url) const { REQUIRE(::write(ends_[1], url.data(), url.size()) > 0); }

 private:
  std::array<int, 2> ends_{};
  pid_t process_ = -1;
};

/// Delivered where it comes to when `gate` is open: the connection of that node reads nothing meanwhile.
std::atomic<bool> gate{true};
struct slow {
  std::string text;
  void deliver_to(const joist::pubsub_subscriber& to) const {
    while (!gate) joist::yield();
    joist::send(to.process(), text);
  }
};

}  // namespace

template <>
struct joist::message_format<slow> {
  static constexpr std::string_view name = "test.slow";
  static std::string write(const slow& s) { return s.text; }
  static std::optional<slow> read(std::string_view bytes) { return slow{std::string{bytes}}; }
};

TEST_CASE("redis: keeps the contract of adapters, killed and started again between") {
  redis_engine engine;
  run_contract_while_killed(engine, adapters_of(engine));
}

TEST_CASE("redis: keeps the contract of adapters where the server falls silent, and no connection breaks") {
  redis_engine engine;
  run_contract_while_frozen(engine, adapters_of(engine));
}

TEST_CASE("redis: what is published without connection is refused and counted, and everything else arrives") {
  redis_engine engine;
  on_workers(
      [&engine] {
        const std::string why = refuses_only_what_is_lost(engine, node("a", engine), node("b", engine));
        EXPECT(why.find("closed the connection") != std::string::npos);
      },
      1);
}

TEST_CASE("redis: user and password are told, and who has the wrong one hears why") {
  redis_engine engine{{"--requirepass", "pass word"}};
  on_workers(
      [&engine] {
        const watched_connections watched;
        const pubsub right = node("right", engine, ":pass%20word@"), wrong = node("wrong", engine, "default:nonsense@");
        const pubsub without = node("without", engine);
        joist::start_pubsub(right);
        watched.await("right");
        joist::start_pubsub(wrong);
        joist::start_pubsub(without);
        std::string why = watched.why_lost("wrong");
        while (why.find("WRONGPASS") == why.npos) why = watched.why_lost("wrong");  // the server may still be starting
        EXPECT(why.find("nonsense") == why.npos);
        EXPECT(watched.why_lost("without").find("NOAUTH") != std::string::npos);
      },
      1);
}

TEST_CASE("redis: a node that does not keep up is cut off by the server, says so, and comes back") {
  redis_engine engine{{"--client-output-buffer-limit", "pubsub 1mb 0 0"}};
  on_workers(
      [&engine] {
        const watched_connections watched;
        const pubsub a = node("a", engine), b = node("b", engine);
        start_both(watched, a, b);
        b.subscribe("t");
        gate = false;
        const std::string text(100'000, 'x');
        int taken = 0;
        while (taken < 400) {
          if (a.direct_broadcast("b", "t", slow{text})) {  // what is for all comes back to a
            ++taken;
          } else {
            joist::yield();  // its own connection goes on
          }
        }
        gate = true;
        EXPECT(!watched.why_lost("b").empty());
        watched.await("b");
        int arrived = 0;
        for (std::string come; come != "after"; arrived += come == text ? 1 : 0) {
          // Again and again: of what still waited at a there may be enough to have b cut off once more.
          (void)a.direct_broadcast("b", "t", slow{"after"});
          come = joist::receive([](std::string s) { return s; }, joist::after(20ms, [] { return std::string{}; }));
        }
        EXPECT(arrived < taken);
      },
      1);
}

TEST_CASE("redis: over queue_bytes publish() is false, and what was taken arrives") {
  redis_engine engine;
  on_workers(
      [&engine] {
        const watched_connections watched;
        joist::dist::connection_options small = impatient();
        small.frame_bytes = small.queue_bytes = 1 << 20;
        const pubsub a{{.adapter = joist::dist::redis({.url = engine.url(), .connection = small}), .node = "a"}};
        const pubsub b{{.adapter = joist::dist::redis({.url = engine.url(), .connection = small}), .node = "b"}};
        start_both(watched, a, b);
        b.subscribe("t");
        engine.freeze();
        const std::string text(100'000, 'x');
        int taken = 0;
        while (a.broadcast("t", text)) ++taken;
        EXPECT(taken >= 10 && taken < 200);
        engine.thaw();
        for (int i = 0; i < taken; ++i) EXPECT(joist::receive<std::string>() == text);
        EXPECT(a.broadcast("t", std::string(1 << 20, 'y')).error() ==
               pubsub_error::not_connected);  // larger than any may be
        EXPECT(a.broadcast("t", std::string{"last"}).has_value() && joist::receive<std::string>() == "last");
      },
      1);
}

TEST_CASE("redis: what was taken before a node stops is sent") {
  redis_engine engine;
  on_workers(
      [&engine] {
        const watched_connections watched;
        const pubsub a = node("a", engine), b = node("b", engine);
        joist::start_pubsub(b);
        const auto top = joist::start_supervisor({}, {joist::child_pubsub("a", a)});
        watched.await("a");
        watched.await("b");
        b.subscribe("t");
        const std::string text(10'000, 'x');
        int taken = 0;
        while (taken < 200 && a.broadcast("t", text)) ++taken;
        top.stop();
        EXPECT(a.broadcast("t", text).error() == pubsub_error::not_started);
        for (int i = 0; i < taken; ++i) EXPECT(joist::receive<std::string>() == text);
      },
      5);
}

TEST_CASE("redis: two programs are one system") {
  const other_program other;
  const redis_engine engine;
  other.join(engine.url());
  on_workers(
      [&engine] {
        const pubsub bus = node("parent", engine);
        joist::start_pubsub(bus);
        bus.subscribe("answers");
        std::string answer;
        while (answer.empty()) {  // until both are connected
          (void)bus.broadcast("questions", std::string{"answer"});
          answer = joist::receive([](std::string text) { return text; }, joist::after(20ms, [] { return std::string{}; }));
        }
        EXPECT(answer == "answer of other");
      },
      1);
}
