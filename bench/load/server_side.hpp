// load/server_side.hpp: what joist_load is told to do, what it asks of the system about the server, and how it opens a
// WebSocket.
#pragma once

#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace load {

using namespace std::chrono_literals;
using joist::net::endpoint;

struct settings {
  std::string what;
  endpoint server;
  std::string path = "/";
  std::size_t connections = 64;
  int seconds = 5;
  std::size_t bytes = 64;
  double rate = 0;
  int pid = 0;
  std::size_t workers = 0;
  bool json = false;
  bool is_channels = false;
  std::string topic = "room:load";
};

// -- the server, as the system knows it

inline double cpu_of(int pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{stat}, {}};
  const auto end = text.rfind(')');
  if (end == text.npos) return 0;
  std::string_view rest{text.c_str() + end + 2};
  std::uint64_t ticks = 0;
  for (int field = 3; field <= 15 && !rest.empty(); ++field) {  // utime is the 14th, stime the 15th
    const auto space = rest.find(' ');
    std::uint64_t value = 0;
    if (field >= 14 && std::from_chars(rest.data(), rest.data() + space, value).ec == std::errc{}) ticks += value;
    rest.remove_prefix(space + 1);
  }
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

inline std::uint64_t memory_of(int pid) {
  std::ifstream statm{"/proc/" + std::to_string(pid) + "/statm"};
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Reads until `text` holds an answer's head and as many bytes behind it as it says.
inline void read_answer(joist::net::stream& s, std::string& text) {
  constexpr std::string_view length_field = "Content-Length: ";
  text.clear();
  for (std::size_t wanted = 0; wanted == 0 || text.size() < wanted;) {
    std::array<char, 16384> buffer;
    const std::size_t got = s.read_some(std::as_writable_bytes(std::span{buffer}), 30s);
    if (got == 0) throw std::runtime_error{"the server has closed the connection"};
    text.append(buffer.data(), got);
    const auto end = text.find("\r\n\r\n");
    if (wanted > 0 || end == text.npos) continue;
    std::size_t length = 0;
    if (const auto at = text.find(length_field); at < end)
      std::from_chars(text.data() + at + length_field.size(), text.data() + end, length);
    wanted = end + 4 + length;
  }
}

inline joist::net::stream open_websocket(const settings& how) {
  joist::net::stream s = joist::net::connect(how.server, 30s);
  s.write("GET " + how.path + " HTTP/1.1\r\nHost: " + how.server.to_string() +
          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  std::string answer;
  read_answer(s, answer);
  if (!answer.starts_with("HTTP/1.1 101 ")) throw std::runtime_error{"no WebSocket there: " + answer.substr(0, 60)};
  return s;
}

// The header of a text of so many bytes, masked by zeros: it goes as it is.
inline std::string header_of(std::size_t bytes) {
  std::string frame{"\x81"};
  if (bytes <= 125) {
    frame += static_cast<char>(0x80 | bytes);
  } else {
    frame += '\xfe';
    frame += static_cast<char>(bytes >> 8);
    frame += static_cast<char>(bytes & 0xff);
  }
  return frame.append(4, '\0');
}

inline double micro(std::uint64_t ns) { return static_cast<double>(ns) / 1000; }

/// What connections cost a server that are open and silent.
struct silent_costs {
  std::size_t first;  // from so many on
  double bytes_each;
  double open_cpu_us;  // of each
  double opened_per_second;
  double idle_cpu;  // of all, as a part of one core
};
struct open_more {
  std::size_t count;
};
struct opened_one {};
/// Opens a part of them, then the rest, some at a time: what is between is the memory and the CPU of the rest. Both times
/// after a while: a connection that has been silent for a second gives memory back.
template <class Open>
silent_costs measure_silent(const settings& how, const char* opened, Open open) {
  constexpr auto until_silent = 3s;
  constexpr std::size_t at_once = 16;
  std::vector<joist::pid> openers;
  for (std::size_t i = 0; i < at_once; ++i) {
    openers.push_back(joist::spawn_link([how, open, parent = joist::self()] {
      std::vector<decltype(open(how))> all;
      for (;;) {
        for (std::size_t left = joist::receive<open_more>().count; left > 0; --left) {
          all.push_back(open(how));
          joist::send(parent, opened_one{});
        }
      }
    }));
  }
  std::size_t open_now = 0;
  auto open_until = [&](std::size_t wanted) {
    for (std::size_t i = 0, left = wanted - open_now; i < at_once; ++i) {
      const std::size_t share = left / (at_once - i);
      joist::send(openers[i], open_more{share});
      left -= share;
    }
    while (open_now < wanted) {
      joist::receive<opened_one>();
      if (++open_now % 1000 == 0 && !how.json) fmt::print(stderr, "  {} {}\n", open_now, opened);
    }
  };
  const std::size_t first = std::max<std::size_t>(1, how.connections / 15);
  open_until(first);
  joist::sleep_for(until_silent);
  const std::uint64_t memory_before = memory_of(how.pid);
  const double cpu_before = cpu_of(how.pid);
  const auto begin = joist::clock::now();
  open_until(how.connections);
  const double seconds = std::chrono::duration<double>(joist::clock::now() - begin).count();
  const double opening = cpu_of(how.pid) - cpu_before;
  joist::sleep_for(until_silent);
  const auto more = static_cast<double>(how.connections - first);
  const double bytes = static_cast<double>(memory_of(how.pid)) - static_cast<double>(memory_before);
  const double before = cpu_of(how.pid);
  joist::sleep_for(std::chrono::seconds{how.seconds});
  const double idle = (cpu_of(how.pid) - before) / how.seconds;
  return {first, bytes / more, opening / more * 1e6, more / seconds, idle};
}

// In channels.cpp and several.cpp.
void run_channels(const settings& how);
void run_listen(const settings& how);
void run_say(const settings& how);

}  // namespace load
