// Handlers of all kinds that can be called, and members of the same names beside them.
#include <joist/otp/gen_server.hpp>
#include <joist/otp/gen_statem.hpp>
#include <joist/otp/sys.hpp>
#include <joist/web/socket.hpp>

namespace web = joist::web;

struct told {
  int number;
};

class plain : public joist::gen_server<plain> {};
class overloaded : public joist::gen_server<overloaded> {
 public:
  void terminate(joist::exit_reason) {}
  void terminate() {}
  std::string_view format_status() { return "mine"; }
  const char* format_status() const { return "a server"; }
  void handle_hibernate(int times = 1) { (void)times; }
  void handle_info(const joist::down&) {}
  void handle_info(joist::exited) {}
  void handle_info(told&&) {}

 private:
  void terminate(int) {}
};
template <class Self>
struct with_terminate : joist::gen_server<Self> {
  void terminate(const joist::exit_reason&) {}
  template <class Message>
  void handle_info(Message&&) {}
};
struct inherits : with_terminate<inherits> {};
struct last final : joist::gen_server<last> {
  void terminate(const joist::exit_reason&) {}
};
struct with_virtual : joist::gen_server<with_virtual> {
  virtual ~with_virtual() = default;
  virtual void terminate(const joist::exit_reason&) {}
};
enum class phase { only };
struct machine : joist::gen_statem<machine, phase> {
  machine() : gen_statem{phase::only} {}
  void handle_info(phase, joist::down&) {}
  void terminate(const joist::exit_reason&) {}
};

struct said {
  std::string body;
};
struct silent : web::channel<silent> {
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
};
struct talks : web::channel<talks> {
  using events = joist::type_list<said>;
  static constexpr auto intercepts = std::to_array<std::string_view>({"said"});
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(const said&, bool quiet = false) { (void)quiet; }
  void handle_in(const said&, int, int) {}
  void handle_out(std::string_view, const web::payload&) {}
};
namespace {
struct heard {
  std::string body;
};
struct local : web::channel<local> {
  using events = joist::type_list<heard>;
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(const heard&) {}
  void handle_in(const heard&, heard) {}
};
}  // namespace
struct takes_all : web::channel<takes_all> {
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }
  void handle_in(std::string_view, web::client_payload) {}
};

void right(web::socket<>& clients) {
  (void)joist::start<plain>();
  joist::start<overloaded>().info(told{});
  (void)joist::start<inherits>();
  (void)joist::start<last>();
  (void)joist::start<with_virtual>();
  (void)joist::start<machine>();
  clients.channel<silent>("a:*").channel<talks>("b:*").channel<takes_all>("c:*").channel<local>("d:*");
}
