#include <joist/net/server.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/flat_map.hpp"
#include "net/accepting.hpp"
#include "net/client_address.hpp"
#include "net/descriptor.hpp"
#include "net/names.hpp"
#include "net/poller.hpp"

namespace joist::inline v0::net {
namespace {

using namespace std::chrono_literals;

// Accepts, and keeps its connections, which are linked to it.
class server_process : public gen_server<server_process> {
 public:
  using info_types = type_list<readable>;
  struct where {
    using reply = endpoint;
  };
  struct count {
    using reply = connection_counts;
  };
  struct list {
    using reply = std::vector<pid>;
  };
  struct go_on {};

  server_process(server_options options, std::shared_ptr<const connection_body> body)
      : options_{std::move(options)}, body_{std::move(body)}, door_{open(options_)} {
    trap_exit(true);
    self_ref().cast(go_on{});
  }

  endpoint handle_call(where) { return detail::local_of(door_.number()); }
  connection_counts handle_call(count) const { return {connections_.size(), accepted_, refused_}; }
  std::vector<pid> handle_call(list);
  void handle_info(readable) { accept_some(); }
  void handle_cast(go_on) { accept_some(); }
  void handle_info(go_on) { accept_some(); }
  void handle_info(const exited& end);
  void handle_info(any_message) {}
  void terminate(const exit_reason&);

 private:
  static detail::descriptor open(const server_options& options);
  void accept_some();
  std::string begin(detail::accepted one);
  void pause(std::string_view why);
  void leave(pid connection);
  void accept_last();
  bool wait_until_empty(joist::detail::deadline limit);

