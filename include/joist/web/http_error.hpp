// joist/web/http_error.hpp: thrown by a handler that has nothing better to answer than a status.
//
//   const user* u = find(in.param("id"));
//   if (u == nullptr) throw joist::web::http_error{404, "no such user"};
//
// Promises
//   the router answers with the status and its page; the sentence is for logs and goes to no client
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

}  // namespace joist::inline v0::web
