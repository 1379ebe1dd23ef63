#include <joist/net/stream.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "net/descriptor.hpp"
#include "net/poller.hpp"
#include "support/bare_peer.hpp"
#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::net::endpoint;
using joist::net::listener;
using joist::net::stream;

namespace {

std::string temporary_path(const char* name) { return "/tmp/joist_" + std::to_string(::getpid()) + name; }

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i * 31 % 23);
  return text;
}

[[gnu::noinline]] void throw_something() { throw std::runtime_error{"out of a function that throws nothing"}; }

}  // namespace

TEST_CASE("stream: what one end writes the other reads, in order, to the end") {
  on_workers([] {
    auto [here, there] = connected();
    here.write("hello, ");
    here.write("world");
    EXPECT(read_text(there, 12) == "hello, world");
    there.write("and back");
    there.shutdown_write();
    EXPECT(read_text(here, 100) == "and back");
    std::byte one{};
    EXPECT(here.read_some(std::span{&one, 1}) == 0);
    here.write("half-closed, it is still written to");  // half-close
    here.close();
    EXPECT(read_text(there, 100) == "half-closed, it is still written to");
    EXPECT(there.local() == there.local());
  });
}

TEST_CASE("stream: more than the system takes at once waits for the reader, who may be slow") {
  on_workers(
      [] {
        auto [here, there] = connected();
        const std::string sent = pattern(8 << 20);
        const auto writer = joist::spawn_monitor([to = std::move(here), sent]() mutable { to.write(sent); });
        std::string got;
        while (got.size() < sent.size()) {
          const std::string more = read_text(there, std::min<std::size_t>(100'000, sent.size() - got.size()));
          if (got.size() < 500'000) joist::sleep_for(1ms);
          EXPECT(!more.empty());
          got += more;
        }
        EXPECT(got == sent);
        EXPECT(reason_of(writer) == exit_reason::normal);
        EXPECT(read_text(there, 1).empty());  // closed with its process
      },
      3);
}

// An event may come when its descriptor is closed, and its entry another's: a silent connection was asked again and again.
TEST_CASE("stream: one that was told wrongly that its peer has closed waits for what comes, and is not told again") {
  on_workers([] {
    auto [known, here, peer] = connect_bare_peer();
    known.ended = true;
    std::array<std::byte, 8> buffer{};
    here.announce_readable();
    joist::receive<joist::net::readable>();
    EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
    here.announce_readable();
    EXPECT(!joist::receive<joist::net::readable>(joist::after(10ms)));
    EXPECT(::write(peer, "x", 1) == 1);
    EXPECT(joist::receive<joist::net::readable>(joist::after(20s)).has_value());
    EXPECT(here.read_some(buffer, 20s) == 1);
    ::close(peer);
    EXPECT(here.read_some(buffer, 20s) == 0);
  });
}

TEST_CASE("stream: pieces are written one after the other as if they were one") {
  on_workers([] {
    auto [here, there] = connected();
    std::vector<std::string> texts;
    std::string all;
    for (std::size_t i = 0; i < 40; ++i) all += texts.emplace_back(pattern(i % 3 == 0 ? 0 : i * 1000));
    const auto writer = joist::spawn_monitor([to = std::move(here), texts]() mutable {
      std::vector<std::span<const std::byte>> pieces;
      for (const auto& text : texts) pieces.push_back(std::as_bytes(std::span{text}));
      EXPECT(to.try_write(pieces).has_value());
    });
    EXPECT(read_text(there, all.size()) == all);
    EXPECT(reason_of(writer) == exit_reason::normal);
  });
}

TEST_CASE("stream: a file is sent from any place in it, and less where it ends") {
  on_workers(
      [] {
        auto [here, there] = connected();
        const std::string content = pattern(3'000'000);
        std::FILE* file = std::tmpfile();
        EXPECT(std::fwrite(content.data(), 1, content.size(), file) == content.size());
        EXPECT(std::fflush(file) == 0);
        const auto sender = joist::spawn_monitor([to = std::move(here), number = ::fileno(file)]() mutable {
          EXPECT(*to.try_send_file(number, 10, 2'000'000) == 2'000'000);
          EXPECT(*to.try_send_file(number, 2'999'990, 100) == 10);
        });
        EXPECT(read_text(there, 2'000'010) == content.substr(10, 2'000'000) + content.substr(2'999'990));
        EXPECT(reason_of(sender) == exit_reason::normal);
        std::fclose(file);
      },
      3);
}

TEST_CASE("stream: a wait ends at its limit with timed_out, and the stream is as before") {
  on_workers(
      [] {
        auto [here, there] = connected();
        std::array<std::byte, 16> buffer{};
        const auto before = joist::clock::now();
        EXPECT(here.try_read_some(buffer, 10ms).error() == std::errc::timed_out);
        EXPECT(joist::clock::now() - before >= 10ms);
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        EXPECT(here.try_read_some(buffer, joist::clock::now() - 1s).error() == std::errc::timed_out);
        there.write("late");
        EXPECT(read_text(here, 4) == "late");
        // Nobody reads: sooner or later nothing more fits.
        const std::string much = pattern(1 << 20);
        std::optional<std::error_code> why;
        for (int i = 0; i < 100 && !why; ++i) {
          if (const auto written = here.try_write(much, 10ms); !written) why = written.error();
        }
        EXPECT(why == std::errc::timed_out);
        EXPECT(*here.try_write_now(std::as_bytes(std::span{much})) < much.size());
      },
      5);
}

TEST_CASE("stream: what the peer does wrong is an error, and the program goes on") {
  on_workers([] {
    auto [here, there] = connected();
    std::array<std::byte, 16> buffer{};
    there.reset();
    EXPECT(here.try_read_some(buffer, 10s).error() == std::errc::connection_reset);
    const std::string text = pattern(100'000);
    std::optional<std::error_code> why;
    for (int i = 0; i < 100 && !why; ++i) {
      if (const auto written = here.try_write(text, 10s); !written) why = written.error();
    }
    EXPECT(why == std::errc::broken_pipe);
    bool thrown = false;
    try {
      here.write("x");
    } catch (const std::system_error& e) {
      thrown = e.code() == std::errc::broken_pipe && std::string_view{e.what()}.find("write") != std::string_view::npos;
    }
    EXPECT(thrown);
  });
}

TEST_CASE("stream: connect says why it failed, and listen too") {
  on_workers(
      [] {
        endpoint nobody;
        {
          const listener door = joist::net::listen(endpoint::loopback(0));
          nobody = door.local();
          EXPECT(joist::net::try_listen(nobody).error() == std::errc::address_in_use);
        }
        EXPECT(joist::net::try_connect(nobody).error() == std::errc::connection_refused);
        EXPECT(joist::net::try_connect(endpoint{"unix:/tmp/no/such/socket"}).error() ==
               std::errc::no_such_file_or_directory);
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)joist::net::try_connect(endpoint{}); }));
        EXPECT(refuses(joist::errc::bad_argument, [] { (void)joist::net::try_listen(endpoint{}); }));
        // TEST-NET-1 answers nobody: either the limit ends it, or the machine has no way there.
        const auto far = joist::net::try_connect(endpoint{"192.0.2.1:9"}, 20ms);
        EXPECT(!far.has_value());
        listener door = joist::net::listen(endpoint::loopback(0));
        EXPECT(door.try_accept(5ms).error() == std::errc::timed_out);
      },
      3);
}

