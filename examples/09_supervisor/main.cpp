// Let it crash: a worker that divides by zero ends; its supervisor starts another, and everything else goes on. There is no
// exception handling in this program.
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>

// [snippet: worker]
class calculator : public joist::gen_server<calculator> {
 public:
  struct divide {
    int by;
  };
  struct results {
    using reply = int;
  };
  void handle_cast(divide d) {
    last_ = 100 / d.by;
    ++count_;
  }
  int handle_call(results) const { return count_; }

 private:
  int last_ = 0;
  int count_ = 0;
};
// [end]

// [snippet: supervisor]
struct arithmetic {
  static joist::supervisor_init init() {
    joist::server_options named;
    named.name = "calculator";
    return {{.strategy = joist::supervision::one_for_one, .intensity = 3}, {joist::child<calculator>("calculator", named)}};
  }
};
// [end]

namespace {

joist::server_ref<calculator> current() { return *joist::find_server<calculator>("calculator"); }

// The first lines of what the log says; the frames of a backtrace are other ones on each machine.
void print_report(joist::log_level, std::string_view text) {
  const std::string_view heading = text.substr(0, text.find('\n'));
  if (heading.find("ends by a crash") == std::string_view::npos) return;
  fmt::print("log: a server ends by a crash{}\n",
             text.find("thrown at:") != std::string_view::npos ? ", with a backtrace" : "");
}

}  // namespace

int main() {
  joist::runtime_options options;
  options.log = &print_report;
  return joist::run(
      [] {
        const auto top = joist::start_supervisor<arithmetic>();
        const auto first = current();
        first.cast(calculator::divide{5});
        fmt::print("results: {}\n", first.call(calculator::results{}));

        const joist::ref watch = joist::monitor(first.process());
        first.cast(calculator::divide{0});
        fmt::print(
            "ended: {}\n",
            joist::receive<joist::down>([watch](const joist::down& d) { return d.monitor == watch; }).reason.error()->type);

        (void)top.count_children();  // answered when the supervisor has started the next
        const auto second = current();
        second.cast(calculator::divide{4});
        fmt::print("another one: {}, results: {}\n", first != second, second.call(calculator::results{}));
        top.stop();
      },
      options);
}

// Output:
// results: 1
// log: a server ends by a crash, with a backtrace
// ended: joist::fault
// another one: true, results: 1
