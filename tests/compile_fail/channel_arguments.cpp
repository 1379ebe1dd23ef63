// expect: joist: the channel has no public constructor that takes these arguments
// expect: joist: the arguments of a channel are copied for each
#include <joist/web/socket.hpp>

#include <memory>

namespace web = joist::web;

struct counts : web::channel<counts> {
  explicit counts(int) {}
  explicit counts(std::unique_ptr<int>) {}
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
};

void wrong(web::socket<>& clients) {
  clients.channel<counts>("a:*", std::string{"seven"});
  clients.channel<counts>("b:*", std::make_unique<int>(7));
}