TEST_CASE("stream: Unix sockets, with and without a file; a file that was left behind is replaced") {
  on_workers(
      [] {
        const std::string path = temporary_path("s");
        for (const std::string& text : {"unix:" + path, "unix:@" + path}) {
          const endpoint at{text};
          listener door = joist::net::listen(at, {.unix_mode = 0600});
          EXPECT(door.local() == at);
          EXPECT(joist::net::try_listen(at).error() == std::errc::address_in_use);
          stream here = joist::net::connect(at);
          stream there = door.accept();
          here.set_no_delay(true);  // which it does not know
          here.write("over Unix");
          EXPECT(read_text(there, 9) == "over Unix");
          EXPECT(here.peer() == at);
          EXPECT(there.peer().family() == endpoint::family::none);
        }
        struct stat file {};
        EXPECT(::stat(path.c_str(), &file) == 0 && (file.st_mode & 0777) == 0600);
        (void)joist::net::listen(endpoint{"unix:" + path});
        EXPECT(joist::net::try_listen(endpoint{"unix:" + path}, {.replace_unix_path = false}).error() ==
               std::errc::address_in_use);
        ::unlink(path.c_str());
      },
      5);
}

TEST_CASE("stream: closed ones, moved-from ones and calls outside of processes are refused") {
  CHECK(refuses(joist::errc::not_a_process, [] { (void)joist::net::listen(endpoint::loopback(0)); }));
  on_workers([] {
    auto [here, there] = connected();
    std::array<std::byte, 16> buffer{};
    stream elsewhere = std::move(here);
    stream& moved_from = here;
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)moved_from.try_read_some(buffer); }));
    EXPECT(!moved_from.is_open() && moved_from.native_handle() == -1 && moved_from.id() == 0);
    EXPECT(elsewhere.is_open());
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)elsewhere.try_read_some({}); }));
    const auto id = elsewhere.id();
    EXPECT(id != 0 && id != there.id());
    elsewhere.close();
    elsewhere.close();
    EXPECT(refuses(joist::errc::bad_argument, [&] { elsewhere.write("x"); }));
    EXPECT(elsewhere.peer() == endpoint{});
  });
  bool in_simulation_refused = false;
  joist::simulate(1, [&] {
    in_simulation_refused = refuses(joist::errc::bad_wait, [] { (void)joist::net::listen(endpoint::loopback(0)); });
  });
  CHECK(in_simulation_refused);
}

