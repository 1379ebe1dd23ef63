// expect: joist: terminate is there, and cannot be called with a const exit_reason&: make it a public `void terminate\(const
// joist::exit_reason&\)` expect: joist: format_status is there, and cannot be called on a const server for a std::string
// expect: joist: handle_hibernate is there, and cannot be called: make it a public `void handle_hibernate\(\)`
// expect: joist: handle_info takes a Message&, and is never called
#include <joist/otp/gen_server.hpp>
#include <joist/otp/gen_statem.hpp>

struct without_reason : joist::gen_server<without_reason> {
  void terminate() {}
};
struct with_number : joist::gen_server<with_number> {
  void terminate(int) {}
};
class keeps_to_itself : public joist::gen_server<keeps_to_itself> {
  void terminate(const joist::exit_reason&) {}
  void handle_hibernate() {}
};
enum class phase { only };
struct machine : joist::gen_statem<machine, phase> {
  machine() : gen_statem{phase::only} {}
  std::string format_status() { return {}; }
};
struct takes_to_change : joist::gen_server<takes_to_change> {
  void handle_info(joist::exited&) {}
};

void wrong() {
  (void)joist::start<without_reason>();
  (void)joist::start<with_number>();
  (void)joist::start<keeps_to_itself>();
  (void)joist::start<machine>();
  (void)joist::start<takes_to_change>();
}
