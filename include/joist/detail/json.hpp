// joist/detail/json.hpp: types as JSON, by their shape. Included by web/json.hpp.
#pragma once

#include <joist/detail/enumerators.hpp>
#include <joist/detail/member_names.hpp>
#include <joist/detail/members.hpp>
#include <joist/result.hpp>
#include <joist/web/json_value.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace joist::inline v0::web {
template <class T>
struct json_format;  // json.hpp
}  // namespace joist::inline v0::web

namespace joist::inline v0::detail {

/// Written and read by a json_format of its own.
template <class T>
concept has_json_format = requires {
  sizeof(web::json_format<T>);
};
/// The same, complete: what json_format promises.
template <class T>
constexpr void require_json_format() {
  static_assert(
      requires(const T& value) {
        { web::json_format<T>::write(value) } -> std::convertible_to<web::json_value>;
      },
      "joist: a json_format<T> says how its type is written: add a public `static joist::web::json_value write(const T&)`");
  static_assert(
      requires(const web::json_value& from) {
        { web::json_format<T>::read(from) } -> std::same_as<result<T, std::string>>;
      },
      "joist: a json_format<T> says how its type is read: add a public `static joist::result<T, std::string> read(const "
      "joist::web::json_value&)`");
}

template <class T>
concept json_number = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                       !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>) ||
                      std::floating_point<T>;
template <class T>
concept json_optional = requires(T t) {
  typename T::value_type;
  t.has_value();
  t.reset();
};
template <class T>
concept json_map = requires(T t, std::string key) {
  typename T::mapped_type;
  requires std::same_as<typename T::key_type, std::string>;
  t.try_emplace(std::move(key));
};
template <class T>
concept json_sequence = !json_map<T> && !std::same_as<T, std::string> && requires(T t) {
  typename T::value_type;
  t.emplace_back();
  t.begin();
};

template <class T>
inline constexpr bool json_unsupported = false;
/// The error stands beside `no_json<type>` in the compiler's output.
template <class T>
struct no_json {
  static_assert(
      json_unsupported<T>,
      "joist: a type has no form in JSON: it is named beside no_json<...>. Expected bool, a number, a text (read as "
      "a std::string), optional, a sequence, a map with string keys, an enum class, json_value, or an aggregate of these; "
      "other types have one by a joist::web::json_format of their own");
};
template <class T, std::size_t I>
constexpr bool json_named = !member_name<T, I>().empty();

[[nodiscard]] bool has_json_type(std::string_view content_type) noexcept;

/// Of an object that is not const, the addresses of members were made const on the way.
template <bool Const, class M>
auto& json_member(const M* member) {
  if constexpr (Const) {
    return *member;
  } else {
    return *const_cast<M*>(member);
  }
}

/// Calls f(name, member) for each member of an aggregate.
template <class T, class F>
void for_each_json_member(T& value, F f) {
  using plain = std::remove_const_t<T>;
  constexpr std::size_t count = member_count<plain>();
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    static_assert((json_named<plain, I> && ...),
                  "joist: the members of an aggregate have names in JSON: no references, no bit-fields");
    (f(member_name<plain, I>(), json_member<std::is_const_v<T>>(address_of<I, count>(value).pointer)), ...);
  }
  (std::make_index_sequence<count>{});
}

/// What a form leaves out where there is none of it.
template <class T>
concept left_out_by_forms = std::same_as<T, bool> || json_sequence<T> || json_map<T>;

/// Reads values, and collects what is wrong with them.
class json_reader {
 public:
  /// `as_forms`: numbers and bools may be texts, and what forms leave out may be missing.
  json_reader(bool refuse_unknown, bool keep_defaults, bool as_forms = false)
      : refuse_unknown_{refuse_unknown}, keep_defaults_{keep_defaults}, as_forms_{as_forms} {}

