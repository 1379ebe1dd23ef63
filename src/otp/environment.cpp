#include <joist/otp/application.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

namespace joist::inline v0 {
namespace {

// SHOP_MAX_USERS of "shop" and "max-users".
std::string variable_of(std::string_view application, std::string_view name) {
  std::string variable = fmt::format("{}_{}", application, name);
  for (char& c : variable) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) != 0 ? static_cast<char>(std::toupper(byte)) : '_';
  }
  return variable;
}

// Null where the environment of the program has no such variable.
const char* in_program(std::string_view application, std::string_view name) {
  return std::getenv(
      variable_of(application, name).c_str());  // NOLINT(concurrency-mt-unsafe): who sets it, does at start-up
}

}  // namespace

environment::environment(std::string application, settings defaults, settings given)
    : application_{std::move(application)}, settings_{std::move(given)} {
  for (auto& [name, value] : defaults) {
    const char* from_program = in_program(application_, name);
    settings_.try_emplace(name, from_program != nullptr ? from_program : std::move(value));
  }
}

std::optional<std::string_view> environment::text_of(std::string_view name) const {
  if (const auto found = settings_.find(name); found != settings_.end()) return found->second;
  if (const char* from_program = in_program(application_, name)) return from_program;  // without a default
  return std::nullopt;
}

void environment::not_a(std::string_view name, std::string_view value, std::string_view expected) const {
  throw error{errc::bad_argument,
              fmt::format("application {}: setting {}: expected {}, got \"{}\"", application_, name, expected, value)};
}

void environment::missing(std::string_view name) const {
  throw error{errc::bad_argument, fmt::format("application {}: setting {}: expected a value, there is none: give it in "
                                              "application::defaults, application_options::settings or {}",
                                              application_, name, variable_of(application_, name))};
}

}  // namespace joist::inline v0
