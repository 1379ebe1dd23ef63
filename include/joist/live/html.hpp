// joist/live/html.hpp: HTML as values: a template that is checked when you compile, and what fills it.
//
//   using joist::live::html;
//   joist::live::rendered greeting(const user& u) {
//     return html<R"(<p class="{}" hidden={}>Hello, {}</p>)">(u.kind, u.is_hidden, u.name);
//   }
//   html<"<ul>{}</ul>">(joist::live::each(users, &user::id, greeting))
//
// A {} is filled in by the next argument. Where it stands says what it takes:
//   <p>{}</p>          a text, a number, what fmt formats; other HTML; each(); a component; raw(); an optional of these
//   title="a {} b"     a text, a number, what fmt formats, an optional of these: a part of a value
//   title={}           the same, or a bool: the whole attribute. true: it is there without a value; false, and an optional
//                      without a value: it is not there
//   <p {}>             attributes
//   {{ and }}          are braces. In script and style braces are braces, and nothing is filled in
//
// Promises
//   what is filled in is escaped for its place, but for raw()
//   a template that is no HTML does not compile: what is opened is closed, values are in quotes, there are as many
//     arguments as slots, and each fits its place
//   the client gets the texts of a template once, and then what has changed between them
//
// Example: examples/38_live. See also: view.hpp, component.hpp, stream.hpp. Phoenix: HEEx.
#pragma once

#include <joist/detail/html_template.hpp>

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

namespace joist::inline v0::live {

class rendered;
class list;
struct component_call;

/// HTML that is sent as it is: whoever made it has escaped what is not his own.
struct raw_html {
  std::string text;
};
[[nodiscard]] inline raw_html raw(std::string text) { return {std::move(text)}; }

/// Attributes whose names are not known while compiling, `<div {}>`.
class attributes {
 public:
  attributes() = default;
  /// Throws errc::bad_argument for what is no name of an attribute.     [any thread]
  attributes& add(std::string_view name, std::string_view value);
  attributes& add(std::string_view name);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Appends a text in which nothing is a tag, an entity, or the end of a value.     [any thread]
void append_escaped(std::string& out, std::string_view text);

namespace detail {
using joist::detail::html_info;
using joist::detail::html_slot_kind;
using joist::detail::html_text;

class component_base;

/// What a slot is filled with: HTML that is escaped already, or what has parts of its own.
using part = std::variant<std::string, std::unique_ptr<rendered>, std::unique_ptr<list>, std::unique_ptr<component_call>>;
struct part_access;
}  // namespace detail

/// A template with what fills it: what render() returns. Without a template it is nothing.
class rendered {
 public:
  rendered() = default;
  [[nodiscard]] bool empty() const noexcept { return info_ == nullptr; }

 private:
  friend struct detail::part_access;
  const detail::html_info* info_ = nullptr;
  std::vector<detail::part> parts_;
};

/// A place for a component: make_component() of component.hpp.
struct component_call {
  std::type_index kind;
  std::string id;
  std::function<std::unique_ptr<detail::component_base>()> make;
  std::function<void(detail::component_base&)> update;
};

/// The same for each element of a range: each().
class list {
 public:
  /// What the client keeps, and we do not: stream.hpp.
  class source {
   public:
    /// What the client is to do beside inserting: a JSON array; empty: nothing.
    [[nodiscard]] virtual std::string orders() const = 0;
    /// It has gone to the client.
    virtual void sent() const = 0;

   protected:
    ~source() = default;
  };

  list() = default;

