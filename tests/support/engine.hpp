// tests/support/engine.hpp: a server of others, which a test starts in a folder of its own, kills, and starts again.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

namespace support {

/// The path of a program; where it is not installed, the whole test is skipped.
inline std::string required_program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/bin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  std::printf("skipped: %s is not installed\n", name.c_str());
  std::exit(77);
}

/// A run of a program, which ends with the thread that looks after it: also where the test crashes.
class engine_run {
 public:
  explicit engine_run(std::vector<std::string> command, const std::string& output) {
    std::promise<pid_t> started;
    auto child = started.get_future();
    keeper_ = std::thread{[&started, command = std::move(command), output] {
      std::vector<char*> words;
      for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      const pid_t process = ::fork();
      if (process == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        ::execv(words[0], words.data());
        ::_exit(127);
      }
      started.set_value(process);
      ::waitpid(process, nullptr, 0);
    }};
    process_ = child.get();
    if (process_ < 0) throw std::runtime_error{"engine: no process"};
  }
  engine_run(const engine_run&) = delete;
  engine_run& operator=(const engine_run&) = delete;
  ~engine_run() {
    signal(SIGCONT);
    signal(SIGKILL);
    keeper_.join();
  }
  void signal(int number) const { ::kill(process_, number); }
  // All of its threads stand still when this returns: one that still answers would be no silence.
  void freeze() const {
    signal(SIGSTOP);
    siginfo_t stopped{};
    ::waitid(P_PID, static_cast<id_t>(process_), &stopped, WSTOPPED);
  }

 private:
  std::thread keeper_;
  pid_t process_ = -1;
};

/// A redis-server on a Unix socket, without anything on a disk.
class redis_engine {
 public:
  explicit redis_engine(std::vector<std::string> more = {}) : more_{std::move(more)} { start(); }

  void start() {
    std::vector<std::string> command{program_, "--port", "0", "--unixsocket", socket(), "--save", "", "--appendonly", "no"};
    command.insert(command.end(), more_.begin(), more_.end());
    run_ = std::make_unique<engine_run>(std::move(command), (folder_.path() / "log").string());
  }
  void kill() { run_ = nullptr; }
  /// It is there and says nothing; and goes on.
  void freeze() const { run_->freeze(); }
  void thaw() const { run_->signal(SIGCONT); }
  [[nodiscard]] std::string url(const std::string& account = "") const { return "unix://" + account + socket(); }

 private:
  [[nodiscard]] std::string socket() const { return (folder_.path() / "redis.sock").string(); }

  const std::string program_ = required_program("redis-server");
  const std::vector<std::string> more_;
  const joist_test::temporary_folder folder_;
  std::unique_ptr<engine_run> run_;
};

/// A nats-server on a port of its own choice, which it keeps.
class nats_engine {
 public:
  explicit nats_engine(std::string configuration = "") : configuration_{std::move(configuration)} {
    start();
    port_ = chosen_port();
  }

  void start() {
    folder_.write("nats.conf", configuration_ + "\nmax_control_line: 4KB\n");
    const std::string port = port_.empty() ? "-1" : port_;
    run_ = std::make_unique<engine_run>(
        std::vector<std::string>{program_, "-c", (folder_.path() / "nats.conf").string(), "-a", "127.0.0.1", "-p", port,
                                 "--ports_file_dir", folder_.path().string()},
        (folder_.path() / "log").string());
  }
  void kill() { run_ = nullptr; }
  void freeze() const { run_->freeze(); }
  void thaw() const { run_->signal(SIGCONT); }
  /// It says that it is about to stop, and waits for its clients to go.
  void begin_to_stop() const { run_->signal(SIGUSR2); }
  [[nodiscard]] std::string url(const std::string& account = "") const { return "nats://" + account + "127.0.0.1:" + port_; }

 private:
  // {"nats":["nats://127.0.0.1:41234"]}, in a file that it writes when it listens.
  [[nodiscard]] std::string chosen_port() const {
    const auto begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begun < std::chrono::seconds{30}) {
      for (const auto& file : std::filesystem::directory_iterator{folder_.path()}) {
        if (file.path().extension() != ".ports") continue;
        std::ifstream from{file.path()};
        const std::string text{std::istreambuf_iterator<char>{from}, {}};
        const auto at = text.find("127.0.0.1:");
        const auto end = at == text.npos ? at : text.find('"', at);
        if (end != text.npos) return text.substr(at + 10, end - at - 10);
      }
      ::usleep(2000);
    }
    throw std::runtime_error{"nats-server does not listen"};
  }

  const std::string program_ = required_program("nats-server");
  const std::string configuration_;
  const joist_test::temporary_folder folder_;
  std::string port_;
  std::unique_ptr<engine_run> run_;
};

}  // namespace support
