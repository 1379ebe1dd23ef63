#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <joist/joist.hpp>
#include <joist/otp/application.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

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

// Where a stop signal is counted, whatever thread it comes to: a program may have had threads before us. Never closed: a
// handler may still be running when the program stops.
std::atomic<int> counted_in{-1};

int open_count() {
  if (counted_in < 0) counted_in = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (counted_in < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  return counted_in;
}

extern "C" void count_stop_signal(int) {
  const int before = errno;
  const std::uint64_t one = 1;
  (void)!::write(counted_in.load(std::memory_order_relaxed), &one, sizeof one);
  errno = before;
}

// SIGTERM and SIGINT, from now on until it goes. A SIGINT that the program was started to ignore (`nohup`, a shell's `&`) is
// ignored.
class stop_signals {
 public:
  stop_signals() {
    (void)take();  // of a run before this one
    struct sigaction ours {};
    ours.sa_handler = &count_stop_signal;
    ours.sa_flags = SA_RESTART;
    ::sigemptyset(&ours.sa_mask);
    sigset_t taken;
    ::sigemptyset(&taken);
    for (saved& s : saved_) {
      ::sigaction(s.signal, nullptr, &s.before);
      if (s.signal == SIGINT && s.before.sa_handler == SIG_IGN) continue;
      ::sigaction(s.signal, &ours, nullptr);
      ::sigaddset(&taken, s.signal);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &taken, &mask_before_);
  }
  ~stop_signals() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    for (const saved& s : saved_) ::sigaction(s.signal, &s.before, nullptr);
  }
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  [[nodiscard]] int descriptor_to_poll() const noexcept { return count_; }
  /// How many have come since the last call.
  [[nodiscard]] std::uint64_t take() const noexcept {
    std::uint64_t count = 0;
    return ::read(count_, &count, sizeof count) == sizeof count ? count : 0;
  }

 private:
  struct saved {
    int signal;
    struct sigaction before {};
  };
  const int count_ = open_count();
  std::array<saved, 2> saved_{saved{SIGTERM}, saved{SIGINT}};
  sigset_t mask_before_{};
};

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
bool wait_for_end(const program& p, const stop_signals& signals, runtime& rt, pid keeper) {
  bool told = false;
  for (;;) {
    std::array<pollfd, 2> wait{{{signals.descriptor_to_poll(), POLLIN, 0}, {p.ended.get(), POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;  // EINTR
    if (wait[1].revents != 0) return false;
    const std::uint64_t came = signals.take();
    if (came > 1 || (came == 1 && told)) return true;
    if (came == 0) continue;
    told = true;
    rt.spawn([keeper] { send(keeper, stop_now{}); });
  }
}

}  // namespace

int run_applications(std::vector<application> applications, application_options options) {
  const stop_signals signals;
  program p{std::move(applications), std::move(options)};
  runtime_options ro = p.options.runtime;
  if (!ro.contain_faults) ro.contain_faults = true;
  runtime rt{ro};
  const pid keeper = rt.spawn({.label = "the program"}, [&p] { keep(p); });
  const bool in_a_hurry = wait_for_end(p, signals, rt, keeper);
  const bool clean = rt.stop(in_a_hurry ? std::chrono::milliseconds{0} : ro.stop_deadline).clean();
  return in_a_hurry || !clean ? 1 : p.result.load();
}

}  // namespace joist::inline v0