  template <class T>
  void read(const web::json_value& from, T& into) {
    if constexpr (has_json_format<T>) {
      read_format(from, into);
    } else if constexpr (std::same_as<T, web::json_value>) {
      into = from;
    } else if constexpr (std::same_as<T, bool>) {
      if (const bool* b = from.as_bool()) return void(into = *b);
      if (const auto b = bool_of_text(from)) return void(into = *b);
      expected("true or false", from);
    } else if constexpr (std::same_as<T, std::string>) {
      if (const std::string* text = from.as_string()) return void(into = *text);
      expected("a string", from);
    } else if constexpr (std::floating_point<T>) {
      if (const auto number = number_of_text(from)) return read_floating(*number, into);
      read_floating(from, into);
    } else if constexpr (json_number<T>) {
      if (const auto number = number_of_text(from)) return read_integer(*number, into);
      read_integer(from, into);
    } else if constexpr (enum_class<T>) {
      read_enumerator(from, into, enumerators_of<T>{});
    } else if constexpr (json_optional<T>) {
      if (from.is_null() || (!std::same_as<typename T::value_type, std::string> && is_empty_field(from)))
        return into.reset();
      read(from, into.emplace());
    } else if constexpr (json_map<T>) {
      read_map(from, into);
    } else if constexpr (json_sequence<T>) {
      read_sequence(from, into);
    } else if constexpr (open_aggregate<T>) {
      read_aggregate(from, into);
    } else {
      (void)sizeof(no_json<T>);
    }
  }

  [[nodiscard]] const std::vector<web::json_error>& errors() const& noexcept { return errors_; }
  [[nodiscard]] std::vector<web::json_error>&& errors() && noexcept { return std::move(errors_); }

 private:
  static constexpr std::size_t most_errors = 20;

  void add_error(std::string what);
  void expected(std::string_view what, const web::json_value& got);
  // Of what a form says; nothing: it is no text, or says something else.
  [[nodiscard]] std::optional<bool> bool_of_text(const web::json_value& from) const;
  [[nodiscard]] std::optional<web::json_value> number_of_text(const web::json_value& from) const;
  [[nodiscard]] bool is_empty_field(const web::json_value& from) const noexcept;
  [[nodiscard]] std::size_t enter(std::string_view name);
  [[nodiscard]] std::size_t enter(std::size_t index);
  void leave(std::size_t before) { pointer_.resize(before); }

  template <class T>
  void read_format(const web::json_value& from, T& into) {
    require_json_format<T>();
    result<T, std::string> value = web::json_format<T>::read(from);
    if (!value) return add_error(std::move(value).error());
    into = *std::move(value);
  }

  template <class T>
  void read_floating(const web::json_value& from, T& into) {
    double number = 0;
    if (const double* d = from.as_double()) {
      number = *d;
    } else if (const std::int64_t* i = from.as_int64()) {
      number = static_cast<double>(*i);
    } else if (const std::uint64_t* u = from.as_uint64()) {
      number = static_cast<double>(*u);
    } else {
      return expected("a number", from);
    }
    if (std::abs(number) > static_cast<double>(std::numeric_limits<T>::max()))
      return add_error("expected a number that is not so large");
    into = static_cast<T>(number);
  }

  template <class T>
  void read_integer(const web::json_value& from, T& into) {
    const auto take = [&](auto number) {
      if (!std::in_range<T>(number))
        return add_error("expected an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                         std::to_string(std::numeric_limits<T>::max()) + ", got " + std::to_string(number));
      into = static_cast<T>(number);
    };
    if (const std::int64_t* i = from.as_int64()) return take(*i);
    if (const std::uint64_t* u = from.as_uint64()) return take(*u);
    expected("an integer", from);
  }

  template <class Enum, Enum... Values>
  void read_enumerator(const web::json_value& from, Enum& into, enumerators<Enum, Values...>) {
    const std::string* text = from.as_string();
    bool found = false;
    const auto look = [&](Enum value, std::string_view name) {
      if (text == nullptr || *text != name) return;
      into = value;
      found = true;
    };
    (look(Values, enumerator_name<Values>()), ...);
    if (found) return;
    std::string names;
    const auto list = [&names](std::string_view name) { names.append(names.empty() ? "" : ", ").append(name); };
    (list(enumerator_name<Values>()), ...);
    if (text == nullptr) return expected("one of " + names, from);
    add_error("expected one of " + names);
  }

  template <class T>
  void read_sequence(const web::json_value& from, T& into) {
    const auto* elements = from.as_array();
    if (elements == nullptr) return expected("an array", from);
    into.clear();
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const std::size_t before = enter(i);
      if constexpr (std::same_as<typename T::value_type, bool>) {  // of vector<bool>, no element has an address
        bool element = false;
        read((*elements)[i], element);
        into.push_back(element);
      } else {
        read((*elements)[i], into.emplace_back());
      }
      leave(before);
    }
  }

