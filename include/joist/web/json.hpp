// joist/web/json.hpp: your own types out of JSON bodies, and into them.
//
//   enum class role { admin, guest };
//   struct new_user { std::string name; std::optional<int> age; std::vector<role> roles; };
//
//   joist::web::response create_user(const joist::web::request& in) {
//     auto user = joist::web::read_json<new_user>(in);
//     if (!user) return joist::web::json_errors(user.error());
//     return joist::web::json(store(*user)).with_status(201);
//   }
//
// Promises
//   read and written: bool, numbers, std::string, optional, vectors and other sequences, maps with string keys, enum classes
//     by the names of their values (0 to 63), json_value, aggregates of these, member by member, by their names, and what
//     has a json_format
//   a number that the type cannot hold is refused, and so is a missing member that is not optional
//   all that is wrong is told at once, each with a JSON pointer to its place
//
// See also: json_value.hpp (where the shape is not known).
#pragma once

#include <joist/detail/json.hpp>
#include <joist/result.hpp>
#include <joist/web/json_value.hpp>
#include <joist/web/request.hpp>
#include <joist/web/response.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

/// To give a type a form of its own, or another than it has, specialise it before the type is first read or written. Where
/// `read` fails, its text is the error's `what`. The type has a default constructor, and can be assigned.
///   template <>
///   struct joist::web::json_format<celsius> {
///     static json_value write(const celsius& c) { return c.degrees; }
///     static result<celsius, std::string> read(const json_value& from) {
///       if (const double* d = from.as_double()) return celsius{*d};
///       return failure{std::string{"expected degrees, got "}.append(from.kind())};
///     }
///   };
template <class T>
struct json_format;

enum class unknown_members : std::uint8_t { ignore, refuse };

struct json_options {
  unknown_members unknown = unknown_members::ignore;
  bool keep_defaults = false;  ///< members that are missing keep what T{} gives them, instead of being an error
  json_limits limits{};
};

/// A value of its type out of a text.     [any thread]
template <class T>
[[nodiscard]] result<T, std::vector<json_error>> from_json(std::string_view text, const json_options& options = {}) {
  auto parsed = parse_json(text, options.limits);
  if (!parsed) return failure{std::vector<json_error>{std::move(parsed).error()}};
  T value{};
  detail::json_reader reader{options.unknown == unknown_members::refuse, options.keep_defaults};
  reader.read(*parsed, value);
  if (!reader.errors().empty()) return failure{std::move(reader).errors()};
  return value;
}

/// The text of a value. Optionals without a value are left out of their aggregates.     [any thread]
template <class T>
[[nodiscard]] std::string to_json(const T& value) {
  std::string out;
  detail::append_json(out, value);
  return out;
}

/// The body of a request, of the type application/json (or one that ends with +json). Throws as request::body.     [process]
template <class T>
[[nodiscard]] result<T, std::vector<json_error>> read_json(const request& in, const json_options& options = {}) {
  if (!detail::has_json_type(in.field("Content-Type")))
    return failure{std::vector<json_error>{{{}, "expected a body of the type application/json"}}};
  return from_json<T>(in.body(), options);
}

/// A response with the value as its body.     [any thread]
template <class T>
[[nodiscard]] response json(const T& value) {
  return json_text(to_json(value));
}
/// 422 with {"errors":[{"pointer":"/name","what":"expected a string, got null"}]}.     [any thread]
[[nodiscard]] response json_errors(const std::vector<json_error>& errors, int status = 422);

}  // namespace joist::inline v0::web
