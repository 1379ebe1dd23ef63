#include <joist/net/use_process.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::errc;
using joist::net::use_process;
namespace asio = boost::asio;
namespace system_errors = boost::system;
using local_socket = asio::local::stream_protocol::socket;

namespace {

/// The body in a process with a stack of its own, and the end of that.
joist::exit_reason end_of(std::function<void()> body) {
  return reason_of(joist::spawn_monitor({.own_stack = true}, std::move(body)));
}
void with_own_stack(std::function<void()> body) {
  const joist::exit_reason end = end_of(std::move(body));
  if (end != joist::exit_reason::normal) throw failed_expectation{end.to_string()};
}

/// Kills it: whoever watches hears of it at once.
void kill(const joist::monitored& child) {
  joist::exit(child.process, joist::exit_reason::kill);
  EXPECT(reason_of(child) == joist::exit_reason::killed);
}

/// The error that `call` throws.
template <class Call>
system_errors::error_code error_of(Call&& call) {
  try {
    call();
  } catch (const system_errors::system_error& e) {
    return e.code();
  }
  return {};
}

/// What processes of a test share: none looks into the stack of another.
struct shared {
  asio::thread_pool pool{2};
  std::binary_semaphore waits{0}, unwound{0};
  std::atomic<bool> so{false}, also{false};
  std::atomic<int> began{0}, ended{0};
};

/// An operation that nobody can cancel: it ends when `finish` is called.
class stubborn {
 public:
  template <class Token>
  auto wait(Token&& token) {
    return asio::async_initiate<Token, void(int)>(
        [this](auto handler) {
          using type = decltype(handler);
          auto kept = std::make_shared<type>(std::move(handler));
          finish_ = [kept](int value) { std::move (*kept)(value); };
          started.release();
        },
        token);
  }
  void finish(int value) { std::exchange(finish_, nullptr)(value); }
  std::binary_semaphore started{0};

 private:
  std::function<void(int)> finish_;
};

}  // namespace

TEST_CASE("a process waits for an operation of Asio as for a call, and its result is what the call returns") {
  on_workers([] {
    with_own_stack([] {
      asio::thread_pool pool{1};
      asio::steady_timer timer{pool, 1ms};
      timer.async_wait(use_process);
      asio::post(pool, use_process);
      local_socket here{pool}, there{pool};
      asio::local::connect_pair(here, there);
      EXPECT(asio::async_write(here, asio::buffer("twelve bytes", 12), use_process) == 12);
      std::array<char, 20> buffer{};
      EXPECT(there.async_read_some(asio::buffer(buffer), use_process) == 12);
      EXPECT(std::string_view(buffer.data(), 12) == "twelve bytes");
    });
  });
}

TEST_CASE("other processes run while one waits for an operation, also where there is one worker") {
  joist::runtime runtime{quiet(1)};
  runtime.ask([] {
    const auto all = std::make_shared<shared>();
    auto here = std::make_shared<local_socket>(all->pool);
    auto there = std::make_shared<local_socket>(all->pool);
    asio::local::connect_pair(*here, *there);
    const auto reader = joist::spawn_monitor({.own_stack = true}, [all, there] {
      char one = 0;
      (void)asio::async_read(*there, asio::buffer(&one, 1), use_process);
      EXPECT(one == 'x');
    });
    with_own_stack([all, here] { EXPECT(asio::async_write(*here, asio::buffer("x", 1), use_process) == 1); });
    EXPECT(reason_of(reader) == joist::exit_reason::normal);
  });
}

TEST_CASE("the error of an operation is thrown; as_tuple and redirect_error return it instead") {
  on_workers([] {
    with_own_stack([] {
      asio::thread_pool pool{1};
      auto whose_peer_has_left = [&pool] {  // Asio tells of the end once for each socket
        local_socket here{pool}, there{pool};
        asio::local::connect_pair(here, there);
        return there;
      };
      std::array<char, 4> buffer{};
      local_socket first = whose_peer_has_left(), second = whose_peer_has_left(), third = whose_peer_has_left();
      EXPECT(error_of([&] { (void)first.async_read_some(asio::buffer(buffer), use_process); }) == asio::error::eof);
      const auto [why, got] = second.async_read_some(asio::buffer(buffer), asio::as_tuple(use_process));
      EXPECT(why == asio::error::eof && got == 0);
      system_errors::error_code redirected;
      EXPECT(third.async_read_some(asio::buffer(buffer), asio::redirect_error(use_process, redirected)) == 0);
      EXPECT(redirected == asio::error::eof);
    });
  });
}

