// expect: joist: handle_in is there, and no event goes to it: name them in a public `using events = joist::type_list<...>`
// expect: joist: handle_in is there for an event's name and something else
// expect: joist: handle_out is there, and no broadcast goes to it
#include <joist/web/socket.hpp>

namespace web = joist::web;

struct said {
  std::string body;
};

struct without_events : web::channel<without_events> {
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(const said&) {}
};
struct with_json : web::channel<with_json> {
  using events = joist::type_list<said>;
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(const said&) {}
  void handle_in(std::string_view, const web::json_value&) {}
};
struct with_string : web::channel<with_string> {
  using events = joist::type_list<said>;
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(const said&) {}
  void handle_in(std::string, web::json_value) {}
};
struct without_intercepts : web::channel<without_intercepts> {
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_out(std::string_view, const web::payload&) {}
};

void wrong(web::socket<>& clients) {
  clients.channel<without_events>("a:*");
  clients.channel<with_json>("b:*");
  clients.channel<with_string>("c:*");
  clients.channel<without_intercepts>("d:*");
}
