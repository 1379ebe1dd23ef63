#include <joist/net/activation.hpp>

#include <joist/error.hpp>
#include <joist/net/endpoint.hpp>
#include <joist/otp/gen_server.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <utility>

#include "net/listen_variables.hpp"

namespace joist::inline v0::net {
namespace {

using namespace std::chrono_literals;

// The functions here are called from any thread, and one of them changes the environment.
std::mutex environment_mutex;

std::optional<std::string> variable(const char* name) {
  const std::scoped_lock lock{environment_mutex};
  const char* const value = std::getenv(name);
  return value != nullptr ? std::optional<std::string>{value} : std::nullopt;
}
void forget_variable(const char* name) {
  const std::scoped_lock lock{environment_mutex};
  ::unsetenv(name);
}

std::vector<inherited_socket> take_inherited() {
  const auto pid = variable("LISTEN_PID"), count = variable("LISTEN_FDS"), names = variable("LISTEN_FDNAMES");
  auto found = detail::names_of_inherited({pid, count, names}, ::getpid());
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"}) forget_variable(name);
  if (!found) throw error{errc::bad_argument, "inherited sockets: " + found.error()};
  std::vector<inherited_socket> all;
  for (std::string& name : *found) {
    const int descriptor = detail::first_inherited + static_cast<int>(all.size());
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
      throw error{
          errc::bad_argument,
          fmt::format("inherited sockets: expected an open descriptor {} (\"{}\"), there is none", descriptor, name)};
    all.push_back({std::move(name), descriptor});
  }
  return all;
}

class watchdog : public gen_server<watchdog> {
 public:
  explicit watchdog(std::chrono::milliseconds every, std::function<bool()> is_well)
      : every_{every}, is_well_{std::move(is_well)} {
    tell();
  }
  void handle_timeout() { tell(); }
  void handle_info(any_message) { timeout_after(every_); }

 private:
  void tell() {
    if (!is_well_ || is_well_()) notify("WATCHDOG=1");
    timeout_after(every_);
  }

  const std::chrono::milliseconds every_;
  const std::function<bool()> is_well_;
};

}  // namespace

const std::vector<inherited_socket>& inherited_sockets() {
  static const std::vector<inherited_socket> all = take_inherited();
  return all;
}

std::optional<int> find_inherited(std::string_view name) {
  detail::numbered_name wanted = detail::parse_numbered_name(name);
  for (const inherited_socket& s : inherited_sockets()) {
    if (s.name == wanted.name && --wanted.number == 0) return s.descriptor;
  }
  return std::nullopt;
}

bool notify(std::string_view lines) noexcept {
  const auto where = variable("NOTIFY_SOCKET");
  if (!where) return false;
  const auto to = endpoint::parse("unix:" + *where);
  if (!to) return false;
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const timeval patience{5, 0};  // it reads at once; where it does not, others are not held up for long
  (void)::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto address = to->system();
  const auto sent = ::sendto(socket, lines.data(), lines.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(address.data()), static_cast<socklen_t>(address.size()));
  ::close(socket);
  return sent == static_cast<ssize_t>(lines.size());
}

bool notify_reloading() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  const auto number = [](const char* name) -> std::optional<std::int64_t> {
    const auto text = variable(name);
    std::int64_t value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc{}) return std::nullopt;
    return value;
  };
  const auto interval = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");
  if (!interval || *interval <= 0 || (pid && *pid != ::getpid())) return std::nullopt;
  return std::chrono::microseconds{*interval};
}

child_spec child_watchdog(std::string id, std::function<bool()> is_well) {
  child_spec spec;
  spec.id = std::move(id);
  spec.start = [is_well = std::move(is_well)]() -> result<started_child, start_error> {
    const auto interval = watchdog_interval();
    if (!interval) return started_child{};
    const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(*interval / 2);
    return starts<watchdog>(std::max(half, 1ms), is_well)();
  };
  return spec;
}

}  // namespace joist::inline v0::net
