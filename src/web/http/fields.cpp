#include <joist/web/fields.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <functional>
#include <limits>

#include "web/http/characters.hpp"
#include "web/http/shown.hpp"

namespace joist::inline v0::web {
namespace {

constexpr std::string_view after_name{": "};
constexpr std::string_view line_end{"\r\n"};

void check(std::string_view name, std::string_view value) {
  if (!http::is_token(name))
    throw error{errc::bad_argument, fmt::format("fields: expected a name of letters, digits and !#$%&'*+-.^_`|~, got \"{}\"",
                                                http::shown(name))};
  if (!http::is_text(value))
    throw error{errc::bad_argument, fmt::format("fields: expected a value without CR, LF and other control characters, "
                                                "got \"{}\" for {}",
                                                http::shown(value), name)};
  if (name.size() + value.size() > std::numeric_limits<std::uint32_t>::max() / 2)
    throw error{errc::bad_argument,
                fmt::format("fields: expected less than 2 GiB, got {} bytes for {}", value.size(), name)};
}

}  // namespace

fields::fields(std::initializer_list<field> all) {
  for (const field& f : all) add(f.name, f.value);
}

field fields::operator[](std::size_t i) const noexcept {
  const std::size_t begin = begin_of(i);
  const place& p = places_[i];
  const std::size_t value = begin + p.name_bytes + after_name.size();
  const std::string_view text{text_};
  return {text.substr(begin, p.name_bytes), text.substr(value, p.end - line_end.size() - value)};
}

std::size_t fields::index_of(std::string_view name, std::size_t from) const noexcept {
  for (std::size_t i = from; i < places_.size(); ++i) {
    if (places_[i].name_bytes == name.size() && http::same_word((*this)[i].name, name)) return i;
  }
  return places_.size();
}

std::optional<std::string_view> fields::find_here(std::string_view name) const noexcept {
  const std::size_t i = index_of(name);
  if (i == size()) return std::nullopt;
  return (*this)[i].value;
}

std::size_t fields::count_here(std::string_view name) const noexcept {
  std::size_t n = 0;
  for (std::size_t i = index_of(name); i < size(); i = index_of(name, i + 1)) ++n;
  return n;
}

std::string fields::joined(std::string_view name) const {
  std::string all;
  bool first = true;
  for (std::size_t i = index_of(name); i < size(); i = index_of(name, i + 1)) {
    if (!first) all += ", ";
    first = false;
    all += (*this)[i].value;
  }
  return all;
}

bool fields::has_element_here(std::string_view name, std::string_view element) const noexcept {
  bool found = false;
  for (std::size_t i = index_of(name); i < size() && !found; i = index_of(name, i + 1)) {
    http::for_each_element((*this)[i].value, [&](std::string_view e) { found = found || http::same_word(e, element); });
  }
  return found;
}

fields& fields::add(std::string_view name, std::string_view value) {
  value = http::trimmed(value);
  check(name, value);
  replace(size(), name, value);
  return *this;
}

fields& fields::set(std::string_view name, std::string_view value) {
  value = http::trimmed(value);
  check(name, value);
  const std::size_t first = index_of(name);
  // A value may be a view of this very text: others of the name go after it has been read.
  replace(first, name, value);
  for (std::size_t i = size(); i > first + 1; --i) {
    if (http::same_word((*this)[i - 1].name, (*this)[first].name)) erase(i - 1);
  }
  return *this;
}

std::size_t fields::remove(std::string_view name) {
  const std::string kept{name};
  std::size_t n = 0;
  for (std::size_t i = index_of(kept); i < size(); i = index_of(kept, i), ++n) erase(i);
  return n;
}

void fields::clear() noexcept {
  text_.clear();
  places_.clear();
  seen_ = 0;
}

void fields::reserve(std::size_t count, std::size_t bytes) {
  text_.reserve(bytes);
  places_.reserve(count);
}

// The line i becomes this one; i == size(): there is one more.
void fields::replace(std::size_t i, std::string_view name, std::string_view value) {
  const std::size_t begin = begin_of(i);
  const std::size_t old = i == size() ? 0 : places_[i].end - begin;
  const std::size_t bytes = name.size() + after_name.size() + value.size() + line_end.size();
  if (text_.size() - old + bytes > std::numeric_limits<std::uint32_t>::max())
    throw error{errc::bad_argument, "fields: expected less than 4 GiB together"};
  const auto ours = [this](std::string_view v) {
    return std::less_equal<>{}(text_.data(), v.data()) && std::less_equal<>{}(v.data(), text_.data() + text_.size());
  };
  if (i == size() && !ours(name) && !ours(value)) {
    text_.append(name).append(after_name).append(value).append(line_end);
  } else {  // in one piece first: a view of this text would move while it is read
    std::string line;
    line.reserve(bytes);
    line.append(name).append(after_name).append(value).append(line_end);
    text_.replace(begin, old, line);
    name = std::string_view{text_}.substr(begin, name.size());
  }
  seen_ |= bit_of(name);
  if (i == size()) {
    places_.push_back({static_cast<std::uint32_t>(begin + bytes), static_cast<std::uint32_t>(name.size())});
    return;
  }
  places_[i].name_bytes = static_cast<std::uint32_t>(name.size());
  for (std::size_t k = i; k < size(); ++k) places_[k].end = static_cast<std::uint32_t>(places_[k].end - old + bytes);
}

void fields::erase(std::size_t i) {
  const std::size_t begin = begin_of(i);
  const auto bytes = static_cast<std::uint32_t>(places_[i].end - begin);
  text_.erase(begin, bytes);
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(i));
  for (std::size_t k = i; k < size(); ++k) places_[k].end -= bytes;
}

}  // namespace joist::inline v0::web
