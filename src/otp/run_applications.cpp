#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <joist/joist.hpp>
#include <joist/otp/application.hpp>

#include <array>
#include <atomic>
#include <system_error>

namespace joist::inline v0 {
namespace {

class descriptor {
 public:
  explicit descriptor(int fd, const char* what) : fd_{fd} {
    if (fd < 0) throw std::system_error{errno, std::generic_category(), what};
  }
  ~descriptor() { ::close(fd_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  return set;
}

// What the thread of main, which waits for signals, and the process that keeps the applications tell each other.
struct program {
  std::vector<application> applications;
  application_options options;
  descriptor ended{::eventfd(0, EFD_CLOEXEC), "eventfd"};
  std::atomic<int> result{1};
};

struct stop_now {};

// The first process: it is linked to the applications, and ends with them.
void keep(program& p) {
  trap_exit(true);
  const auto started = try_start_applications(std::move(p.applications), p.options);
  if (!started) {
    log(report{report_kind::application, log_level::error, self(), "the program does not start"}.add(
        "reason", started.error().reason.to_string()));
  } else {
    const pid controller = started->process();
    const bool told =
        receive([](stop_now) { return true; },
                when([controller](const exited& e) { return e.process == controller; }, [](exited) { return false; }));
    if (told) {
      started->stop();
      p.result = 0;
    }
  }
  const std::uint64_t one = 1;
  (void)!::write(p.ended.get(), &one, sizeof one);
}

// Waits for the end, and passes signals on. True: a second signal came.
bool wait_for_end(const program& p, int signals, runtime& rt, pid keeper) {
  bool told = false;
  for (;;) {
    std::array<pollfd, 2> wait{{{signals, POLLIN, 0}, {p.ended.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;  // EINTR
    if (wait[1].revents != 0) return false;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != sizeof info) continue;
    if (std::exchange(told, true)) return true;
    rt.spawn([keeper] { send(keeper, stop_now{}); });
  }
}

}  // namespace

int run_applications(std::vector<application> applications, application_options options) {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const descriptor signals{::signalfd(-1, &set, SFD_CLOEXEC), "signalfd"};
  program p{std::move(applications), std::move(options)};
  runtime_options ro = p.options.runtime;
  if (!ro.contain_faults) ro.contain_faults = true;
  runtime rt{ro};
  const pid keeper = rt.spawn({.label = "the program"}, [&p] { keep(p); });
  const bool in_a_hurry = wait_for_end(p, signals.get(), rt, keeper);
  const bool clean = rt.stop(in_a_hurry ? std::chrono::milliseconds{0} : ro.stop_deadline).clean();
  return in_a_hurry || !clean ? 1 : p.result.load();
}

}  // namespace joist::inline v0
