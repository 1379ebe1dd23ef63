// joist_load: a client that puts a server under load, a process for each connection: HTTP requests with keep-alive,
// WebSocket echo, or connections that do nothing. It tells percentiles, and, of a server on this machine, its CPU for each
// operation and its memory for each connection.
//
// With --rate each connection sends at fixed times, and an answer's time counts from when its request was due: a server that
// stalls does not keep the requests away that would have seen it (coordinated omission).
#include <joist/joist.hpp>
#include <joist/net/stream.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include "descriptors.hpp"
#include "histogram.hpp"
#include "live_client.hpp"
#include "server_side.hpp"

namespace {

using namespace load;

constexpr const char* usage =
    "usage: joist_load http ADDRESS [/path]   requests, one after the other on each connection\n"
    "       joist_load ws ADDRESS [/path]     WebSocket messages that the server sends back\n"
    "       joist_load tcp ADDRESS            bytes that the server sends back\n"
    "       joist_load idle ADDRESS [/path]   WebSockets that are open and silent\n"
    "       joist_load open ADDRESS [/path]   WebSockets that are opened and closed again\n"
    "       joist_load joined ADDRESS [/path] clients that have joined a channel and are silent\n"
    "       joist_load fanout ADDRESS [/path] rounds of one message to all who have joined\n"
    "       joist_load ping ADDRESS [/path]   pushes to a channel, which it answers\n"
    "       joist_load churn ADDRESS [/path]  who joins and leaves while --connections are present and hear of it\n"
    "       joist_load listen ADDRESS [/path] clients of one of several servers, which wait for one message\n"
    "       joist_load say ADDRESS [/path]    says it\n"
    "       joist_load click ADDRESS [/path]  live views, and clicks that change them\n"
    "       joist_load viewed ADDRESS [/path] live views that are open and silent\n"
    "ADDRESS is 127.0.0.1:8080, and so on. Options: --connections N (64)  --seconds S (5)  --bytes B (64)  --rate R (in "
    "all, a second)\n"
    "--pid P (of the server: its CPU and memory)  --topic T (of channels: room:load)  --workers W  --json\n"
    "A round of fanout is over when the last has it; --rate is of rounds.\n";

struct finished {
  std::unique_ptr<load::histogram> times;
  std::size_t failures;
};

// -- what a connection does

std::string frame_of(std::size_t bytes) { return header_of(bytes).append(bytes, 'x'); }

/// One round trip, each time it is called.
class talker {
 public:
  explicit talker(const settings& how) : how_{how} {
    if (how.what == "ws") {
      stream_ = open_websocket(how);
      request_ = frame_of(how.bytes);
      answer_.resize(how.bytes + (how.bytes <= 125 ? 2 : 4));
    } else if (how.what == "click") {
      viewer v = open_view(how);
      stream_ = std::move(v.stream);
      request_ = std::move(v.click);
    } else if (how.what == "http") {
      request_ = "GET " + how.path + " HTTP/1.1\r\nHost: " + how.server.to_string() + "\r\n\r\n";
    } else {
      request_.assign(how.bytes, 'x');
      answer_.resize(how.bytes);
    }
    if (!stream_ && how.what != "open") stream_ = joist::net::connect(how.server, 30s);
  }
  void operator()() {
    if (how_.what == "open") {
      joist::net::stream s = open_websocket(how_);
      s.write(std::string_view{"\x88\x82\0\0\0\0\x03\xe8", 8});
      std::array<std::byte, 16> last{};
      (void)s.read(last, 30s);
      return;
    }
    stream_.write(request_, 30s);
    if (how_.what == "http") return read_answer(stream_, answer_);
    if (how_.what == "click") return void(frames_.next(stream_));
    if (stream_.read(std::as_writable_bytes(std::span{answer_}), 30s) < answer_.size())
      throw std::runtime_error{"the server has closed the connection"};
  }

