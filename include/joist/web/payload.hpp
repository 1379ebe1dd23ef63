// joist/web/payload.hpp: what goes over a channel: JSON, or bytes.
//
//   push("stats", stats{.users = 7});                        // an aggregate, member by member
//   push("picture", joist::web::binary{png});                // an ArrayBuffer at the client
//   push("raw", joist::web::payload::of_json(text));         // what is JSON already
//
// Promises
//   it is text or bytes already: it is encoded when it is made, and then copied to nobody's encoder again
//
// See also: channel.hpp, json.hpp (what types may go).
#pragma once

#include <joist/detail/json.hpp>
#include <joist/web/json_value.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace joist::inline v0::web {

/// Bytes, which are not JSON.
struct binary {
  std::string bytes;
  friend bool operator==(const binary&, const binary&) = default;
};

class payload;

namespace channels {
template <class T>
concept empty_aggregate = std::is_empty_v<T> && std::is_aggregate_v<T>;
template <class T>
concept json_payload = !std::same_as<T, payload> && !std::same_as<T, binary> && !std::same_as<T, json_value> &&
                       (joist::detail::json_map<T> || joist::detail::json_sequence<T> || joist::detail::open_aggregate<T> ||
                        empty_aggregate<T>);
template <class T>
concept json_scalar = !std::same_as<T, json_value> && !json_payload<T> && std::constructible_from<json_value, const T&> &&
                      !std::same_as<T, payload> && !std::same_as<T, binary>;
}  // namespace channels

class payload {
 public:
  /// {}
  payload() : bytes_{"{}"} {}
  payload(const json_value& value) : bytes_{value.to_string()} {}
  payload(binary b) noexcept : bytes_{std::move(b.bytes)}, is_binary_{true} {}
  /// Of what to_json takes.
  template <channels::json_payload T>
  payload(const T& value) {
    if constexpr (channels::empty_aggregate<T>) {
      bytes_ = "{}";
    } else {
      joist::detail::append_json(bytes_, value);
    }
  }
  /// Of a text, a number, a bool.
  template <channels::json_scalar T>
  payload(const T& value) : payload{json_value{value}} {}
  /// Of a text that is one JSON value: nobody looks at it again.     [any thread]
  [[nodiscard]] static payload of_json(std::string text) {
    payload p;
    p.bytes_ = std::move(text);
    return p;
  }

  [[nodiscard]] bool is_binary() const noexcept { return is_binary_; }
  /// The JSON text, or the bytes.
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  /// The value of the text; null for bytes.     [any thread]
  [[nodiscard]] json_value json() const {
    if (is_binary_) return {};
    auto value = parse_json(bytes_);
    return value ? *std::move(value) : json_value{};
  }

  friend bool operator==(const payload&, const payload&) = default;

 private:
  std::string bytes_;
  bool is_binary_ = false;
};

}  // namespace joist::inline v0::web
