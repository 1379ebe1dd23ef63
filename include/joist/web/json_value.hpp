// joist/web/json_value.hpp: any JSON text as a value. RFC 8259.
//
//   auto v = joist::web::parse_json(R"({"event":"join","args":[1,2.5,null]})");
//   if (v) use(v->find("event")->as_string());
//   joist::web::json_value{joist::web::json_value::array{1, "two", nullptr}}.to_string();      // [1,"two",null]
//
// Promises
//   integers are exact from -2^63 to 2^64-1, other numbers are the nearest double
//   strings are UTF-8, what is not is refused when it is read and replaced when it is written
//   names of an object keep their order; two that are the same are refused, for readers disagree which of them counts
//   a text cannot take more depth or values than it is allowed
//
// Where the shape is known, json.hpp reads and writes your own types.
#pragma once

#include <joist/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace joist::inline v0::web {

struct json_limits {
  std::size_t depth = 32;        ///< of arrays and objects in each other
  std::size_t values = 100'000;  ///< all together: each takes tens of bytes, also where its text takes two
};

/// What is wrong, and where: a JSON pointer (RFC 6901) into the text, `/users/0/name`; empty: all of it.
struct json_error {
  std::string pointer;
  std::string what;
  /// "/users/0/name: expected a string, got null".
  [[nodiscard]] std::string to_string() const { return pointer.empty() ? what : pointer + ": " + what; }
  friend bool operator==(const json_error& a, const json_error& b) = default;
};

class json_value {
 public:
  struct member;
  using array = std::vector<json_value>;
  using object = std::vector<member>;

  json_value() noexcept;
  json_value(std::nullptr_t) noexcept;
  json_value(bool b) noexcept;
  template <std::integral I>
  requires(!std::same_as<I, bool>) json_value(I i)
  noexcept;
  template <std::floating_point F>
  json_value(F f) noexcept;
  json_value(std::string text) noexcept;
  json_value(std::string_view text);
  json_value(const char* text);
  json_value(array elements) noexcept;
  json_value(object members) noexcept;

  [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  /// Null, where it is something else. An int64_t is what fits into one, a uint64_t what is larger, a double has a point or
  /// an exponent.
  [[nodiscard]] const bool* as_bool() const noexcept { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::int64_t* as_int64() const noexcept { return std::get_if<std::int64_t>(&value_); }
  [[nodiscard]] const std::uint64_t* as_uint64() const noexcept { return std::get_if<std::uint64_t>(&value_); }
  [[nodiscard]] const double* as_double() const noexcept { return std::get_if<double>(&value_); }
  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const array* as_array() const noexcept { return std::get_if<array>(&value_); }
  [[nodiscard]] const object* as_object() const noexcept { return std::get_if<object>(&value_); }
  [[nodiscard]] array* as_array() noexcept { return std::get_if<array>(&value_); }
  [[nodiscard]] object* as_object() noexcept { return std::get_if<object>(&value_); }
  /// What an object has by that name; null, where there is none, or no object.
  [[nodiscard]] const json_value* find(std::string_view name) const noexcept;
  /// "an object", "a string": for messages.
  [[nodiscard]] std::string_view kind() const noexcept;

  [[nodiscard]] std::string to_string() const;
  void append_to(std::string& out) const;

  friend bool operator==(const json_value& a, const json_value& b) noexcept;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, array, object> value_;
};

struct json_value::member {
  std::string name;
  json_value value;
  friend bool operator==(const member& a, const member& b) noexcept = default;
};

// Here, as an object cannot be destroyed before its members are known.
inline json_value::json_value() noexcept = default;
inline json_value::json_value(std::nullptr_t) noexcept {}
inline json_value::json_value(bool b) noexcept : value_{b} {}
template <std::integral I>
requires(!std::same_as<I, bool>) json_value::json_value(I i)
noexcept {
  if (std::in_range<std::int64_t>(i)) {
    value_ = static_cast<std::int64_t>(i);
  } else {
    value_ = static_cast<std::uint64_t>(i);
  }
}
template <std::floating_point F>
json_value::json_value(F f) noexcept : value_{static_cast<double>(f)} {}
inline json_value::json_value(std::string text) noexcept : value_{std::move(text)} {}
inline json_value::json_value(std::string_view text) : value_{std::string{text}} {}
inline json_value::json_value(const char* text) : value_{std::string{text}} {}
inline json_value::json_value(array elements) noexcept : value_{std::move(elements)} {}
inline json_value::json_value(object members) noexcept : value_{std::move(members)} {}

/// One value, and nothing but blanks around it.     [any thread]
[[nodiscard]] result<json_value, json_error> parse_json(std::string_view text, const json_limits& limits = {});

/// Appends a string with its quotes.     [any thread]
void append_json_string(std::string& out, std::string_view text);
/// The shortest text that reads as the same double; null for what is not finite.     [any thread]
void append_json_number(std::string& out, double number);

}  // namespace joist::inline v0::web
