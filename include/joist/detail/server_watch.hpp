// joist/detail/server_watch.hpp: how joist/otp/sys.hpp asks a server, and what a server keeps for it.
#pragma once

#include <joist/clock.hpp>
#include <joist/detail/server.hpp>
#include <joist/error.hpp>
#include <joist/otp/server_ref.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0::detail {

/// Something that a server took, or gave.
struct server_event {
  clock::time_point when;
  bool in = true;
  std::string type;  // of the message
  pid whom;          // who waits for an answer, if anybody does
};

struct server_statistics {
  clock::time_point since;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;  // answers
};

struct server_watch {
  struct spy {
    std::string name;
    std::function<bool(const server_event&)> look;
  };
  std::optional<server_statistics> counts;
  bool traces = false;
  std::size_t kept_events = 0;
  std::deque<server_event> events;
  std::vector<spy> spies;

  [[nodiscard]] bool is_idle() const noexcept { return !counts && !traces && kept_events == 0 && spies.empty(); }
};

/// The server, as what it is; throws errc::bad_argument when it is something else.
[[nodiscard]] void* checked_server(const server_control& c, const std::type_info& type);
template <class Server>
[[nodiscard]] Server& server_of(const server_control& c) {
  return *static_cast<Server*>(checked_server(c, typeid(Server)));
}

template <class Answer, class F>
struct system_request : system_message {
  using message_base = system_message;
  from<result<Answer, exit_reason>> client;
  F look;

  system_request(from<result<Answer, exit_reason>> who, F f) : system_message{&handle_it}, client{who}, look{std::move(f)} {}
  [[nodiscard]] pid asked_by() const noexcept { return client.process(); }
  static void handle_it(server_control& c, system_message& base) {
    auto& request = static_cast<system_request&>(base);
    std::optional<result<Answer, exit_reason>> got;
    std::optional<exit_reason> failed = catch_end([&] {
      if constexpr (std::is_void_v<Answer>) {
        request.look(c);
        got.emplace();
      } else {
        got.emplace(request.look(c));
      }
    });
    if (failed) got.emplace(failure{std::move(*failed)});
    reply(request.client, std::move(*got));
  }
};

/// f(server_control&) in the server's process.
template <class Answer, class F>
Answer ask_system(pid server, F f, deadline limit) {
  using seen = result<Answer, exit_reason>;
  bool ended = false;
  auto got = ask<seen>(
      server,
      [&f](from<seen> me) {
        return system_request<Answer, F>{me, std::move(f)};
      },
      limit, ended);
  failed_wait asked{"a request of sys to", server, nullptr, limit, ended};
  if (!got) asking_failed(got.error(), asked);
  asked.is_whoms_reason = true;  // it lives, and has told what f threw
  if (!*got) asking_failed(got->error(), asked);
  if constexpr (!std::is_void_v<Answer>) return **std::move(got);
}

}  // namespace joist::inline v0::detail