TEST_CASE("stream: belongs to its process, and is closed when that ends, however it ends") {
  on_workers([] {
    struct ends_how {
      const char* how;
      std::function<void()> act;
    };
    const std::vector<ends_how> ways{{"returns", [] {}},
                                     {"throws", [] { throw std::runtime_error{"x"}; }},
                                     {"exits", [] { joist::exit(exit_reason::shutdown); }},
                                     {"waits, and is killed", [] { wait_for_ever(); }}};
    for (const auto& way : ways) {
      auto [here, there] = connected();
      const joist::pid owner = joist::spawn([mine = std::move(there), act = way.act]() mutable {
        mine.write("!");
        act();
      });
      EXPECT(read_text(here, 1) == "!");
      joist::exit(owner, exit_reason::kill);
      EXPECT(read_text(here, 1).empty());
    }
    EXPECT(sockets_become(0));
  });
}

TEST_CASE("stream: a process that waits for its stream is killed at once, and the stream is closed") {
  on_workers([] {
    auto [here, there] = connected();
    const auto reader = joist::spawn_monitor([mine = std::move(there)]() mutable {
      std::byte one{};
      (void)mine.read_some(std::span{&one, 1});
    });
    joist::exit(reader.process, exit_reason::kill);
    EXPECT(reason_of(reader) == exit_reason::killed);
    EXPECT(read_text(here, 1).empty());
  });
}

TEST_CASE("stream: is closed also where its process gives its stack up, and no destructor runs") {
  if (checked_build) return;  // sanitizers report what is leaked there
  auto options = quiet(2);
  options.contain_faults = true;
  joist::runtime r{options};
  r.ask([] {
    auto [here, there] = connected();
    const auto owner = joist::spawn_monitor([mine = std::move(there)]() mutable {
      mine.write("!");
      []() noexcept { throw_something(); }();
    });
    EXPECT(read_text(here, 1) == "!");
    EXPECT(reason_of(owner) != exit_reason::normal);
    EXPECT(read_text(here, 1).empty());
  });
}

TEST_CASE("stream: is given away in a message, and lives on with the receiver") {
  on_workers([] {
    auto [here, there] = connected();
    const auto receiver = joist::spawn_monitor([] {
      auto mine = joist::receive<stream>();
      mine.write("from the receiver");
      EXPECT(read_text(mine, 100) == "thanks");
    });
    const auto giver = joist::spawn_monitor([given = std::move(there), to = receiver.process]() mutable {
      given.write("from the giver, ");
      joist::net::controlling_process(std::move(given), to);
    });
    EXPECT(read_text(here, 33) == "from the giver, from the receiver");
    EXPECT(reason_of(giver) == exit_reason::normal);
    here.write("thanks");
    here.shutdown_write();
    EXPECT(reason_of(receiver) == exit_reason::normal);
    // To the dead: it is closed with the message.
    auto [second, lost] = connected();
    joist::net::controlling_process(std::move(lost), receiver.process);
    EXPECT(read_text(second, 1).empty());
  });
  CHECK(joist::net::detail::open_entries() == 0);
}

