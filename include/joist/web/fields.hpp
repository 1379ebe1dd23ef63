// joist/web/fields.hpp: the header fields of a request or a response. RFC 9110, section 5.
//
//   joist::web::fields f{{"Content-Type", "text/plain"}};
//   f.add("Set-Cookie", "a=1").add("Set-Cookie", "b=2");
//   f.get("content-type");            // "text/plain": names know no case
//
// Promises
//   order is kept, also among fields of one name
//   nothing gets in that would end a line or a name early: no CR, LF, NUL or other control character, no name that is no
//     token
//   all of it is one text, as it goes over the wire, and eight bytes for each field
//
// See also: request.hpp, response.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joist::inline v0::web {

/// One of them. The views hold until its fields change or move.
struct field {
  std::string_view name;
  std::string_view value;
};

/// Views that its functions return hold until it changes or moves.
class fields {
 public:
  class iterator;

  fields() = default;
  /// As add for each.     [any thread]
  fields(std::initializer_list<field> all);

  /// The value of the first of that name.     [any thread]
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    return may_have(name) ? find_here(name) : std::nullopt;
  }
  [[nodiscard]] std::string_view get(std::string_view name, std::string_view otherwise = {}) const noexcept {
    return find(name).value_or(otherwise);
  }
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name).has_value(); }
  /// How many have that name.     [any thread]
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept { return may_have(name) ? count_here(name) : 0; }
  /// The values of all of that name, with ", " between: what they mean together, but for Set-Cookie. RFC 9110, 5.3.
  [[nodiscard]] std::string joined(std::string_view name) const;
  /// Whether a list such as `Connection: keep-alive, Upgrade` has that element, in any of the fields of that name, in any
  /// case.     [any thread]
  [[nodiscard]] bool has_element(std::string_view name, std::string_view element) const noexcept {
    return may_have(name) && has_element_here(name, element);
  }

  /// Puts one behind all others. Blanks around the value are left out. Throws errc::bad_argument for a name or a value that
  /// would break the header apart.     [any thread]
  fields& add(std::string_view name, std::string_view value);
  /// As add, in the place of the first of that name, where there is one; others of that name go.     [any thread]
  fields& set(std::string_view name, std::string_view value);
  /// How many there were.     [any thread]
  std::size_t remove(std::string_view name);
  void clear() noexcept;
  /// Room for so many fields that have so many bytes together, four more for each counted in.     [any thread]
  void reserve(std::size_t count, std::size_t bytes);

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }
  [[nodiscard]] field operator[](std::size_t i) const noexcept;
  [[nodiscard]] iterator begin() const noexcept;
  [[nodiscard]] iterator end() const noexcept;

  /// `Name: value` and CRLF for each.     [any thread]
  [[nodiscard]] std::string_view wire() const noexcept { return text_; }

 private:
  struct place {
    std::uint32_t end;  // behind the line; it begins where the one before ends
    std::uint32_t name_bytes;
  };

  // A bit for a name, the same in any case: what is asked for by a literal, and is not there, costs no call.
  static constexpr std::uint64_t bit_of(std::string_view name) noexcept {
    const std::size_t last = name.empty() ? 0 : static_cast<unsigned char>(name.back()) | 0x20U;
    return std::uint64_t{1} << ((name.size() * 5 + last) % 64);
  }
  [[nodiscard]] bool may_have(std::string_view name) const noexcept { return (seen_ & bit_of(name)) != 0; }
  [[nodiscard]] std::optional<std::string_view> find_here(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count_here(std::string_view name) const noexcept;
  [[nodiscard]] bool has_element_here(std::string_view name, std::string_view element) const noexcept;
  [[nodiscard]] std::size_t begin_of(std::size_t i) const noexcept { return i == 0 ? 0 : places_[i - 1].end; }
  [[nodiscard]] std::size_t index_of(std::string_view name, std::size_t from = 0) const noexcept;
  void replace(std::size_t i, std::string_view name, std::string_view value);
  void erase(std::size_t i);

  std::string text_;
  std::vector<place> places_;
  std::uint64_t seen_ = 0;  // bits of all names that are here, or were
};

class fields::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = field;
  using difference_type = std::ptrdiff_t;
  using reference = field;

  iterator() = default;
  iterator(const fields* of, std::size_t at) noexcept : of_{of}, at_{at} {}
  [[nodiscard]] field operator*() const noexcept { return (*of_)[at_]; }
  iterator& operator++() noexcept {
    ++at_;
    return *this;
  }
  iterator operator++(int) noexcept { return {of_, at_++}; }
  friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

 private:
  const fields* of_ = nullptr;
  std::size_t at_ = 0;
};

inline fields::iterator fields::begin() const noexcept { return {this, 0}; }
inline fields::iterator fields::end() const noexcept { return {this, size()}; }

}  // namespace joist::inline v0::web
