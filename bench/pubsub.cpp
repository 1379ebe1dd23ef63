// Presence on one node: a process for each of a thousand keys in each topic.
#include <joist/pubsub/presence.hpp>

#include <string>
#include <vector>

#include "measure.hpp"

namespace bench {
namespace {

measurement presence_track(std::uint64_t n) {
  const joist::presence online{joist::pubsub{}};
  joist::start_presence(online);
  std::vector<joist::pid> users;
  users.reserve(n);
  for (std::uint64_t i = 0; i < n; ++i) users.push_back(joist::spawn([] { joist::sleep_for(joist::infinity); }));
  std::vector<std::string> topics;
  for (std::uint64_t i = 0; i <= n / 1000; ++i) topics.push_back("room:" + std::to_string(i));
  const std::uint64_t before = resident_bytes();
  const stopwatch watch;
  for (std::uint64_t i = 0; i < n; ++i)
    (void)online.track(users[i], topics[i / 1000], "user-" + std::to_string(i), R"({"status":"online"})").value();
  measurement m = watch.measured();
  joist::sleep_for(std::chrono::seconds{1});  // diffs are told, and processes are watched
  m.rss_bytes_per_process = static_cast<double>(resident_bytes() - before) / static_cast<double>(n);
  for (const joist::pid user : users) joist::exit(user, joist::exit_reason::kill);
  const stopwatch end;
  while (!online.topics().empty()) joist::sleep_for(std::chrono::milliseconds{1});
  m.stop_seconds = end.seconds();
  return m;
}

}  // namespace

const std::vector<benchmark>& pubsub_benchmarks() {
  static const std::vector<benchmark> all{{"presence_track", 100'000, presence_track}};
  return all;
}

}  // namespace bench
