// tests/support/systemd.hpp: what systemd does for a service: opens its socket, starts the program with it, hears when it is
// ready, and stops it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// Where services send what they notify: `@name` is an abstract one, others are paths.
class notify_socket {
 public:
  explicit notify_socket(std::string name)
      : name_{std::move(name)}, socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (name_.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
      throw std::runtime_error{"notify_socket: bind"};
  }
  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;
  ~notify_socket() {
    ::close(socket_);
    if (name_.front() != '@') ::unlink(name_.c_str());
  }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// The next message; empty: none came in time.
  [[nodiscard]] std::string next(std::chrono::seconds limit = std::chrono::seconds{30}) const {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds{limit}.count())) <= 0) return {};
    std::array<char, 4096> text{};
    const ssize_t n = ::recv(socket_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }

 private:
  std::string name_;
  int socket_;
};

/// A program that runs, with these variables in its environment. Killed, where nobody has waited for its end.
class started_program {
 public:
  /// `handed_down`: descriptors that it has as 3, 4 ..., and LISTEN_PID says so.
  started_program(const std::string& path, std::vector<std::string> variables, std::vector<int> handed_down = {}) {
    // Between fork and exec nothing is allocated: other threads may hold the locks of that.
    std::string pid_variable = "LISTEN_PID=          ";
    if (!handed_down.empty()) variables.push_back("LISTEN_FDS=" + std::to_string(handed_down.size()));
    std::vector<char*> environment;
    for (std::string& v : variables) environment.push_back(v.data());
    for (char** v = environ; *v != nullptr; ++v) environment.push_back(*v);
    if (!handed_down.empty()) environment.push_back(pid_variable.data());
    environment.push_back(nullptr);
    std::string program = path;
    std::array<char*, 2> arguments{program.data(), nullptr};
    std::vector<int> high(handed_down.size());
    process_ = ::fork();
    if (process_ == 0) {
      constexpr std::size_t digits_at = sizeof "LISTEN_PID=" - 1;
      *std::to_chars(pid_variable.data() + digits_at, pid_variable.data() + pid_variable.size(), ::getpid()).ptr = '\0';
      for (std::size_t i = 0; i < high.size(); ++i) high[i] = ::fcntl(handed_down[i], F_DUPFD, 100);
      for (std::size_t i = 0; i < high.size(); ++i) ::dup2(high[i], 3 + static_cast<int>(i));
      for (const int each : high) ::close(each);
      sigset_t none;
      ::sigemptyset(&none);
      ::sigprocmask(SIG_SETMASK, &none, nullptr);
      ::execve(program.c_str(), arguments.data(), environment.data());
      ::_exit(127);
    }
  }
  started_program(const started_program&) = delete;
  started_program& operator=(const started_program&) = delete;
  ~started_program() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    (void)wait();
  }

  [[nodiscard]] int process() const { return process_; }
  void terminate() const { ::kill(process_, SIGTERM); }
  /// Its exit code; -1: it died of a signal.
  [[nodiscard]] int wait() {
    int status = 0;
    ::waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t process_ = -1;
};

}  // namespace support
