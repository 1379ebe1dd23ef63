// Making connections: listen, accept, connect.
#include <joist/net/stream.hpp>

#include <joist/error.hpp>
#include <joist/log.hpp>
#include <joist/net/activation.hpp>
#include <joist/receive.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>

#include "core/scheduler.hpp"
#include "net/accepting.hpp"
#include "net/descriptor.hpp"
#include "net/names.hpp"
#include "net/poller.hpp"

namespace joist::inline v0::net {

using namespace std::chrono_literals;
using detail::deadline;
using detail::entry;
using detail::last_error;
using detail::use;

namespace {

const sockaddr* sockaddr_of(const endpoint& e) noexcept { return reinterpret_cast<const sockaddr*>(e.system().data()); }
socklen_t size_of(const endpoint& e) noexcept { return static_cast<socklen_t>(e.system().size()); }

/// A number that is closed unless it is given on.
class open_number {
 public:
  explicit open_number(int number) noexcept : number_{number} {}
  open_number(const open_number&) = delete;
  open_number& operator=(const open_number&) = delete;
  ~open_number() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int give() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

void set(int socket, int level, int name, int value) noexcept {
  (void)::setsockopt(socket, level, name, &value, sizeof value);  // what a kind of socket does not know, it does without
}

int open_socket(const endpoint& e) noexcept {
  return ::socket(sockaddr_of(e)->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

template <class Name>
endpoint name_of(int number, Name&& name) {
  alignas(sockaddr_un) std::array<std::byte, 128> bytes{};
  auto size = static_cast<socklen_t>(bytes.size());
  if (number < 0 || name(number, reinterpret_cast<sockaddr*>(bytes.data()), &size) != 0) return {};
  return endpoint::from_system(std::span{bytes}.first(std::min<std::size_t>(size, sizeof(sockaddr_un))));
}

// A file that was left behind: the system knows nobody there. Of a stream socket that is alive it says to one for datagrams
// that the kinds differ, and that one does not hear of it.
void remove_dead_path(const endpoint& at) {
  const std::string path = at.address();
  struct stat found {};
  if (path.starts_with('@') || ::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  const open_number probe{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (probe.get() < 0 || ::connect(probe.get(), sockaddr_of(at), size_of(at)) == 0 || errno != ECONNREFUSED) return;
  (void)::unlink(path.c_str());
}

io_result<int> bind_and_listen(const endpoint& at, const listen_options& options) {
  open_number socket{open_socket(at)};
  if (socket.get() < 0) return failure{last_error()};
  const bool is_path = at.family() == endpoint::family::unix_path;
  if (is_path) {
    if (options.replace_unix_path) remove_dead_path(at);
  } else {
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted ones inherit it
    if (options.share_port) set(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (at.family() == endpoint::family::ip6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, options.only_ip6 ? 1 : 0);
  }
  if (::bind(socket.get(), sockaddr_of(at), size_of(at)) != 0) return failure{last_error()};
  if (is_path && !at.address().starts_with('@') && ::chmod(at.address().c_str(), options.unix_mode) != 0)
    return failure{last_error()};
  if (::listen(socket.get(), options.backlog) != 0) return failure{last_error()};
  return socket.give();
}

void make_nonblocking(int number) {
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || ::fcntl(number, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
    detail::throw_error(last_error(), "adopt", fmt::format("descriptor {}", number));
}

// Another number for a socket that was handed down: what is made of it is closed, and the socket stays.
detail::descriptor share(detail::poller& poller, const std::string& name, int inherited) {
  int listens = 0;
  auto size = static_cast<socklen_t>(sizeof listens);
  if (::getsockopt(inherited, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
    throw error{errc::bad_argument, fmt::format("listen: expected that \"{}\", which was handed down as descriptor {}, is a "
                                                "socket that listens: ListenStream= and Accept=no in its unit",
                                                name, inherited)};
  open_number mine{::fcntl(inherited, F_DUPFD_CLOEXEC, 0)};
  if (mine.get() < 0) detail::throw_error(last_error(), "listen", name);
  make_nonblocking(mine.get());
  set(mine.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  entry& e = poller.add(mine.give());
  e.shared = true;
  return detail::descriptor{e};
}

}  // namespace

endpoint detail::local_of(int number) { return name_of(number, &::getsockname); }
endpoint detail::peer_of(int number) { return name_of(number, &::getpeername); }

result<detail::descriptor, std::error_code> detail::open_door(const endpoint& at, const listen_options& options) {
  poller& poller = poller::here("listen");
  if (!options.inherited.empty()) {
    if (const auto inherited = find_inherited(options.inherited)) return share(poller, options.inherited, *inherited);
    if (at.family() == endpoint::family::none)
      throw error{errc::bad_argument, fmt::format("listen: expected a socket \"{}\" that was handed down, or an address to "
                                                  "listen on without it, got neither",
                                                  options.inherited)};
  }
  detail::check_address(at, "listen");
  io_result<int> socket = bind_and_listen(at, options);
  // A machine without IPv6: what is meant by "all addresses" is IPv4 there.
  if (!socket && socket.error() == std::errc::address_family_not_supported && at == endpoint::any(at.port()))
    socket = bind_and_listen(endpoint{"0.0.0.0:0"}.with_port(at.port()), options);
  if (!socket) return failure{socket.error()};
  return descriptor{poller.add(*socket)};
}

io_result<listener> try_listen(const endpoint& at, const listen_options& options) {
  auto door = detail::open_door(at, options);
  if (!door) return failure{door.error()};
  return listener{*std::move(door)};
}

listener listen(const endpoint& at, const listen_options& options) {
  auto made = try_listen(at, options);
  if (!made) detail::throw_error(made.error(), "listen", at.to_string());
  return *std::move(made);
}

io_result<stream> listener::try_accept(deadline limit) {
  entry& e = use(fd_, "accept");
  limit = limit.fixed();
  bool told = false;
  for (auto pause = 10ms;;) {
    e.in.take();
    const auto accepted = detail::accept_now(fd_.number());
    if (accepted) return stream{detail::descriptor{detail::poller::here("accept").add(accepted->number)}};
    if (accepted.error() == std::errc::resource_unavailable_try_again) {
      if (const std::error_code why = detail::await(e.in, limit, "accept")) return failure{why};
      continue;
    }
    if (!detail::is_exhaustion(accepted.error())) return failure{accepted.error()};
    if (!std::exchange(told, true)) {
      core::this_worker()->home.log(
          log_level::warning, fmt::format("accept on {}: {}; it waits until others have closed some", local().to_string(),
                                          accepted.error().message()));
    }
    // Of what waits in the line it was told already: it asks again after a while.
    if (!limit.is_never() && clock::now().time_since_epoch().count() >= limit.resolve())
      return detail::failed(std::errc::timed_out);
    sleep_for(pause);
    pause = std::min(2 * pause, 200ms);
  }
}

stream listener::accept(deadline limit) {
  auto accepted = try_accept(limit);
  if (!accepted) detail::throw_error(accepted.error(), "accept", is_open() ? local().to_string() : "");
  return *std::move(accepted);
}

endpoint listener::local() const { return detail::local_of(fd_.number()); }

io_result<stream> try_connect(const endpoint& to, deadline limit) {
  detail::poller& poller = detail::poller::here("connect");
  detail::check_address(to, "connect");
  open_number socket{open_socket(to)};
  if (socket.get() < 0) return failure{last_error()};
  if (to.family() != endpoint::family::unix_path) set(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  limit = limit.fixed();
  int began = 0;
  do {
    began = ::connect(socket.get(), sockaddr_of(to), size_of(to));
  } while (began != 0 && errno == EINTR);
  if (began != 0 && errno == EAGAIN) {
    // A Unix socket whose line is full: the system tells nobody when it is shorter.
    for (auto pause = 1ms; began != 0 && errno == EAGAIN; pause = std::min(2 * pause, 50ms)) {
      if (!limit.is_never() && clock::now().time_since_epoch().count() >= limit.resolve())
        return detail::failed(std::errc::timed_out);
      sleep_for(pause);
      began = ::connect(socket.get(), sockaddr_of(to), size_of(to));
    }
  }
  const bool under_way = began != 0 && errno == EINPROGRESS;
  if (began != 0 && !under_way) return failure{last_error()};
  stream made{detail::descriptor{poller.add(socket.give())}};
  if (!under_way) return made;
  entry& e = use(made.fd_, "connect");
  for (;;) {
    if (const std::error_code why = detail::await(e.out, limit, "connect")) return failure{why};
    int error = 0;
    auto size = static_cast<socklen_t>(sizeof error);
    if (::getsockopt(made.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return failure{last_error()};
    if (error != 0) return failure{std::error_code{error, std::system_category()}};
    if (made.peer().family() != endpoint::family::none) return made;  // else it was a call too much
  }
}

stream connect(const endpoint& to, deadline limit) {
  auto made = try_connect(to, limit);
  if (!made) detail::throw_error(made.error(), "connect", to.to_string());
  return *std::move(made);
}

stream adopt(int connected) {
  detail::poller& poller = detail::poller::here("adopt");
  make_nonblocking(connected);
  return stream{detail::descriptor{poller.add(connected)}};
}

listener adopt_listener(int listening) {
  detail::poller& poller = detail::poller::here("adopt_listener");
  make_nonblocking(listening);
  return listener{detail::descriptor{poller.add(listening)}};
}

}  // namespace joist::inline v0::net
