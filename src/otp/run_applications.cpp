#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <joist/joist.hpp>
#include <joist/otp/application.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

#include "otp/stop_order.hpp"

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
  program(std::vector<application> all, application_options o) : applications{std::move(all)}, options{std::move(o)} {}

  std::vector<application> applications;
  application_options options;
  descriptor ended{::eventfd(0, EFD_CLOEXEC), "eventfd"};
  std::shared_ptr<otp::stop_order> stop = std::make_shared<otp::stop_order>();
  std::atomic<int> result{1};
};

struct stop_now {};

void tell(log_level level, std::string text, const exit_reason& reason) {
  log(report{report_kind::application, level, self(), std::move(text)}.add("reason", reason.to_string()));
}

// Until they have ended, or are to stop: then they have been stopped, and true is returned if they did so in order.
bool keep_until_told(const applications_ref& all) {
  const pid controller = all.process();
  const bool told =
      receive([](stop_now) { return true; },
              when([controller](const exited& e) { return e.process == controller; }, [](exited) { return false; }));
  if (!told) return false;
  const auto failed = catch_end([&all] { all.stop(); });  // it may be ending already, for another reason
  if (failed) tell(log_level::error, "the program was to stop, and ended otherwise", *failed);
  return !failed;
}

// The first process: it is linked to the applications, and ends with them. However it ends, the thread of main hears of it.
void keep(program& p) {
  struct at_end {
    program& of;
    ~at_end() {
      const std::uint64_t one = 1;
      (void)!::write(of.ended.get(), &one, sizeof one);
    }
  } const telling{p};
  trap_exit(true);
  const auto started = otp::start_applications(std::move(p.applications), p.options, p.stop);
  p.stop->heed();
  if (started) {
    if (keep_until_told(*started)) p.result = 0;
  } else if (p.stop->given() && started.error().what == start_error::kind::refused) {
    p.result = 0;  // it was told to stop before it had started
  } else {
    tell(log_level::error, "the program does not start", started.error().reason);
  }
}

enum class end { orderly, at_once, too_late };

// How many milliseconds the start still has to hear of the stop; -1: as many as it takes.
int left_to_hear(const otp::stop_order& stop) {
  if (!stop.given() || stop.heeded()) return -1;
  const std::chrono::nanoseconds left{stop.until() - clock::now().time_since_epoch().count()};
  return static_cast<int>(std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0, INT_MAX));
}

// Waits for the end, and passes signals on. at_once: a second signal came; too_late: what starts does not stop.
end wait_for_end(program& p, const stop_signals& signals, runtime& rt, pid keeper) {
  for (;;) {
    std::array<pollfd, 2> wait{{{signals.descriptor_to_poll(), POLLIN, 0}, {p.ended.get(), POLLIN, 0}}};
    const int left = left_to_hear(*p.stop);
    const int ready = ::poll(wait.data(), wait.size(), left);
    if (ready < 0) continue;  // EINTR
    if (wait[1].revents != 0) return end::orderly;
    if (ready == 0 && left == 0 && !p.stop->heeded()) return end::too_late;
    const std::uint64_t came = signals.take();
    if (came > 1 || (came == 1 && p.stop->given())) return end::at_once;
    if (came == 0) continue;
    p.stop->give(p.options.stop_limit);
    rt.spawn([keeper] { send(keeper, stop_now{}); });
  }
}

void say_too_late(runtime& rt) {
  try {
    rt.ask(
        [] { log(log_level::error, "the program was to stop while it started, did not within stop_limit, and is killed"); },
        std::chrono::milliseconds{100});
  } catch (const ask_failed&) {  // nobody runs any more, not even that
  }
}

}  // namespace

int run_applications(std::vector<application> applications, application_options options) {
  const stop_signals signals;
  // The keeper's, too: where it has not ended by the stop, it may go on when we have returned.
  const auto p = std::make_shared<program>(std::move(applications), std::move(options));
  runtime_options ro = p->options.runtime;
  if (!ro.contain_faults) ro.contain_faults = true;
  runtime rt{ro};
  const pid keeper = rt.spawn({.label = "the program"}, [p] { keep(*p); });
  const end how = wait_for_end(*p, signals, rt, keeper);
  if (how == end::too_late) say_too_late(rt);
  const bool clean = rt.stop(how == end::orderly ? ro.stop_deadline : std::chrono::milliseconds{0}).clean();
  return how == end::orderly && clean ? p->result.load() : 1;
}

}  // namespace joist::inline v0