 private:
  friend struct detail::part_access;
  struct entry {
    std::uint64_t key;
    rendered content;
  };
  std::vector<entry> entries_;
  const source* stream_ = nullptr;
};

namespace detail {

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;
template <class T>
concept optional_like = requires(const T& t) {
  typename T::value_type;
  { t.has_value() } -> std::same_as<bool>;
  *t;
};
template <class T>
concept plain_value = text_like<T> || fmt::is_formattable<T>::value;
template <class T>
inline constexpr bool never = false;

std::uint64_t key_of_text(std::string_view text) noexcept;
template <class Key>
std::uint64_t key_of(const Key& key) {
  if constexpr (std::integral<Key> || std::is_enum_v<Key>) {
    return static_cast<std::uint64_t>(key);
  } else {
    static_assert(text_like<Key>, "joist: a key of each() is an integer, an enumerator or a text");
    return key_of_text(key);
  }
}

/// The only one that puts these together.
struct part_access {
  static rendered make(const html_info& info, std::size_t parts) {
    rendered r;
    r.info_ = &info;
    r.parts_.reserve(parts);
    return r;
  }
  static auto& info(auto& r) noexcept { return r.info_; }
  static auto& parts(auto& r) noexcept { return r.parts_; }
  static auto& entries(auto& l) noexcept { return l.entries_; }
  static const list::source*& stream(list& l) noexcept { return l.stream_; }
  static void add(list& l, std::uint64_t key, rendered r) { l.entries_.push_back({key, std::move(r)}); }
};

void append_attribute(std::string& out, std::string_view name, std::string_view value);
void append_attribute(std::string& out, std::string_view name);

template <class T>
void append_value(std::string& out, const T& value) {
  if constexpr (text_like<T>) {
    append_escaped(out, value);
  } else if constexpr (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) {
    const fmt::format_int digits{value};
    out.append(digits.data(), digits.size());
  } else {
    append_escaped(out, fmt::format("{}", value));
  }
}

template <class T>
part text_part(T&& value) {
  using plain = std::remove_cvref_t<T>;
  if constexpr (std::same_as<plain, rendered> || std::same_as<plain, list> || std::same_as<plain, component_call>) {
    static_assert(!std::is_lvalue_reference_v<T>, "joist: HTML is filled in once: std::move it here");
    return std::make_unique<plain>(std::move(value));
  } else if constexpr (std::same_as<plain, raw_html>) {
    return std::string{std::forward<T>(value).text};
  } else if constexpr (optional_like<plain>) {  // before what fmt formats: it may format optionals
    if (!value.has_value()) return std::string{};
    return text_part(*std::forward<T>(value));
  } else if constexpr (plain_value<plain>) {
    std::string text;
    append_value(text, value);
    return text;
  } else {
    static_assert(
        never<T>,
        "joist: what is filled into HTML is a text, a number, what fmt formats, other HTML (html, each, component, "
        "raw), or an optional of these");
  }
}

template <class T>
std::string value_part(const T& value) {
  std::string text;
  if constexpr (optional_like<T>) {
    if (value.has_value()) text = value_part(*value);
  } else if constexpr (plain_value<T>) {
    append_value(text, value);
  } else {
    static_assert(never<T>,
                  "joist: what is filled into the value of an attribute is a text, a number, what fmt formats, or an "
                  "optional of these");
  }
  return text;
}

template <class T>
std::string attribute_part(std::string_view name, const T& value) {
  std::string text;
  if constexpr (std::same_as<T, bool>) {
    if (value) append_attribute(text, name);
  } else if constexpr (optional_like<T>) {
    if (value.has_value()) text = attribute_part(name, *value);
  } else if constexpr (text_like<T>) {
    append_attribute(text, name, value);
  } else if constexpr (fmt::is_formattable<T>::value) {
    append_attribute(text, name, fmt::format("{}", value));
  } else {
    static_assert(never<T>,
                  "joist: the value of an attribute, name={}, is a bool, a text, a number, what fmt formats, or an optional "
                  "of these");
  }
  return text;
}

template <html_slot_kind Kind, class T>
part part_of(std::string_view name, T&& value) {
  using plain = std::remove_cvref_t<T>;
  if constexpr (Kind == html_slot_kind::text) {
    return text_part(std::forward<T>(value));
  } else if constexpr (Kind == html_slot_kind::value) {
    return value_part<plain>(value);
  } else if constexpr (Kind == html_slot_kind::attribute) {
    return attribute_part<plain>(name, value);
  } else {
    static_assert(std::same_as<plain, attributes>, "joist: a {} between attributes takes joist::live::attributes");
    return value.text();
  }
}

}  // namespace detail

/// A template, filled in.     [any thread]
template <detail::html_text Text, class... Argument>
[[nodiscard]] rendered html(Argument&&... arguments) {
  if constexpr (joist::detail::is_good_html<Text>()) {
    using t = joist::detail::html_template<Text>;
    static_assert(sizeof...(Argument) == t::slot_count, "joist: expected as many arguments as there are {} in the template");
    rendered r = detail::part_access::make(t::info, t::slot_count);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (detail::part_access::parts(r).push_back(
           detail::part_of<t::scanned.slots[I].kind>(t::scanned.slots[I].name, std::forward<Argument>(arguments))),
       ...);
    }
    (std::index_sequence_for<Argument...>{});
    return r;
  } else {
    return {};
  }
}

/// What make() gives, or nothing.     [any thread]
template <std::invocable Make>
[[nodiscard]] rendered when(bool condition, Make&& make) {
  return condition ? std::forward<Make>(make)() : rendered{};
}

/// make(element) for each element, in their order. `key` says by which they are told apart, an integer or a text, each once:
/// of elements that are moved, only that is sent. (Without: by their places.)     [any thread]
template <std::ranges::input_range Range, class Key, class Make>
[[nodiscard]] list each(Range&& range, Key key, Make make) {
  list all;
  for (auto&& element : range) {
    detail::part_access::add(all, detail::key_of(std::invoke(key, element)),
                             std::invoke(make, std::forward<decltype(element)>(element)));
  }
  return all;
}
template <std::ranges::input_range Range, class Make>
[[nodiscard]] list each(Range&& range, Make make) {
  list all;
  std::uint64_t place = 0;
  for (auto&& element : range)
    detail::part_access::add(all, place++, std::invoke(make, std::forward<decltype(element)>(element)));
  return all;
}

}  // namespace joist::inline v0::live
