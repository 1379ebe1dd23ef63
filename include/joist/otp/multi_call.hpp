// joist/otp/multi_call.hpp: telling, or asking, many servers of a class at once.
//
//   joist::abcast(servers, cache::forget{key});
//   auto sizes = joist::multi_call(servers, cache::size{}, 1s);
//   for (auto& [server, size] : sizes.replies) ...
//
// Promises
//   each server gets a copy of the message; those that are not there cost nothing and stop nobody
//   `limit` bounds the whole; a late answer never reaches the mailbox
//
// See also: request.hpp. OTP: gen_server:abcast, gen_server:multi_call (of lists of servers, not of nodes).
#pragma once

#include <joist/otp/request.hpp>
#include <joist/otp/server_ref.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace joist::inline v0 {

template <class Range>
concept range_of_servers = std::ranges::forward_range<Range> && requires(std::ranges::range_value_t<Range> s) {
  []<class Server>(const server_ref<Server>&) {}(s);
};

/// A cast to each.     [any thread]
template <range_of_servers Servers, std::copy_constructible Message>
void abcast(const Servers& servers, const Message& message) {
  for (const auto& server : servers) server.cast(message);
}

/// Who answered, and who did not, in the order of the servers.
template <class Ref, class Reply>
struct multi_result {
  struct good {
    Ref server;
    detail::value_for<Reply> reply;
  };
  struct bad {
    Ref server;
    exit_reason reason;  ///< noproc, timeout, or of its end
  };
  std::vector<good> replies;
  std::vector<bad> failures;
};

/// Asks all, and waits until all have answered or ended, or the limit is over.     [process]
template <range_of_servers Servers, std::copy_constructible Message>
auto multi_call(const Servers& servers, const Message& message, detail::deadline limit = default_call_limit) {
  using reply = detail::reply_to<Message>;
  using ref_type = std::ranges::range_value_t<Servers>;
  const detail::deadline until = limit.fixed();
  std::vector<ref_type> asked;
  for (const ref_type& server : servers) {
    if (server.process() == self()) detail::refuse_to_call_oneself();
    asked.push_back(server);
  }
  std::vector<std::optional<result<reply, exit_reason>>> outcomes(asked.size());
  request_set<reply, std::size_t> all;
  for (std::size_t i = 0; i < asked.size(); ++i) all.add(asked[i].send_request(message), i);
  while (auto next = all.receive_response(until)) outcomes[next->label] = std::move(next->outcome);
  multi_result<ref_type, reply> split;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!outcomes[i]) {
      split.failures.push_back({asked[i], exit_reason::timeout});
    } else if (*outcomes[i]) {
      split.replies.push_back({asked[i], **std::move(outcomes[i])});
    } else {
      split.failures.push_back({asked[i], std::move(*outcomes[i]).error()});
    }
  }
  return split;
}

}  // namespace joist::inline v0
