// A pool of jobs: a dynamic supervisor starts each as a process of its own, not more than so many at once; who is refused
// waits until one has ended. A job that crashes takes nobody along.
#include <joist/joist.hpp>
#include <joist/otp/dynamic_supervisor.hpp>

// [snippet: job]
struct resized {
  int picture;
};

class resize : public joist::gen_server<resize> {
 public:
  struct begin {};
  resize(joist::pid to, int picture) : to_{to}, picture_{picture} { continue_with(begin{}); }
  void handle_continue(begin) {
    if (picture_ == 3) throw std::runtime_error{"picture 3 is broken"};
    joist::send(to_, resized{picture_});
    stop();
  }

 private:
  joist::pid to_;
  int picture_;
};
// [end]

namespace {

// [snippet: pool]
// Starts a job as soon as there is room.
void submit(joist::dynamic_supervisor_ref pool, joist::child_spec job) {
  job.restart = joist::restart_type::temporary;
  for (;;) {
    const auto started = pool.start_child(job);
    if (started) return;
    if (started.error().what != joist::supervisor_error::kind::max_children) joist::exit(started.error().start.reason);
    const auto running = pool.which_children();
    if (running.empty()) continue;
    const joist::ref oldest = joist::monitor(running.back().process);  // says at once when it has ended already
    joist::receive<joist::down>([oldest](const joist::down& d) { return d.monitor == oldest; });
  }
}
// [end]

}  // namespace

int main() {
  joist::runtime_options options;
  options.log_from = joist::log_level::none;  // picture 3 would be told
  return joist::run(
      [] {
        joist::dynamic_supervisor_options at_once;
        at_once.max_children = 2;
        const auto pool = joist::start_dynamic_supervisor(at_once);
        const auto resize_of = joist::child_template<resize>(joist::self());
        for (int picture = 1; picture <= 6; ++picture) submit(pool, resize_of(picture));
        int sum = 0;
        for (int i = 0; i < 5; ++i) sum += joist::receive<resized>().picture;
        fmt::print("five pictures, their numbers add up to {}\n", sum);
        pool.stop();
      },
      options);
}

// Output:
// five pictures, their numbers add up to 18
