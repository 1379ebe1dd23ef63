// The first program: a process that waits for one message, and another that watches it end.
#include <joist/joist.hpp>

struct hello {
  std::string text;
};

int main() {
  return joist::run([] {  // starts the runtime; this is the first process; when it ends, the runtime stops
    auto [greeter, watch] =
        joist::spawn_monitor([] { joist::receive([](hello message) { fmt::print("Received: {}\n", message.text); }); });
    joist::send(greeter, hello{"world"});
    joist::receive<joist::down>();  // the greeter has ended
  });
}

// Output:
// Received: world
