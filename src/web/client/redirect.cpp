#include "web/client/redirect.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace joist::inline v0::web::http {
namespace {

void remove(fields& from, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) from.remove(name);
}

void drop_body(client_request& request) {
  request.body = std::string{};
  remove(request.fields, {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-MD5",
                          "Content-Disposition", "Digest", "Last-Modified"});
}

}  // namespace

bool is_redirect(int status, const fields& f) noexcept {
  const bool is = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return is && f.contains("Location");
}

result<url, client_error> redirect_target(const url& from, std::string_view location) {
  const auto bad = [](std::string text) {
    return failure{client_error{client_error::kind::bad_redirect, std::move(text), {}}};
  };
  auto to = from.resolve(location);
  if (!to) return bad("the server redirects to what is no URL: " + to.error());
  if (to->scheme() == url::scheme::ws || to->scheme() == url::scheme::wss) return bad("the server redirects to a WebSocket");
  if (from.is_secure() && !to->is_secure())
    return bad("the server redirects from https to http, where others could read along: ask there yourself, if you mean it");
  return *std::move(to);
}

std::optional<client_error> redirect(client_request& request, int status, const url& from, const url& to) {
  const bool to_get = (status == 303 && request.method != "HEAD" && request.method != "GET") ||
                      ((status == 301 || status == 302) && request.method == "POST");
  if (to_get) {
    request.method = "GET";
    drop_body(request);
  } else if (std::holds_alternative<streamed_body>(request.body)) {
    return client_error{
        client_error::kind::bad_redirect,
        fmt::format("the server wants the body at {}, but a streamed one is written once: send it there", to.origin()),
        {}};
  }
  if (from.origin() != to.origin()) remove(request.fields, {"Authorization", "Cookie", "Proxy-Authorization", "Host"});
  return std::nullopt;
}

}  // namespace joist::inline v0::web::http