TEST_CASE("results may be several, move-only, and an exception that is thrown again") {
  on_workers([] {
    with_own_stack([] {
      auto [number, text] = asio::async_initiate<const joist::net::use_process_t&, void(int, std::unique_ptr<std::string>)>(
          [](auto handler) { std::move(handler)(7, std::make_unique<std::string>("seven")); }, use_process);
      EXPECT(number == 7 && *text == "seven");
      auto failing = [] {
        asio::async_initiate<const joist::net::use_process_t&, void(std::exception_ptr)>(
            [](auto handler) { std::move(handler)(std::make_exception_ptr(std::out_of_range{"its own"})); }, use_process);
      };
      std::string what;
      try {
        failing();
      } catch (const std::out_of_range& e) {
        what = e.what();
      }
      EXPECT(what == "its own");
    });
  });
}

TEST_CASE("an I/O object may have it for its default token") {
  on_workers([] {
    with_own_stack([] {
      asio::thread_pool pool{1};
      joist::net::use_process_t::as_default_on_t<asio::steady_timer> timer{pool, 1ms};
      timer.async_wait();
    });
  });
}

TEST_CASE("it refuses a thread, a stack that is shared, a receive guard and a simulated world, and starts nothing") {
  asio::thread_pool pool{1};
  bool started = false;
  auto starts = [&started] {
    asio::async_initiate<const joist::net::use_process_t&, void()>(
        [&](auto handler) {
          started = true;
          std::move(handler)();
        },
        use_process);
  };
  CHECK(refuses(errc::not_a_process, starts));
  joist::runtime runtime{quiet(2)};
  runtime.ask([&] {
    EXPECT(refuses(errc::bad_wait, starts));
    std::string what;
    try {
      starts();
    } catch (const joist::error& e) {
      what = e.what();
    }
    EXPECT(what.find("own_stack = true") != what.npos);
    with_own_stack([&] {
      joist::send(joist::self(), 1);
      EXPECT(refuses(errc::bad_wait, [&] { joist::receive(joist::when([&](int) { return starts(), true; }, [](int) {})); }));
    });
  });
  in_simulation([&] { EXPECT(end_of([&] { EXPECT(refuses(errc::bad_wait, starts)); }) == joist::exit_reason::normal); }, 1);
  CHECK_FALSE(started);
}

TEST_CASE("a limit that passes cancels the operation, and is told as timed_out") {
  on_workers(
      [] {
        with_own_stack([] {
          asio::thread_pool pool{2};
          local_socket here{pool}, there{pool};
          asio::local::connect_pair(here, there);
          std::array<char, 4> buffer{};
          auto read_for = [&](joist::detail::deadline limit) {
            return error_of([&] { (void)asio::async_read(there, asio::buffer(buffer), use_process(limit)); });
          };
          EXPECT(read_for(5ms) == asio::error::timed_out);
          EXPECT(read_for(0ms) == asio::error::timed_out);
          EXPECT(read_for(joist::clock::now()) == asio::error::timed_out);
          const auto [why, got] = asio::async_read(there, asio::buffer(buffer), asio::as_tuple(use_process(5ms)));
          EXPECT(why == asio::error::timed_out && got == 0);
          // The socket is as before: what comes later is for the next.
          (void)asio::async_write(here, asio::buffer("more", 4), use_process);
          EXPECT(asio::async_read(there, asio::buffer(buffer), use_process(20s)) == 4);
        });
      },
      5);
}

TEST_CASE("the buffers of a killed process are used by nobody when its stack is unwound") {
  on_workers([] {
    const auto all = std::make_shared<shared>();
    const auto reader = joist::spawn_monitor({.own_stack = true}, [all] {
      struct looks {
        shared& of;
        ~looks() {
          of.also = of.so.load();
          of.unwound.release();
        }
      };
      local_socket here{all->pool}, there{all->pool};
      asio::local::connect_pair(here, there);
      const looks at_unwinding{*all};
      std::array<char, 8> buffer{};
      // An operation made of a read that gets half of what it asks for; that it has ended is noted.
      asio::async_compose<const joist::net::use_process_t&, void(system_errors::error_code)>(
          [&, step = 0](auto& self, system_errors::error_code why = {}, std::size_t = 0) mutable {
            if (step++ == 0) {
              asio::async_write(here, asio::buffer("half", 4), asio::detached);
              asio::async_read(there, asio::buffer(buffer), std::move(self));
              all->waits.release();
            } else {
              all->so = true;
              self.complete(why);
            }
          },
          use_process, there);
    });
    joist::blocking([all] { all->waits.acquire(); });
    kill(reader);
    joist::blocking([all] { all->unwound.acquire(); });
    EXPECT(all->so.load() && all->also.load());
  });
}