TEST_CASE("announce_readable: a message comes once, when there is something to read or the peer has closed") {
  on_workers([] {
    auto [here, there] = connected();
    std::array<std::byte, 16> buffer{};
    EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);  // from here on it knows that nothing is there
    here.announce_readable();
    here.announce_readable();
    EXPECT(mailbox_stays_empty());
    there.write("ab");
    EXPECT(joist::receive<joist::net::readable>().stream == here.id());
    EXPECT(mailbox_stays_empty());
    EXPECT(here.read_some(std::span{buffer}.first(1)) == 1);
    here.announce_readable();  // one byte is left
    EXPECT(joist::receive<joist::net::readable>().stream == here.id());
    EXPECT(here.read_some(buffer) == 1);
    here.announce_readable();
    EXPECT(here.withdraw_announcement());
    EXPECT(!here.withdraw_announcement());
    there.write("c");
    EXPECT(read_text(here, 1) == "c");
    EXPECT(mailbox_stays_empty());
    here.announce_readable();
    there.close();
    EXPECT(joist::receive<joist::net::readable>().stream == here.id());
    EXPECT(here.read_some(buffer) == 0);
    here.announce_readable();  // closed already: at once
    EXPECT(joist::receive<joist::net::readable>().stream == here.id());
  });
}

