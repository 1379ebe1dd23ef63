// joist/web/http_error.hpp: thrown by a handler that has nothing better to answer than a status.
//
//   const user* u = find(in.param("id"));
//   if (u == nullptr) throw joist::web::http_error{404, "no such user"};
//
// Promises
//   the router answers with the status and its page; the sentence goes to no client: response::why, request_served::why, and
//   `why` in lines of access_log as JSON
//
// See also: response.hpp (status_page), router.hpp.
#pragma once

#include <stdexcept>
#include <string>

namespace joist::inline v0::web {

class http_error : public std::runtime_error {
 public:
  http_error(int status, const std::string& why) : std::runtime_error{why}, status_{status} {}
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

struct response;
/// The page of its status, with its sentence in response::why: what routers answer.     [any thread]
[[nodiscard]] response status_page(const http_error& e);

}  // namespace joist::inline v0::web