 private:
  const settings& how_;
  joist::net::stream stream_;
  frames frames_;
  std::string request_, answer_;
};

struct begin {};
struct connected {
  bool failed;
};

// A connection: says that it is there, waits for the others, and talks until the time is over.
void talk(std::shared_ptr<const settings> how, joist::pid parent) {
  auto times = std::make_unique<load::histogram>();
  std::size_t failures = 0;
  std::optional<talker> round_trip;
  try {
    round_trip.emplace(*how);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    ++failures;
  }
  joist::send(parent, connected{!round_trip});
  joist::receive<begin>();
  const auto start = joist::clock::now(), end = start + std::chrono::seconds{how->seconds};
  const auto period =
      how->rate > 0
          ? std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 * static_cast<double>(how->connections) / how->rate)}
          : 0ns;
  auto due = start;
  try {
    while (round_trip && due < end) {
      if (period.count() > 0) joist::sleep_for(due);
      (*round_trip)();
      const auto now = joist::clock::now();
      times->add(static_cast<std::uint64_t>((now - due).count()));
      due = period.count() > 0 ? due + period : now;
    }
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    ++failures;
  }
  joist::send(parent, finished{std::move(times), failures});
}

// -- the whole

void report(const settings& how, const load::histogram& times, std::size_t failures, double seconds, double cpu) {
  const auto done = static_cast<double>(times.count());
  const double cpu_each = done > 0 ? cpu / done * 1e6 : 0;
  if (how.json) {
    fmt::print(
        "{{\"load\":\"{}\",\"connections\":{},\"rate\":{},\"per_second\":{:.0f},\"p50_us\":{:.1f},\"p90_us\":{:.1f},\"p99_"
        "us\":{:.1f},"
        "\"p999_us\":{:.1f},\"max_us\":{:.1f},\"failures\":{},\"server_cpu_us\":{:.2f}}}\n",
        how.what, how.connections, how.rate, done / seconds, micro(times.at(0.5)), micro(times.at(0.9)),
        micro(times.at(0.99)), micro(times.at(0.999)), micro(times.most()), failures, cpu_each);
    return;
  }
  fmt::print("{} on {} connections: {:.0f} a second, {} failed\n", how.what, how.connections, done / seconds, failures);
  fmt::print("  us: p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  p99.9 {:.1f}  max {:.1f}\n", micro(times.at(0.5)),
             micro(times.at(0.9)), micro(times.at(0.99)), micro(times.at(0.999)), micro(times.most()));
  if (how.pid != 0) fmt::print("  CPU of the server for each: {:.2f} us\n", cpu_each);
}

void run_talkers(const settings& wanted) {
  const auto how = std::make_shared<const settings>(wanted);
  std::vector<joist::pid> all;
  for (std::size_t i = 0; i < how->connections; ++i)
    all.push_back(joist::spawn_link([how, parent = joist::self()] { talk(how, parent); }));
  for (std::size_t i = 0; i < all.size(); ++i) joist::receive<connected>();
  const double cpu_before = how->pid != 0 ? cpu_of(how->pid) : 0;
  const auto start = joist::clock::now();
  for (const joist::pid p : all) joist::send(p, begin{});
  load::histogram times;
  std::size_t failures = 0;
  for (std::size_t left = all.size(); left > 0;) {
    auto one = joist::receive<finished>(joist::after(1s));
    if (one) {
      times.add(*one->times);
      failures += one->failures;
      --left;
    } else if (!how->json) {
      fmt::print(stderr, "  {:.0f} s, {} connections at work\n",
                 std::chrono::duration<double>(joist::clock::now() - start).count(), left);
    }
  }
  const double seconds = std::chrono::duration<double>(joist::clock::now() - start).count();
  report(*how, times, failures, seconds, how->pid != 0 ? cpu_of(how->pid) - cpu_before : 0);
}