  const server_options options_;
  const std::shared_ptr<const connection_body> body_;
  detail::descriptor door_;
  using addresses = std::map<detail::client_address, std::size_t>;
  base::flat_map<addresses::iterator, base::hash_of_pid> connections_;
  addresses of_address_;  // where max_per_address limits; else all are of none
  bool full_ = false;
  clock::time_point told_of_exhaustion_{};
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

constexpr int accepted_in_a_turn = 32;  // then others have theirs: calls, ends
constexpr auto pause_of_exhaustion = 50ms;

detail::descriptor server_process::open(const server_options& options) {
  auto door = detail::open_door(options.at, options.listening);
  if (!door) detail::throw_error(door.error(), "listen", options.at.to_string());
  return *std::move(door);
}

std::vector<pid> server_process::handle_call(list) {
  std::vector<pid> all;
  all.reserve(connections_.size());
  connections_.for_each([&](std::uint64_t process, const auto&) { all.push_back(pid::from_value(process)); });
  return all;
}

void server_process::accept_some() {
  detail::entry& door = detail::use(door_, "accept");
  for (int i = 0; i < accepted_in_a_turn; ++i) {
    full_ = connections_.size() >= options_.max_connections;
    if (full_) return;
    door.in.take();
    auto one = detail::accept_now(door_.number());
    if (one) {
      if (const std::string why = begin(std::move(*one)); !why.empty()) return pause(why);
    } else if (one.error() == std::errc::resource_unavailable_try_again) {
      return detail::announce(door.in, readable{door_.id()}, false);
    } else if (detail::is_exhaustion(one.error())) {
      return pause(one.error().message());
    } else {
      detail::throw_error(one.error(), "accept", options_.at.to_string());
    }
  }
  self_ref().cast(go_on{});
}

// Why no more can be accepted for now; mostly empty.
std::string server_process::begin(detail::accepted one) {
  detail::entry* added = nullptr;
  try {
    added = &detail::poller::here("accept").add(one.number);
  } catch (const std::system_error& e) {
    ++refused_;
    if (!detail::is_exhaustion(e.code())) throw;
    return e.code().message();
  }
  stream peer = detail::stream_of(detail::descriptor{*added});
  auto address = of_address_.end();
  if (options_.max_per_address < options_.max_connections) {
    address = of_address_.try_emplace(detail::client_address_of(one.from)).first;
    if (address->second >= options_.max_per_address) {
      ++refused_;
      return {};
    }
  }
  try {
    const pid connection =
        spawn_link({.label = options_.label}, [peer = std::move(peer), body = body_]() mutable { (*body)(peer); });
    connections_[connection.value()] = address;
  } catch (const error& e) {  // the one is closed, the others live on
    if (e.code() != errc::process_limit) throw;
    ++refused_;
    if (address != of_address_.end() && address->second == 0) of_address_.erase(address);
    return "there are as many processes as runtime_options::process_limit allows";
  }
  ++accepted_;
  if (address != of_address_.end()) ++address->second;
  return {};
}

// What waits in the line was told of already: it is asked for again after a while.
// Who connects and closes at the limit makes it come and go many times a second: the log hears of it now and then.
void server_process::pause(std::string_view why) {
  constexpr auto told_every = 60s;
  if (const auto now = clock::now(); told_of_exhaustion_ == clock::time_point{} || now - told_of_exhaustion_ >= told_every) {
    told_of_exhaustion_ = now;
    log(log_level::warning, fmt::format("server on {}: {}; it accepts again when others have closed some, {} are open here",
                                        options_.at.to_string(), why, connections_.size()));
  }
  info_after(pause_of_exhaustion, go_on{});
}

void server_process::leave(pid connection) {
  const addresses::iterator* address = connections_.find(connection.value());
  if (address == nullptr) return;
  if (*address != of_address_.end() && --(*address)->second == 0) of_address_.erase(*address);
  connections_.erase(connection.value());
}

void server_process::handle_info(const exited& end) {
  leave(end.process);
  if (full_) accept_some();
}

bool server_process::wait_until_empty(joist::detail::deadline limit) {
  limit = limit.fixed();
  while (!connections_.empty()) {
    const auto end =
        receive<exited>([this](const exited& e) { return connections_.find(e.process.value()) != nullptr; }, after(limit));
    if (!end) return false;
    leave(end->process);
  }
  return true;
}

// Who stands in the line is connected, for all it knows: to close would break the connection off. The line of a socket that
// was handed down goes on, for who comes next.
void server_process::accept_last() {
  const detail::entry* door = door_.get();
  if (door == nullptr || door->shared) return;
  while (connections_.size() < options_.max_connections) {
    auto one = detail::accept_now(door_.number());
    if (!one) return;
    begin(std::move(*one));
  }
}

void server_process::terminate(const exit_reason&) {
  if (const auto failed = catch_end([this] { accept_last(); }))
    log(log_level::warning, fmt::format("server on {}: those who waited in the line are lost: {}", options_.at.to_string(),
                                        failed->to_string()));
  door_.close();
  connections_.for_each([](std::uint64_t process, const auto&) { send(pid::from_value(process), stopping{}); });
  if (wait_until_empty(options_.drain)) return;
  constexpr auto to_unwind = 1s;
  for (const exit_reason& reason : {exit_reason::shutdown, exit_reason::kill}) {
    connections_.for_each([&](std::uint64_t process, const auto&) { exit(pid::from_value(process), reason); });
    if (wait_until_empty(to_unwind)) return;
  }
}

server_options checked(server_options o) {
  auto require = [&](bool ok, const char* what, auto got) {
    if (!ok)
      throw error{errc::bad_argument, fmt::format("server_options of {}: expected {}, got {}", o.at.to_string(), what, got)};
  };
  require(o.at.family() != endpoint::family::none || !o.listening.inherited.empty(),
          "an address in `at`, or a socket in `listening.inherited`", "neither");
  require(o.max_connections > 0, "max_connections of 1 or more", o.max_connections);
  require(o.max_per_address > 0, "max_per_address of 1 or more", o.max_per_address);
  require(o.drain >= 0ms, "a drain of 0 ms or more", o.drain.count());
  return o;
}

result<server_ref, start_error> start(const server_options& options, std::shared_ptr<const connection_body> body) {
  joist::server_options mine;
  mine.name = options.name;
  mine.process.label = "server";
  const auto started = try_start_link<server_process>(mine, options, std::move(body));
  if (!started) return failure{started.error()};
  return server_ref{started->process()};
}

template <class Message>
auto ask(pid process, Message message) {
  return joist::server_ref<server_process>{process}.call(std::move(message), infinity);
}

}  // namespace

endpoint server_ref::local() const { return ask(process_, server_process::where{}); }
connection_counts server_ref::counts() const { return ask(process_, server_process::count{}); }
std::optional<connection_counts> server_ref::try_counts(joist::detail::deadline limit) const {
  auto answer = joist::server_ref<server_process>{process_}.try_call(server_process::count{}, limit);
  return answer ? std::optional{*answer} : std::nullopt;
}
std::vector<pid> server_ref::connections() const { return ask(process_, server_process::list{}); }
void server_ref::stop(exit_reason reason, joist::detail::deadline limit) const {
  joist::server_ref<server_process>{process_}.stop(std::move(reason), limit);
}

result<server_ref, start_error> try_start_server(server_options options, connection_body body) {
  return start(checked(std::move(options)), std::make_shared<const connection_body>(std::move(body)));
}

server_ref start_server(server_options options, connection_body body) {
  return joist::detail::started_or_throw(try_start_server(std::move(options), std::move(body)));
}

child_spec child_server(std::string id, server_options options, connection_body body) {
  child_spec spec;
  spec.id = std::move(id);
  constexpr auto to_end = 5s;  // beyond what terminate() takes
  spec.shutdown = shutdown_policy{options.drain + to_end};
  spec.start = [o = checked(std::move(options)), shared = std::make_shared<const connection_body>(std::move(body))] {
    return joist::detail::child_of(start(o, shared));
  };
  return spec;
}

}  // namespace joist::inline v0::net