TEST_CASE("announce_readable: who is given a stream with an announcement hears of its own, and the giver of none") {
  on_workers([] {
    auto [here, there] = connected();
    std::array<std::byte, 16> buffer{};
    EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);  // from here on it knows that nothing is there
    here.announce_readable();
    const auto receiver = joist::spawn_monitor([giver = joist::self()] {
      auto mine = joist::receive<stream>();
      mine.announce_readable();
      joist::send(giver, go{});
      EXPECT(joist::receive<joist::net::readable>().stream == mine.id());
      EXPECT(read_text(mine, 1) == "x");
      joist::send(giver, std::move(mine));
    });
    joist::net::controlling_process(std::move(here), receiver.process);
    (void)joist::receive<go>();
    there.write("x");
    here = joist::receive<stream>();
    EXPECT(reason_of(receiver) == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
    // The same where the new owner asks for none.
    EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
    here.announce_readable();
    const auto reader = joist::spawn_monitor([giver = joist::self()] {
      auto mine = joist::receive<stream>();
      EXPECT(!mine.withdraw_announcement());
      joist::send(giver, go{});
      EXPECT(read_text(mine, 1) == "y");
    });
    joist::net::controlling_process(std::move(here), reader.process);
    (void)joist::receive<go>();
    there.write("y");
    EXPECT(reason_of(reader) == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("announce_writable: who is given a stream with an announcement hears of its own, and the giver of none") {
  on_workers([] {
    auto [here, there] = connected();
    const std::string text(1 << 20, 'x');
    std::size_t sent = 0;
    while (const std::size_t more = here.try_write_now(std::as_bytes(std::span{text})).value()) sent += more;
    here.announce_writable();
    const auto receiver = joist::spawn_monitor([giver = joist::self()] {
      auto mine = joist::receive<stream>();
      mine.announce_writable();
      joist::send(giver, go{});
      EXPECT(joist::receive<joist::net::writable>().stream == mine.id());
    });
    joist::net::controlling_process(std::move(here), receiver.process);
    (void)joist::receive<go>();
    EXPECT(read_text(there, sent).size() == sent);
    EXPECT(reason_of(receiver) == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("announce_readable: an announcement stays when the stream is moved within its process") {
  on_workers([] {
    auto [here, there] = connected();
    std::array<std::byte, 16> buffer{};
    EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
    here.announce_readable();
    stream moved = std::move(here);
    EXPECT(moved.try_write_now({}).has_value());  // is used
    there.write("x");
    EXPECT(joist::receive<joist::net::readable>().stream == moved.id());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("stream: while one process waits for a socket others run, and thousands of waits cost no time") {
  on_workers(
      [] {
        constexpr int pairs = checked_build ? 20 : 200;
        const joist::pid parent = joist::self();
        std::vector<stream> ends;
        for (int i = 0; i < pairs; ++i) {
          auto [here, there] = connected();
          ends.push_back(std::move(here));
          joist::spawn([peer = std::move(there), parent]() mutable {
            std::array<std::byte, 64> buffer{};
            std::size_t sum = 0;
            while (const std::size_t got = peer.read_some(buffer)) {
              peer.write(std::span{buffer}.first(got));
              sum += got;
            }
            joist::send(parent, sum);
          });
        }
        for (int round = 0; round < 20; ++round) {
          for (auto& end : ends) end.write("0123456789");
          for (auto& end : ends) EXPECT(read_text(end, 10) == "0123456789");
        }
        ends.clear();
        for (int i = 0; i < pairs; ++i) EXPECT(joist::receive<std::size_t>() == 200);
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("stream: while processes compute without a call to the runtime, other workers look for what comes") {
  joist::runtime r{quiet(2)};
  r.ask([] {
    auto [here, there] = connected();
    joist::spawn([peer = std::move(there)]() mutable {
      std::array<std::byte, 64> buffer{};
      while (const std::size_t got = peer.read_some(buffer)) peer.write(std::span{buffer}.first(got));
    });
    static std::atomic<bool> computes;
    computes = true;
    const auto busy = joist::spawn_monitor([] {
      while (computes.load(std::memory_order_relaxed)) {
      }
    });
    for (int i = 0; i < 20; ++i) {
      here.write("ping");
      EXPECT(read_text(here, 4) == "ping");
    }
    computes = false;
    EXPECT(reason_of(busy) == exit_reason::normal);
  });
}

TEST_CASE("accept: where descriptors are used up it waits, connections that are open live on, and it goes on") {
  on_workers(
      [] {
        listener door = joist::net::listen(endpoint::loopback(0));
        auto [here, there] = connected();
        std::vector<int> used;
        stream waiting = joist::net::connect(door.local());
        rlimit before{};
        EXPECT(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        for (rlimit low{64, before.rlim_max}; ::setrlimit(RLIMIT_NOFILE, &low) != 0;) EXPECT(false);
        for (int number = ::dup(0); number >= 0; number = ::dup(0)) used.push_back(number);
        EXPECT(door.try_accept(30ms).error() == std::errc::timed_out);
        const auto acceptor = joist::spawn_monitor([door = std::move(door)]() mutable {
          stream peer = door.accept();
          peer.write("welcome");
        });
        here.write("alive");
        EXPECT(read_text(there, 5) == "alive");
        for (const int number : used) ::close(number);
        EXPECT(read_text(waiting, 7) == "welcome");
        EXPECT(reason_of(acceptor) == exit_reason::normal);
        EXPECT(::setrlimit(RLIMIT_NOFILE, &before) == 0);
      },
      2);
}

TEST_CASE("stream: a runtime that stops leaves no descriptor open") {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 3; ++i) {
    joist::runtime r{quiet()};
    r.ask([] {
      for (int n = 0; n < 10; ++n) {
        auto [here, there] = connected();
        joist::spawn([mine = std::move(here)]() mutable {
          std::byte one{};
          (void)mine.read_some(std::span{&one, 1});
        });
        joist::spawn([mine = std::move(there)]() mutable {
          mine.write("x");
          wait_for_ever();
        });
      }
    });
  }
  CHECK(joist::net::detail::open_entries() == 0);
  CHECK(open_descriptors() == before);
}

TEST_CASE("stream: the end of the data is seen, at whatever moment of a read it comes") {
  on_workers(
      [] {
        constexpr int connections = checked_build ? 300 : 3000;
        auto door = joist::net::listen(endpoint::loopback(0));
        const endpoint at = door.local();
        joist::spawn_link([at] {
          joist::base::random dice{7};
          for (int i = 0; i < connections; ++i) {
            stream s = joist::net::connect(at);
            std::array<std::byte, 1> go{};
            (void)s.read_some(go, 20s);
            for (std::uint64_t spins = dice.next() % 4000; spins > 0; --spins) asm volatile("");
            s.write("all of it");
          }  // and closes
        });
        for (int i = 0; i < connections; ++i) {
          stream s = door.accept(20s);
          s.write("!");
          std::string all;
          std::array<char, 64> buffer{};
          while (const auto got = s.read_some(std::as_writable_bytes(std::span{buffer}), 5s)) all.append(buffer.data(), got);
          EXPECT(all == "all of it");
        }
      },
      2);
}