void run_idle(const settings& how) {
  const silent_costs c = how.what == "idle"
                             ? measure_silent(how, "are open", open_websocket)
                             : measure_silent(how, "are viewed", [](const settings& to) { return open_view(to); });
  if (how.json) {
    fmt::print("{{\"load\":\"{}\",\"connections\":{},\"bytes_each\":{:.0f},\"open_cpu_us\":{:.1f},\"idle_cpu\":{:.4f}}}\n",
               how.what, how.connections, c.bytes_each, c.open_cpu_us, c.idle_cpu);
  } else {
    fmt::print(
        "{} connections, from {} on: {:.0f} bytes each, {:.1f} us of CPU to open one, {:.1f} % CPU while all are silent\n",
        how.connections, c.first, c.bytes_each, c.open_cpu_us, 100 * c.idle_cpu);
  }
}

[[noreturn]] void refuse(std::string_view why) {
  fmt::print(stderr, "joist_load: {}\n{}", why, usage);
  std::exit(2);
}

double number(std::string_view option, const char* text) {
  char* end = nullptr;
  const double value = text != nullptr ? std::strtod(text, &end) : 0;
  if (text == nullptr || end == text || *end != '\0' || value < 0)
    refuse(fmt::format("{}: expected a number, got {}", option, text != nullptr ? text : "nothing"));
  return value;
}

settings parse(int argc, char** argv) {
  settings how;
  std::vector<std::string_view> words;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    auto value = [&] { return number(word, ++i < argc ? argv[i] : nullptr); };
    if (word == "--connections")
      how.connections = static_cast<std::size_t>(value());
    else if (word == "--seconds")
      how.seconds = static_cast<int>(value());
    else if (word == "--bytes")
      how.bytes = static_cast<std::size_t>(value());
    else if (word == "--rate")
      how.rate = value();
    else if (word == "--pid")
      how.pid = static_cast<int>(value());
    else if (word == "--topic")
      how.topic = ++i < argc ? argv[i] : "";
    else if (word == "--workers")
      how.workers = static_cast<std::size_t>(value());
    else if (word == "--json")
      how.json = true;
    else if (word.starts_with("--"))
      refuse(fmt::format("{} is no option", word));
    else
      words.push_back(word);
  }
  if (words.size() < 2 || words.size() > 3) refuse("expected what to do, and an address");
  how.what = words[0];
  const auto is_known = [&](std::string_view w) { return how.what == w; };
  constexpr std::array known{"http", "ws",    "tcp",    "idle", "open",  "joined", "fanout",
                             "ping", "churn", "listen", "say",  "click", "viewed"};
  if (std::none_of(known.begin(), known.end(), is_known))
    refuse(fmt::format("{} is none of {}", how.what, fmt::join(known, ", ")));
  constexpr std::array of_channels{"joined", "fanout", "ping", "churn", "listen", "say"};
  how.is_channels = std::any_of(of_channels.begin(), of_channels.end(), is_known);
  const bool is_live = how.what == "click" || how.what == "viewed";
  if (how.is_channels) how.path = "/socket";
  if (is_live) how.path = "/counter";
  const auto at = endpoint::parse(words[1]);
  if (!at) refuse(at.error());
  how.server = *at;
  if (words.size() == 3) how.path = words[2];
  if (how.connections == 0 || how.seconds == 0) refuse("expected one connection and one second, or more");
  if (how.bytes > 65535) refuse("expected --bytes of at most 65535");
  if ((how.what == "idle" || how.what == "joined" || how.what == "viewed") && how.pid == 0)
    refuse("expected --pid, of the server on this machine");
  return how;
}

}  // namespace

int main(int argc, char** argv) {
  const settings how = parse(argc, argv);
  load::raise_descriptor_limit();
  joist::runtime_options options;
  options.workers = how.workers;
  return joist::run(
      [how] {
        if (how.is_channels) return run_channels(how);
        how.what == "idle" || how.what == "viewed" ? run_idle(how) : run_talkers(how);
      },
      options);
}
