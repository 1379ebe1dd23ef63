// web/http/range.hpp: requests for a part. RFC 9110, 14. Pure.
#pragma once

#include <joist/web/conditional.hpp>
#include <joist/web/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web::http {

struct byte_range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const byte_range& a, const byte_range& b) = default;
};

enum class range_verdict : std::uint8_t {
  whole,  // no Range, one that is none of bytes, broken, or several: RFC 9110, 14.2, lets us send all
  part,
  unsatisfiable,  // 416
};

struct range_choice {
  range_verdict verdict = range_verdict::whole;
  byte_range part{};
  friend bool operator==(const range_choice& a, const range_choice& b) = default;
};

/// What `Range: <value>` asks for of `size` bytes.     [any thread]
[[nodiscard]] range_choice parse_range(std::string_view value, std::uint64_t size) noexcept;
/// The same for a request: only GET has ranges, and If-Range may want all.     [any thread]
[[nodiscard]] range_choice choose_range(const request& in, const validators& now, std::uint64_t size);
/// `bytes 0-4/10`.     [any thread]
[[nodiscard]] std::string content_range(const byte_range& part, std::uint64_t size);
/// `bytes */10`, for 416.     [any thread]
[[nodiscard]] std::string unsatisfied_range(std::uint64_t size);

}  // namespace joist::inline v0::web::http
