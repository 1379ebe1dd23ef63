// tests/support/hostile.hpp: servers under attack. Beside the attack well-behaved clients are served, and count how; after
// it nothing of it is left: no descriptor, no process, no memory.
#pragma once

#include <joist/joist.hpp>
#include <joist/net/stream.hpp>
#include <joist/web/server.hpp>

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/ends.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

namespace support {

using namespace std::chrono_literals;

/// Attackers at once: checked builds are slower.
#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t crowd = 100;
#elif defined(__SANITIZE_ADDRESS__) || defined(JOIST_CHECK_ISOLATION)
inline constexpr std::size_t crowd = 300;
#else
inline constexpr std::size_t crowd = 2000;
#endif

inline void raise_descriptor_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// -- what must be as before

/// Of the whole program. Checked builds have allocators that count otherwise: 0.
inline std::size_t allocated_bytes() {
  if (checked_build) return 0;
  const auto all = ::mallinfo2();
  return all.uordblks + all.hblkhd;
}

struct holdings {
  std::size_t sockets, descriptors, processes;
};
inline holdings what_is_held() {
  (void)joist::net::listen(joist::net::endpoint::loopback(0));  // a runtime's own descriptors come with its first socket
  return {joist::net::detail::open_entries(), open_descriptors(), joist::system_info().process_count};
}
/// Waits until no more is held than before.
inline bool all_is_given_back(const holdings& before) {
  for (int i = 0; i < 6000; ++i) {
    const holdings now = what_is_held();
    if (now.sockets <= before.sockets && now.descriptors <= before.descriptors && now.processes <= before.processes)
      return true;
    joist::sleep_for(5ms);
  }
  return false;
}

/// Watches how much is allocated until it is asked for the most there was.
class memory_watch {
 public:
  memory_watch() : before_{allocated_bytes()} {
    watcher_ = joist::spawn_monitor([most = most_, over = over_] {
      while (!*over) {
        if (const std::size_t now = allocated_bytes(); now > *most) *most = now;
        joist::sleep_for(5ms);
      }
    });
  }
  /// More than at the beginning.
  [[nodiscard]] std::size_t most_bytes() {
    *over_ = true;
    EXPECT(reason_of(watcher_) == joist::exit_reason::normal);
    return std::max(before_, most_->load()) - before_;
  }

 private:
  const std::size_t before_;
  const std::shared_ptr<std::atomic<std::size_t>> most_ = std::make_shared<std::atomic<std::size_t>>(0);
  const std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
  joist::monitored watcher_;
};

// -- those who behave

inline joist::web::router with_good(joist::web::router r = {}) {
  r.get("/good", [](const joist::web::request&) { return joist::web::text("good"); });
  return r;
}

struct service_seen {
  std::size_t answers = 0;
  std::size_t failures = 0;
  std::vector<std::chrono::nanoseconds> took = {};
};

/// A keep-alive client that asks again and again, until it is over.
inline service_seen ask_until(const std::atomic<bool>& over, const joist::net::endpoint& server) {
  service_seen seen;
  joist::net::stream s;
  while (!over) {
    const auto begun = joist::clock::now();
    std::string answer;
    try {
      if (!s) s = joist::net::connect(server, 30s);
      s.write("GET /good HTTP/1.1\r\nHost: x\r\n\r\n", 30s);
      std::array<char, 512> buffer{};
      while (!answer.ends_with("\r\n\r\ngood")) {
        const std::size_t got = s.read_some(std::as_writable_bytes(std::span{buffer}), 30s);
        if (got == 0) break;
        answer.append(buffer.data(), got);
      }
    } catch (const std::system_error&) {
      answer.clear();
    }
    if (answer.starts_with("HTTP/1.1 200 ")) {
      ++seen.answers;
      seen.took.push_back(joist::clock::now() - begun);
      joist::sleep_for(1ms);
    } else {
      ++seen.failures;
      s.close();
    }
  }
  return seen;
}

class good_clients {
 public:
  explicit good_clients(const joist::net::endpoint& server, std::size_t count = 8) : count_{count} {
    for (std::size_t i = 0; i < count_; ++i)
      joist::spawn_link([parent = joist::self(), server, over = over_] { joist::send(parent, ask_until(*over, server)); });
  }
  /// All of them together.
  [[nodiscard]] service_seen stop() {
    *over_ = true;
    service_seen all;
    for (std::size_t i = 0; i < count_; ++i) {
      auto one = joist::receive<service_seen>();
      all.answers += one.answers;
      all.failures += one.failures;
      all.took.insert(all.took.end(), one.took.begin(), one.took.end());
    }
    return all;
  }

 private:
  const std::size_t count_;
  const std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
};

/// None of them failed, each was served, and 99 of 100 answers came before what no machine excuses.
inline bool were_served(service_seen seen, std::size_t least = 8) {
  if (seen.failures > 0 || seen.answers < least) return false;
  const auto at = seen.took.begin() + static_cast<std::ptrdiff_t>(seen.took.size() * 99 / 100);
  std::nth_element(seen.took.begin(), at, seen.took.end());
  return *at < 10s;
}

// -- those who do not

/// What comes until the server closes, `limit` at most; the connection may have been reset.
inline std::string rest_of(joist::net::stream& s, joist::detail::deadline limit = 30s) {
  std::string all;
  std::array<char, 4096> buffer{};
  limit = limit.fixed();
  for (;;) {
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), limit);
    if (!got && got.error() == std::errc::timed_out) return all + " (and the server did not close)";
    if (!got || *got == 0) return all;
    all.append(buffer.data(), *got);
  }
}

/// Sends a byte now and then until the server closes; what it said.
inline std::string trickle(joist::net::stream& s, std::string_view bytes, std::chrono::milliseconds pause) {
  std::string said;
  std::array<char, 512> buffer{};
  for (std::size_t i = 0; i < 100'000; ++i) {
    if (!s.try_write(bytes.substr(i % bytes.size(), 1))) return said + rest_of(s);
    const auto got = s.try_read_some(std::as_writable_bytes(std::span{buffer}), pause);
    if (!got && got.error() == std::errc::timed_out) continue;
    if (!got || *got == 0) return said;
    said.append(buffer.data(), *got);
  }
  return said + " (and the server did not close)";
}

/// Runs `attack(i)` in `count` processes at once, and waits until all are over. None of them may crash.
template <class Attack>
void all_at_once(std::size_t count, Attack attack) {
  std::vector<joist::monitored> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(joist::spawn_monitor([attack, i] { attack(i); }));
  for (const auto& m : all) {
    const auto reason = reason_of(m);
    if (!(reason == joist::exit_reason::normal)) throw std::runtime_error{"an attacker ended by " + reason.to_string()};
  }
}

/// Counts what attackers met.
struct tally {
  std::atomic<std::size_t> as_expected{0}, broken_off{0}, otherwise{0};
};

}  // namespace support
