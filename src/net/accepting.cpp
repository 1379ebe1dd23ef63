#include "net/accepting.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

namespace joist::inline v0::net::detail {
namespace {

// Of accept(2): errors of the one connection, which is passed over.
bool concerns_one_connection(int why) noexcept {
  constexpr std::array errors{EINTR,        ECONNABORTED, EPROTO,      ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                              EHOSTUNREACH, EOPNOTSUPP,   ENETUNREACH, ENONET,   EPERM};
  return std::find(errors.begin(), errors.end(), why) != errors.end();
}

}  // namespace

result<accepted, std::error_code> accept_now(int listener) {
  for (;;) {
    alignas(sockaddr_un) std::array<std::byte, 128> address{};
    auto size = static_cast<socklen_t>(address.size());
    const int number = ::accept4(listener, reinterpret_cast<sockaddr*>(address.data()), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (number >= 0)
      return accepted{number,
                      endpoint::from_system(std::span{address}.first(std::min<std::size_t>(size, sizeof(sockaddr_un))))};
    if (!concerns_one_connection(errno)) return failure{std::error_code{errno, std::system_category()}};
  }
}

bool is_exhaustion(const std::error_code& why) noexcept {
  const int value = why.value();
  return value == EMFILE || value == ENFILE || value == ENOBUFS || value == ENOMEM || value == ENOSPC;
}

}  // namespace joist::inline v0::net::detail