TEST_CASE(
    "a process that is killed in an operation that cannot be cancelled is dead to others at once, and leaves when that "
    "ends") {
  on_workers([] {
    const auto operation = std::make_shared<stubborn>();
    const auto all = std::make_shared<shared>();
    const auto waiter = joist::spawn_monitor({.own_stack = true}, [all, operation] {
      struct says {
        shared& of;
        ~says() {
          of.so = true;
          of.unwound.release();
        }
      };
      const says at_unwinding{*all};
      (void)operation->wait(use_process);
    });
    joist::blocking([operation] { operation->started.acquire(); });
    kill(waiter);
    EXPECT(!all->so.load());
    operation->finish(1);
    joist::blocking([all] { all->unwound.acquire(); });
  });
}

TEST_CASE("an operation that is dropped with its context ends the wait with operation_aborted") {
  on_workers([] {
    const auto all = std::make_shared<shared>();
    auto owned = std::make_unique<asio::io_context>();
    joist::spawn_monitor({.own_stack = true}, [all, context = owned.get()] {
      const auto why = error_of([&] {
        asio::async_initiate<const joist::net::use_process_t&, void(system_errors::error_code)>(
            [&](auto handler) {
              auto timer = std::make_shared<asio::steady_timer>(*context, 1h);
              timer->async_wait(std::move(handler));
              asio::post(*context, [kept = std::move(timer)] {});  // goes with the context
              all->waits.release();
            },
            use_process);
      });
      EXPECT(why == asio::error::operation_aborted);
    });
    joist::blocking([all] { all->waits.acquire(); });
    owned.reset();
    joist::receive([](const joist::down& d) { EXPECT(d.reason == joist::exit_reason::normal); });
  });
}

TEST_CASE("what starting an operation throws is thrown") {
  on_workers([] {
    with_own_stack([] {
      std::string what;
      try {
        asio::async_initiate<const joist::net::use_process_t&, void()>([](auto) { throw std::runtime_error{"not started"}; },
                                                                       use_process);
      } catch (const std::runtime_error& e) {
        what = e.what();
      }
      EXPECT(what == "not started");
    });
  });
}

TEST_CASE("in a destructor of a process that is being ended an operation is cancelled and waited for") {
  on_workers([] {
    const auto all = std::make_shared<shared>();
    const auto waiter = joist::spawn_monitor({.own_stack = true}, [all] {
      struct waits_for_it {
        shared& of;
        ~waits_for_it() {
          {
            asio::steady_timer timer{of.pool, 1h};
            const auto [why] = timer.async_wait(asio::as_tuple(use_process));
            of.so = why == asio::error::timed_out;
          }
          of.unwound.release();
        }
      };
      const waits_for_it at_the_end{*all};
      all->waits.release();
      joist::receive([](int) {});
    });
    joist::blocking([all] { all->waits.acquire(); });
    kill(waiter);
    joist::blocking([all] { all->unwound.acquire(); });
    EXPECT(all->so.load());
  });
}

TEST_CASE("under load with kills and limits each operation ends once, and each process") {
  constexpr int processes = checked_build ? 200 : 2000;
  on_workers(
      [] {
        const auto all = std::make_shared<shared>();
        joist::pid last;
        for (int i = 0; i < processes; ++i) {
          const joist::pid before =
              std::exchange(last, joist::spawn_monitor({.own_stack = true, .stack_bytes = 64 * 1024}, [all, i] {
                                    struct counted {
                                      std::atomic<int>& end;
                                      ~counted() { ++end; }
                                    };
                                    ++all->began;
                                    const counted here{all->ended};
                                    asio::steady_timer timer{all->pool};
                                    for (int round = 0; round < 20; ++round) {
                                      timer.expires_after(std::chrono::microseconds{(i * 7 + round * 13) % 400});
                                      const auto limit = std::chrono::microseconds{(i + round) % 300};
                                      (void)timer.async_wait(asio::as_tuple(use_process(limit)));
                                    }
                                  }).process);
          if (i % 3 == 2) joist::exit(before, joist::exit_reason::kill);
        }
        for (int i = 0; i < processes; ++i) joist::receive([](const joist::down&) {});
        while (all->began.load() != all->ended.load()) joist::yield();  // a killed one leaves when its operation is over
      },
      3);
}
