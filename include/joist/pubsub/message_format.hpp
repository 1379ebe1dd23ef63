// joist/pubsub/message_format.hpp: messages that may leave the program: what they are called, and their bytes.
//
//   struct said { std::string by, text; };
//   template <>
//   struct joist::message_format<said> {
//     static constexpr std::string_view name = "chat.said";
//     static std::string write(const said& s);
//     static std::optional<said> read(std::string_view bytes);     // nothing: these are not the bytes of one
//   };
//
// Promises
//   `name` says the same type in each program of a system; two types of one name do not start
//   read() is given what came over a network: it refuses what write() has not written
//
// std::string is its own bytes; a std::shared_ptr<const T> goes as its T. With joist/web/json.hpp there is json_format, for
// aggregates. See also: pubsub.hpp, adapter.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0 {

/// Specialise it for a type that is to reach other instances of a program.
template <class T>
struct message_format;

template <>
struct message_format<std::string> {
  static constexpr std::string_view name = "joist.text";
  [[nodiscard]] static std::string write(const std::string& text) { return text; }
  [[nodiscard]] static std::optional<std::string> read(std::string_view bytes) { return std::string{bytes}; }
};

/// A type that has a message_format.
template <class T>
concept portable = requires(const T& value, std::string_view bytes) {
  { message_format<T>::name } -> std::convertible_to<std::string_view>;
  { message_format<T>::write(value) } -> std::convertible_to<std::string>;
  { message_format<T>::read(bytes) } -> std::convertible_to<std::optional<T>>;
};

namespace detail {
/// Its name is another: who subscribes waits for one of the two types.
template <class T>
inline constexpr auto shared_name = [] {
  std::array<char, message_format<T>::name.size() + 1> text{};
  std::copy(message_format<T>::name.begin(), message_format<T>::name.end(), text.begin());
  text.back() = '&';
  return text;
}();
}  // namespace detail

template <portable T>
struct message_format<std::shared_ptr<const T>> {
  static constexpr std::string_view name{detail::shared_name<T>.data(), detail::shared_name<T>.size()};
  [[nodiscard]] static std::string write(const std::shared_ptr<const T>& value) { return message_format<T>::write(*value); }
  [[nodiscard]] static std::optional<std::shared_ptr<const T>> read(std::string_view bytes) {
    std::optional<T> value = message_format<T>::read(bytes);
    if (!value) return std::nullopt;
    return std::make_shared<const T>(*std::move(value));
  }
};

}  // namespace joist::inline v0
