// joist/web/form.hpp: names and values as HTML forms send them, `a=1&b=two+words`: in queries and in bodies.
//
//   joist::web::form_values form = joist::web::parse_form(in.body());
//   form.get("b");                    // "two words"
//
// Promises
//   order is kept, also among values of one name
//   a % that begins no encoding stands for itself, as in browsers (WHATWG URL, 5.1)
//
// See also: request.hpp (query), percent.hpp.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

class form_values {
 public:
  using value_type = std::pair<std::string, std::string>;

  form_values() = default;
  form_values(std::initializer_list<value_type> all) : all_{all} {}

  /// The first of that name, byte by byte.     [any thread]
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::string_view get(std::string_view name, std::string_view otherwise = {}) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name).has_value(); }
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  form_values& add(std::string name, std::string value);

  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }

  /// As they are sent.     [any thread]
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const form_values& a, const form_values& b) noexcept = default;

 private:
  std::vector<value_type> all_;
};

/// What application/x-www-form-urlencoded says. What comes behind the first `most` is left out.     [any thread]
[[nodiscard]] form_values parse_form(std::string_view text, std::size_t most = 1000);

}  // namespace joist::inline v0::web
