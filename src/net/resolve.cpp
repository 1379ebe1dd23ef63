#include <joist/net/resolve.hpp>

#include <joist/joist.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <utility>

#include "net/descriptor.hpp"

namespace joist::inline v0::net {
namespace {

using namespace std::chrono_literals;
using joist::detail::deadline;

constexpr auto head_start = 250ms;  // RFC 8305, 5

class resolve_errors final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "joist.resolve"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<resolve_errc>(value)) {
      case resolve_errc::not_found: return "there is no host of this name, or it has no address";
      case resolve_errc::try_again: return "no name server answered; later one may";
      case resolve_errc::failed: break;
    }
    return "the name cannot be looked up";
  }
};

resolve_errc error_of(int code) noexcept {
  switch (code) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
      return resolve_errc::not_found;
    case EAI_AGAIN: return resolve_errc::try_again;
    default: return resolve_errc::failed;
  }
}

// What the one who looks up tells the one who asked; `error` 0: these are the addresses.
struct looked_up {
  std::vector<endpoint> addresses;
  int error = 0;
};

looked_up look_up(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (code != 0) return {{}, static_cast<int>(error_of(code))};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, &::freeaddrinfo};
  looked_up result;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    const auto* bytes = reinterpret_cast<const std::byte*>(a->ai_addr);
    result.addresses.push_back(endpoint::from_system({bytes, a->ai_addrlen}).with_port(port));
  }
  if (result.addresses.empty()) result.error = static_cast<int>(resolve_errc::not_found);
  return result;
}

// What one attempt tells: the connection, or the system's error.
struct attempted {
  stream connection;
  int error = 0;
  bool by_system = true;  // else of std::errc
};

attempted attempt(const endpoint& to, deadline limit) {
  auto made = try_connect(to, limit);
  if (made) return {*std::move(made)};
  return {{}, made.error().value(), made.error().category() == std::system_category()};
}

// Processes that work for the caller: their answers come by an alias, so that late ones vanish, and they end with it. What
// came and was not asked for is taken out of the mailbox: answers, and of a caller that traps exits, that they have ended.
template <class Answer>
class helpers {
 public:
  helpers() : to_{make_alias()} {}
  helpers(const helpers&) = delete;
  helpers& operator=(const helpers&) = delete;
  ~helpers() {
    unalias(to_);
    for (const pid p : all_) {
      unlink(p);
      exit(p, exit_reason::kill);
      receive(when([p](const exited& e) { return e.process == p; }, [](exited) {}), after(0ms, [] {}));
    }
    while (receive<Answer>(after(0ms))) {
    }
  }
  template <class Work>
  void add(Work work) {
    all_.push_back(spawn_link([to = to_, work = std::move(work)]() mutable { send(to, work()); }));
  }

 private:
  alias to_;
  std::vector<pid> all_;
};

}  // namespace

const std::error_category& resolve_category() noexcept {
  static const resolve_errors category;
  return category;
}

std::error_code make_error_code(resolve_errc e) noexcept { return {static_cast<int>(e), resolve_category()}; }

io_result<std::vector<endpoint>> try_resolve(std::string host, std::uint16_t port, deadline limit) {
  if (host.empty() || host.find('\0') != host.npos)
    throw error{errc::bad_argument, "resolve: expected the name of a host, got none, or one with a NUL in it"};
  if (const auto address = endpoint::parse(host, port)) return std::vector{*address};
  helpers<looked_up> work;
  work.add([host = std::move(host), port] { return blocking([&] { return look_up(host, port); }); });
  auto answer = receive<looked_up>(after(limit));
  if (!answer) return detail::failed(std::errc::timed_out);
  if (answer->error != 0) return failure{make_error_code(static_cast<resolve_errc>(answer->error))};
  return std::move(answer->addresses);
}

io_result<stream> try_connect(std::string host, std::uint16_t port, deadline limit) {
  limit = limit.fixed();
  auto found = try_resolve(std::move(host), port, limit);
  if (!found) return failure{found.error()};
  if (found->size() == 1) return try_connect(found->front(), limit);
  helpers<attempted> attempts;
  std::error_code last = std::make_error_code(std::errc::timed_out);
  std::size_t begun = 0, failed = 0;
  while (failed < found->size()) {
    if (begun < found->size()) {
      attempts.add([to = (*found)[begun], limit] { return attempt(to, limit); });
      ++begun;
    }
    // The next one begins when this one has had its start, or has failed.
    const bool more = begun < found->size();
    auto answer = more ? receive<attempted>(after(head_start)) : receive<attempted>(after(infinity));
    if (!answer) continue;
    if (answer->connection) return std::move(answer->connection);
    last = {answer->error, answer->by_system ? std::system_category() : std::generic_category()};
    ++failed;
  }
  return failure{last};
}

std::vector<endpoint> resolve(std::string host, std::uint16_t port, deadline limit) {
  auto found = try_resolve(host, port, limit);
  if (!found) detail::throw_error(found.error(), "resolve", host);
  return *std::move(found);
}

stream connect(std::string host, std::uint16_t port, deadline limit) {
  auto made = try_connect(host, port, limit);
  if (!made) detail::throw_error(made.error(), "connect", fmt::format("{}:{}", host, port));
  return *std::move(made);
}

}  // namespace joist::inline v0::net
