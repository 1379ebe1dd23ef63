#include <joist/web/client_response.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "web/client/exchange.hpp"

namespace joist::inline v0::web {

std::string client_error::to_string() const {
  if (!text.empty()) return text;
  switch (what) {
    case kind::bad_url: return "the URL is none that a client of HTTP can ask";
    case kind::busy: return "no connection became free in time: max_per_host are in use";
    case kind::resolve: return "the name of the host is not found";
    case kind::connect: return "nobody takes the connection";
    case kind::tls: return "the connection is not secure, or cannot be";
    case kind::timed_out: return "it took longer than one of client_times";
    case kind::closed: return "the connection ended before the response did";
    case kind::protocol: return "what came is no HTTP/1.1, or has two readings";
    case kind::too_large: return "the response is larger than response_limits allow";
    case kind::too_many_redirects: return "there are more redirects than max_redirects";
    case kind::bad_redirect: return "the redirect is one that is not followed";
    case kind::no_upgrade: return "the server answered, and not with a WebSocket";
  }
  return "there is no response";
}

client_response::client_response(web::url from, http::response_head head, std::unique_ptr<http::client_exchange> rest)
    : url_{std::move(from)},
      fields_{std::move(head.fields)},
      rest_{std::move(rest)},
      body_bytes_{rest_->body_bytes()},
      status_{head.status},
      version_{head.version} {
  if (rest_->is_over()) rest_.reset();
}
client_response::client_response(client_response&&) noexcept = default;
client_response& client_response::operator=(client_response&&) noexcept = default;
client_response::~client_response() = default;

// Up to one byte more than the limit is asked for: that is how one knows.
std::optional<client_error> client_response::gather() const {
  if (rest_ == nullptr) return std::nullopt;
  constexpr std::uint64_t least = std::uint64_t{4} * 1024, most = std::uint64_t{64} * 1024;
  const std::uint64_t limit = rest_->limits().body_bytes;
  const auto too_large = [&] {
    return rest_->give_up(rest_->failed(client_error::kind::too_large,
                                        fmt::format("the body is larger than limits.body_bytes ({}): raise it, or use "
                                                    "client::stream and read_body",
                                                    limit)));
  };
  if (rest_->body_bytes().value_or(0) > limit) return too_large();
  body_.reserve(static_cast<std::size_t>(rest_->body_bytes().value_or(0)));
  while (rest_ != nullptr) {
    const std::size_t have = body_.size();
    const std::uint64_t room = std::min(std::clamp<std::uint64_t>(have, least, most), limit - have + 1);
    body_.resize(have + static_cast<std::size_t>(room));
    const auto got = rest_->read_body(std::as_writable_bytes(std::span{body_}.subspan(have)));
    body_.resize(have + (got ? *got : 0));
    if (!got) return got.error();
    if (body_.size() > limit) return too_large();
    if (*got == 0) rest_.reset();
  }
  return std::nullopt;
}

std::string_view client_response::body() const {
  if (auto problem = gather()) throw client_failed{*std::move(problem)};
  return std::string_view{body_}.substr(body_taken_);
}

result<std::size_t, client_error> client_response::try_read_body(std::span<std::byte> into) {
  if (into.empty())
    throw error{errc::bad_argument, "client_response::read_body: expected a buffer of one byte or more, got none"};
  if (body_taken_ == body_.size() && rest_ != nullptr) {
    auto got = rest_->read_body(into);
    if (got && rest_->is_over()) rest_.reset();
    return got;
  }
  const auto bytes = std::as_bytes(std::span{body_}.subspan(body_taken_));
  const std::size_t taken = std::min(into.size(), bytes.size());
  std::ranges::copy(bytes.first(taken), into.begin());
  body_taken_ += taken;
  return taken;
}

std::size_t client_response::read_body(std::span<std::byte> into) {
  auto got = try_read_body(into);
  if (!got) throw client_failed{std::move(got).error()};
  return *got;
}

}  // namespace joist::inline v0::web