  template <class T>
  void read_map(const web::json_value& from, T& into) {
    const auto* members = from.as_object();
    if (members == nullptr) return expected("an object", from);
    into.clear();
    for (const auto& m : *members) {
      const std::size_t before = enter(m.name);
      read(m.value, into.try_emplace(m.name).first->second);
      leave(before);
    }
  }

  template <class T>
  void read_aggregate(const web::json_value& from, T& into) {
    const auto* members = from.as_object();
    if (members == nullptr) return expected("an object", from);
    std::size_t known = 0;
    for_each_json_member(into, [&]<class M>(std::string_view name, M& member) {
      const web::json_value* value = from.find(name);
      if (value != nullptr) ++known;
      if (value == nullptr && (json_optional<M> || keep_defaults_ || (as_forms_ && left_out_by_forms<M>))) return;
      const std::size_t before = enter(name);
      if (value == nullptr) {
        add_error("expected it: it is missing");
      } else {
        read(*value, member);
      }
      leave(before);
    });
    if (!refuse_unknown_ || known == members->size()) return;
    for (const auto& m : *members) {
      bool is_known = false;
      for_each_json_member(into, [&](std::string_view name, const auto&) { is_known = is_known || name == m.name; });
      if (is_known) continue;
      const std::size_t before = enter(m.name);
      add_error("expected no such member");
      leave(before);
    }
  }

  bool refuse_unknown_;
  bool keep_defaults_;
  bool as_forms_;
  std::string pointer_;
  std::vector<web::json_error> errors_;
};

template <class T>
void append_json(std::string& out, const T& value);

template <class Enum>
void append_json_name(std::string& out, Enum value) {
  web::append_json_string(out, name_of(value));
}

template <class T>
void append_json_members(std::string& out, const T& value) {
  out += '{';
  bool first = true;
  for_each_json_member(value, [&]<class M>(std::string_view name, const M& member) {
    if constexpr (json_optional<std::remove_const_t<M>>) {
      if (!member.has_value()) return;
    }
    if (!std::exchange(first, false)) out += ',';
    web::append_json_string(out, name);
    out += ':';
    append_json(out, member);
  });
  out += '}';
}

template <class T>
void append_json(std::string& out, const T& value) {
  if constexpr (has_json_format<T>) {
    require_json_format<T>();
    const web::json_value written = web::json_format<T>::write(value);
    written.append_to(out);
  } else if constexpr (std::same_as<T, web::json_value>) {
    value.append_to(out);
  } else if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    web::append_json_string(out, value);
  } else if constexpr (std::floating_point<T>) {
    web::append_json_number(out, static_cast<double>(value));
  } else if constexpr (json_number<T>) {
    out += std::to_string(value);
  } else if constexpr (enum_class<T>) {
    append_json_name(out, value);
  } else if constexpr (json_optional<T>) {
    if (value.has_value()) {
      append_json(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (json_map<T>) {
    out += '{';
    bool first = true;
    for (const auto& [name, mapped] : value) {
      if (!std::exchange(first, false)) out += ',';
      web::append_json_string(out, name);
      out += ':';
      append_json(out, mapped);
    }
    out += '}';
  } else if constexpr (json_sequence<T>) {
    out += '[';
    bool first = true;
    for (const auto& element : value) {
      if (!std::exchange(first, false)) out += ',';
      append_json(out, static_cast<const typename T::value_type&>(element));
    }
    out += ']';
  } else if constexpr (open_aggregate<T>) {
    append_json_members(out, value);
  } else {
    (void)sizeof(no_json<T>);
  }
}

}  // namespace joist::inline v0::detail
