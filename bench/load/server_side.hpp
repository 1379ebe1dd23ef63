// load/server_side.hpp: what joist_load is told to do, what it asks of the system about the server, and how it opens a
// WebSocket.
#pragma once

#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

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

// In channels.cpp and several.cpp.
void run_channels(const settings& how);
void run_listen(const settings& how);
void run_say(const settings& how);

}  // namespace load
