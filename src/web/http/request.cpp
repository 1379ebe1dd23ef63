#include <joist/web/request.hpp>

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "web/http/characters.hpp"
#include "web/http/request_access.hpp"

namespace joist::inline v0::web {

request http::request_access::make(request_parts&& head, target_parts parts) {
  request in;
  in.method_ = std::move(head.method);
  in.query_ = parse_form(parts.query);
  if (!parts.authority.empty()) {
    in.authority_begin_ = static_cast<std::uint32_t>(parts.authority.data() - head.target.data());
    in.authority_bytes_ = static_cast<std::uint32_t>(parts.authority.size());
  }
  in.target_ = std::move(head.target);  // its views end here
  in.path_ = std::move(parts.path);
  in.segments_.reserve(parts.segments.size());
  for (const segment s : parts.segments) in.segments_.push_back({s.begin, s.bytes});
  in.fields_ = std::move(head.fields);
  in.body_ = std::move(head.body);
  in.version_ = head.version;
  in.remote_ = head.remote;
  in.secure_ = head.secure;
  return in;
}

void http::request_access::add_param(request& in, std::string_view name, std::size_t segment) {
  in.params_.push_back({name, in.segments_[segment]});
}

void http::request_access::add_rest(request& in, std::string_view name, std::size_t segment) {
  const auto end = static_cast<std::uint32_t>(in.path_.size());
  const std::uint32_t begin = segment < in.segments_.size() ? in.segments_[segment].begin : end;
  in.params_.push_back({name, {begin, end - begin}});
}

request::request(request_parts parts) {
  if (!http::is_token(parts.method))
    throw error{errc::bad_argument, fmt::format("request: expected a method such as GET, got \"{}\"", parts.method)};
  auto target = http::parse_target(parts.method, parts.target);
  if (!target)
    throw error{errc::bad_argument, fmt::format("request: expected a target such as /path?a=1, got \"{}\": {}", parts.target,
                                                target.error().why)};
  *this = http::request_access::make(std::move(parts), *std::move(target));
}

std::string_view request::host() const noexcept {
  if (authority_bytes_ == 0) return field("Host");
  return std::string_view{target_}.substr(authority_begin_, authority_bytes_);
}

std::string_view request::segment(std::size_t i) const noexcept { return at(segments_[i]); }

std::string_view request::param(std::string_view name) const {
  for (const named& p : params_) {
    if (p.name == name) return at(p.value);
  }
  throw error{errc::bad_argument,
              fmt::format("request::param: expected a name of the route that {} {} took, got \"{}\"", method_, path_, name)};
}

std::optional<std::string_view> request::cookie(std::string_view name) const noexcept {
  for (const auto& f : fields_) {
    if (!http::same_word(f.name, "Cookie")) continue;
    for (std::string_view rest = f.value; !rest.empty();) {
      const std::string_view pair = http::take_until(';', rest);
      const auto equals = pair.find('=');
      if (equals == pair.npos || http::trimmed(pair.substr(0, equals)) != name) continue;
      std::string_view value = http::trimmed(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      return value;
    }
  }
  return std::nullopt;
}

std::string_view request::body() const {
  struct cut {  // also where the source throws: no byte stays that was not read
    std::string& text;
    std::size_t bytes;
    ~cut() { text.resize(bytes); }
  };
  constexpr std::size_t least = std::size_t{4} * 1024, most = std::size_t{64} * 1024;
  while (source_ != nullptr) {
    cut read{body_, body_.size()};
    body_.resize(body_.size() + std::clamp(body_.size(), least, most));
    const std::size_t bytes = source_->read(std::as_writable_bytes(std::span{body_}.subspan(read.bytes)));
    read.bytes += bytes;
    if (bytes == 0) source_ = nullptr;
  }
  return std::string_view{body_}.substr(body_taken_);
}

std::size_t request::read_body(std::span<std::byte> into) {
  if (body_taken_ == body_.size() && source_ != nullptr) return source_->read(into);
  const auto bytes = std::as_bytes(std::span{body_}.subspan(body_taken_));
  const std::size_t taken = std::min(into.size(), bytes.size());
  std::ranges::copy(bytes.first(taken), into.begin());
  body_taken_ += taken;
  return taken;
}

}  // namespace joist::inline v0::web
