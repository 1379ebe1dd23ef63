// joist/otp/application.hpp: a whole program: what it supervises, what it needs before, its settings, and its orderly end.
//
//   int main() {
//     return joist::run_applications({shop(), database()});       // until SIGTERM or SIGINT
//   }
// where
//   joist::application shop() {
//     joist::application a{"shop"};
//     a.needs = {"database"};
//     a.defaults = {{"port", "4000"}};                            // SHOP_PORT in the environment of the program wins
//     a.start = [](const joist::environment& env) -> joist::supervisor_init {
//       return {{}, {joist::child<listener>("listener", env.get<int>("port"))}};
//     };
//     return a;
//   }
//
// Promises
//   applications start after those they need, and stop before them; one that does not start stops those that had, and
//     the failure names the whole way down: application, child, reason
//   SIGTERM and SIGINT stop all in order within `stop_limit`; what has not ended by then is killed. A second signal kills at
//     once. While the program starts, no further application is begun then, and those that run are stopped in order; where
//     one is still starting at the end of `stop_limit`, all are killed
//   a permanent application that ends, and a transient one that fails, stop the program
//
// Example: examples/16_service. See also: supervisor.hpp. OTP: application.
#pragma once

#include <joist/otp/supervisor.hpp>
#include <joist/runtime.hpp>

#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// The settings of an application: words by name, read as what they should be.
class environment {
 public:
  using settings = std::map<std::string, std::string, std::less<>>;
  environment() = default;
  /// A setting is, in this order: `given`, the variable APPLICATION_NAME of the program's environment, `defaults`.
  environment(std::string application, settings defaults, settings given);

  [[nodiscard]] const std::string& application() const noexcept { return application_; }
  /// Nothing where there is none. Throws errc::bad_argument for one that is no T: says application, name and value.
  template <class T>
  [[nodiscard]] std::optional<T> find(std::string_view name) const {
    const std::optional<std::string_view> text = text_of(name);
    if (!text) return std::nullopt;
    if constexpr (std::is_same_v<T, std::string>) {
      return std::string{*text};
    } else if constexpr (std::is_same_v<T, bool>) {
      if (*text == "true" || *text == "1") return true;
      if (*text == "false" || *text == "0") return false;
      not_a(name, *text, "true or false");
    } else {
      static_assert(std::is_arithmetic_v<T>, "joist: a setting is a std::string, a bool, or a number");
      T value{};
      const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
      if (failed != std::errc{} || end != text->data() + text->size()) not_a(name, *text, "a number that fits");
      return value;
    }
  }
  /// As find; throws errc::bad_argument where there is none.
  template <class T>
  [[nodiscard]] T get(std::string_view name) const {
    auto value = find<T>(name);
    if (!value) missing(name);
    return *std::move(value);
  }
  template <class T>
  [[nodiscard]] T get_or(std::string_view name, T otherwise) const {
    return find<T>(name).value_or(std::move(otherwise));
  }

 private:
  [[nodiscard]] std::optional<std::string_view> text_of(std::string_view name) const;
  [[noreturn]] void not_a(std::string_view name, std::string_view value, std::string_view expected) const;
  [[noreturn]] void missing(std::string_view name) const;

  std::string application_;
  settings settings_;
};

struct application {
  std::string name;
  std::vector<std::string> needs = {};                            ///< started before it, stopped after it
  std::function<supervisor_init(const environment&)> start = {};  ///< what its supervisor supervises; unset: nothing runs
  std::vector<std::string> phases = {};                           ///< once it runs, start_phase(phase) in this order
  std::function<void(std::string_view phase, const environment&)> start_phase = {};
  std::function<void()> prepare_stop = {};  ///< before its processes are stopped
  std::function<void()> stopped = {};       ///< when they have ended
  environment::settings defaults = {};
  restart_type type =
      restart_type::permanent;  ///< permanent: its end stops all; transient: a failure does; temporary: no end
};

struct application_options {
  std::map<std::string, environment::settings, std::less<>> settings = {};  ///< by application: these win
  std::chrono::milliseconds stop_limit{30'000};                             ///< of the whole stop
  runtime_options runtime = {};                                             ///< for run_applications
};

/// What is wrong with these applications, in words: a name twice, a need that is not there, a circle. Else the order in
/// which they start. Pure.
[[nodiscard]] result<std::vector<std::size_t>, std::string> start_order(const std::vector<application>& applications);

/// Running applications, and who started them.
class applications_ref {
 public:
  applications_ref() = default;
  explicit applications_ref(pid process) noexcept : process_{process} {}
  [[nodiscard]] pid process() const noexcept { return process_; }

  struct running {
    std::string name;
    supervisor_ref supervisor;
  };
  /// In the order of their start.     [process]
  [[nodiscard]] std::vector<running> which() const;
  /// Stops all, those that need others first, and returns when they have ended.     [process]
  void stop() const;

 private:
  pid process_;
};

/// Starts applications, linked to the caller.     [process]
result<applications_ref, start_error> try_start_applications(std::vector<application> applications,
                                                             application_options options = {});

/// A program: starts a runtime and the applications in it, waits for SIGTERM or SIGINT, or for the end of one that all
/// depend on, stops them in order, and returns main's result: 0 after an orderly stop, 1 after a failure, which is logged.
/// To be called by main. The handlers of the two signals are ours meanwhile, whatever threads there are.
int run_applications(std::vector<application> applications, application_options options = {});

}  // namespace joist::inline v0
