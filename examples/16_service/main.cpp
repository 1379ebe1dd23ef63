// The skeleton of a service: applications with settings, a supervision tree, a health check, and an orderly stop at SIGTERM.
#include <signal.h>
#include <unistd.h>

#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/otp/gen_server.hpp>

// [snippet: health]
// Asks a part of the service whether it is well, as a load balancer would.
class store : public joist::gen_server<store> {
 public:
  struct is_well {
    using reply = bool;
  };
  explicit store(int shelves) : shelves_{shelves} {}
  bool handle_call(is_well) const { return shelves_ > 0; }

 private:
  int shelves_;
};

bool healthy() {
  const auto parts = joist::find_server<store>("store");
  return parts && parts->try_call(store::is_well{}, std::chrono::seconds{1}).has_value();
}
// [end]

namespace {

// [snippet: application]
joist::application shop() {
  joist::application a{"shop"};
  a.defaults = {{"shelves", "3"}};  // SHOP_SHELVES=7 ./service wins
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    joist::server_options named;
    named.name = "store";
    return {{.strategy = joist::supervision::rest_for_one}, {joist::child<store>("store", named, env.get<int>("shelves"))}};
  };
  a.phases = {"open"};
  a.start_phase = [](std::string_view, const joist::environment& env) {
    fmt::print("{} is open, {} shelves, healthy: {}\n", env.application(), env.get<int>("shelves"), healthy());
    std::fflush(stdout);
  };
  a.stopped = [] { fmt::print("closed\n"); };
  return a;
}
// [end]

// Stands for the operator: tells the program to stop.
joist::application visitor() {
  joist::application a{"visitor"};
  a.needs = {"shop"};
  a.start = [](const joist::environment&) -> joist::supervisor_init {
    return {{}, {joist::child_process("visitor", [] {
              ::kill(::getpid(), SIGTERM);
              joist::receive<int>();
            })}};
  };
  return a;
}

}  // namespace

// [snippet: main]
int main() { return joist::run_applications({shop(), visitor()}); }
// [end]

// Output:
// shop is open, 3 shelves, healthy: true
// closed
