// A crash stays in its process, and is data for the others: a monitor hears of it, a link shares it.
#include <joist/joist.hpp>

#include <stdexcept>

struct ready {};

int main() {
  joist::runtime_options quiet;
  quiet.log = joist::silent_sink();  // this example crashes on purpose
  return joist::run(
      [] {
        // [snippet: monitor]
        joist::spawn_monitor([] { throw std::runtime_error{"out of paper"}; });
        fmt::print("monitor: {}\n", joist::receive<joist::down>().reason);
        // [end]

        // [snippet: link]
        joist::trap_exit(true);  // exits of linked processes arrive as messages instead of ending this one
        joist::spawn_link([] {
          joist::spawn_link([] { joist::exit(joist::exit_reason::of("tired")); });
          joist::receive<joist::down>();  // never comes: the child's exit ends this process too
        });
        fmt::print("link: {}\n", joist::receive<joist::exited>().reason);
        // [end]

        // [snippet: kill]
        const joist::pid stubborn = joist::spawn_link([parent = joist::self()] {
          joist::trap_exit(true);
          joist::send(parent, ready{});
          for (;;) {
            joist::receive([](joist::exited e) { fmt::print("asked to end: {}\n", e.reason); });
            joist::send(parent, ready{});
          }
        });
        joist::receive<ready>();
        joist::exit(stubborn, joist::exit_reason::of("please"));
        joist::receive<ready>();
        joist::exit(stubborn, joist::exit_reason::kill);  // cannot be trapped
        fmt::print("kill: {}\n", joist::receive<joist::exited>().reason);
        // [end]
      },
      quiet);
}

// Output:
// monitor: error (std::runtime_error: out of paper)
// link: tired
// asked to end: please
// kill: killed
