// One message to the clients of several servers, which an adapter makes one system: each program of `listen` has some of the
// clients, and `say` sends. Clocks are those of one machine.
#include <joist/joist.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "channel_client.hpp"

namespace load {
namespace {

std::int64_t now_us() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
}

struct has_joined {};
struct has_heard {
  std::int64_t after_us;
};

void listen(const settings& how, joist::pid parent) {
  client c = join(how);
  joist::send(parent, has_joined{});
  const std::string_view said = c.in.next(c.stream);
  constexpr std::string_view before_time = R"("body":")";
  const auto at = said.find(before_time);
  if (at == said.npos) throw std::runtime_error{"expected a new_msg with a time, got " + std::string{said}};
  std::int64_t sent = 0;
  std::from_chars(said.data() + at + before_time.size(), said.data() + said.size(), sent);
  joist::send(parent, has_heard{now_us() - sent});
  joist::sleep_for(joist::infinity);  // the connection stays
}

}  // namespace

void run_listen(const settings& wanted) {
  constexpr std::size_t at_once = 64;
  const auto how = std::make_shared<const settings>(wanted);
  for (std::size_t i = 0; i < how->connections; ++i) {
    (void)joist::spawn_link([how, parent = joist::self()] { listen(*how, parent); });
    if (i >= at_once) joist::receive<has_joined>();
  }
  for (std::size_t i = 0; i < std::min(at_once, how->connections); ++i) joist::receive<has_joined>();
  fmt::print("{} have joined\n", how->connections);
  std::fflush(stdout);
  std::int64_t latest = 0;
  for (std::size_t i = 0; i < how->connections; ++i) latest = std::max(latest, joist::receive<has_heard>().after_us);
  fmt::print("{} have heard it, the last after {:.1f} ms\n", how->connections, static_cast<double>(latest) / 1000);
  std::fflush(stdout);
  joist::sleep_for(std::chrono::seconds{how->seconds});
}

void run_say(const settings& how) {
  client c = join(how);
  c.stream.write(text_frame(R"(["1","2",")" + how.topic + R"(","new_msg",{"body":")" + std::to_string(now_us()) + R"("}])"));
  (void)c.in.next(c.stream);
}

}  // namespace load
