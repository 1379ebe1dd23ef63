// tests/support/child.hpp: what ends the program is tested in a child made by fork.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>

namespace support {

/// Set in children, which may end in the middle of things: see main.cpp.
extern bool leaks_are_expected;

/// How a child ended, and what it wrote to standard error.
struct child_end {
  int status = 0;
  std::string written;

  [[nodiscard]] bool exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  [[nodiscard]] bool died_of(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
};

/// Runs `body` in a child, which ends with exit code 0 when it returns. A child that hangs is ended by SIGALRM.
template <class Body>
child_end in_child(Body&& body) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error{"in_child: no pipe"};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);  // not the test's
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::alarm(120);
    leaks_are_expected = true;
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  child_end end;
  char some[256];
  for (ssize_t n = 0; (n = ::read(ends[0], some, sizeof some)) > 0;) end.written.append(some, static_cast<std::size_t>(n));
  ::close(ends[0]);
  ::waitpid(child, &end.status, 0);
  return end;
}

}  // namespace support
