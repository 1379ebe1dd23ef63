#include "web/security/claims.hpp"

#include <limits>

#include "base/assert.hpp"

namespace joist::inline v0::web::security {
namespace {

// Tags of the format.
enum : unsigned char {
  version = 131,
  small_integer = 97,  // a byte
  integer = 98,        // four bytes, big-endian
  atom = 100,          // as OTP writes it up to 25
  small_tuple = 104,
  binary = 109,
  small_big = 110,  // its size, its sign, its bytes, little-endian
  small_atom_utf8 = 119,
};
constexpr std::string_view for_ever{"infinity"};

void put(std::string& to, unsigned byte) { to += static_cast<char>(byte); }

void put_u32(std::string& to, std::uint32_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) put(to, n >> shift & 255U);
}

std::uint64_t magnitude(std::int64_t n) {
  return n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
}

// In the form that Erlang chooses.
void put_integer(std::string& to, std::int64_t n) {
  if (n >= 0 && n <= 255) {
    put(to, small_integer);
    put(to, static_cast<unsigned>(n));
  } else if (n >= std::numeric_limits<std::int32_t>::min() && n <= std::numeric_limits<std::int32_t>::max()) {
    put(to, integer);
    put_u32(to, static_cast<std::uint32_t>(n));
  } else {
    std::string bytes;
    for (std::uint64_t left = magnitude(n); left != 0; left >>= 8U) put(bytes, left & 255U);
    put(to, small_big);
    put(to, static_cast<unsigned>(bytes.size()));
    put(to, n < 0 ? 1 : 0);
    to += bytes;
  }
}

// Takes terms off the front of what is left of the bytes.
class term_reader {
 public:
  explicit term_reader(std::string_view bytes) : left_{bytes} {}

  [[nodiscard]] bool empty() const { return left_.empty(); }

  bool take(std::string_view these) {
    if (!left_.starts_with(these)) return false;
    left_.remove_prefix(these.size());
    return true;
  }
  bool take_tag(unsigned char tag) {
    const char byte = static_cast<char>(tag);
    return take({&byte, 1});
  }
  std::optional<std::string_view> take_bytes(std::size_t count) {
    if (count > left_.size()) return std::nullopt;
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  // Of up to eight bytes, big-endian.
  std::optional<std::uint64_t> take_number(std::size_t count) {
    const auto bytes = take_bytes(count);
    if (!bytes) return std::nullopt;
    std::uint64_t n = 0;
    for (const char byte : *bytes) n = n << 8U | static_cast<unsigned char>(byte);
    return n;
  }

  std::optional<std::string_view> take_binary() {
    if (!take_tag(binary)) return std::nullopt;
    const auto size = take_number(4);
    return size ? take_bytes(*size) : std::nullopt;
  }
  std::optional<std::int64_t> take_integer() {
    if (take_tag(small_integer)) {
      const auto n = take_number(1);
      return n ? std::optional{static_cast<std::int64_t>(*n)} : std::nullopt;
    }
    if (take_tag(integer)) {
      const auto n = take_number(4);
      return n ? std::optional{std::int64_t{static_cast<std::int32_t>(*n)}} : std::nullopt;
    }
    return take_tag(small_big) ? take_big() : std::nullopt;
  }
  bool take_for_ever() {
    using namespace std::string_view_literals;
    static_assert(for_ever.size() == 8, "the sizes below");
    const bool is_atom = take("\x77\x08"sv) || take("\x64\x00\x08"sv);
    static_assert(small_atom_utf8 == 0x77 && atom == 0x64, "the tags above");
    return is_atom && take(for_ever);
  }

 private:
  std::optional<std::int64_t> take_big() {
    const auto size = take_number(1);
    const auto sign = take_number(1);
    if (!size || !sign || *size > 8 || *sign > 1) return std::nullopt;
    const auto bytes = take_bytes(*size);
    if (!bytes) return std::nullopt;
    std::uint64_t n = 0;
    for (auto byte = bytes->rbegin(); byte != bytes->rend(); ++byte) n = n << 8U | static_cast<unsigned char>(*byte);
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (n > most + *sign) return std::nullopt;
    return static_cast<std::int64_t>(*sign == 1 ? std::uint64_t{0} - n : n);
  }

  std::string_view left_;
};

}  // namespace

std::string to_term(const claims& said) {
  JOIST_ASSERT(said.data.size() <= std::numeric_limits<std::uint32_t>::max(), "the size of a binary has four bytes");
  std::string term;
  term.reserve(said.data.size() + 32);
  put(term, version);
  put(term, small_tuple);
  put(term, 3);
  put(term, binary);
  put_u32(term, static_cast<std::uint32_t>(said.data.size()));
  term += said.data;
  put_integer(term, said.signed_at_ms);
  if (said.max_age_s) {
    put_integer(term, *said.max_age_s);
  } else {
    put(term, small_atom_utf8);
    put(term, static_cast<unsigned>(for_ever.size()));
    term += for_ever;
  }
  return term;
}

std::optional<claims> from_term(std::string_view bytes) {
  term_reader in{bytes};
  if (!in.take_tag(version) || !in.take_tag(small_tuple) || !in.take_tag(3)) return std::nullopt;
  claims said;
  if (const auto text = in.take_binary()) {
    said.data = *text;
  } else if (const auto number = in.take_integer()) {
    said.data = std::to_string(*number);
  } else {
    return std::nullopt;
  }
  const auto signed_at = in.take_integer();
  if (!signed_at) return std::nullopt;
  said.signed_at_ms = *signed_at;
  if (!in.take_for_ever()) {
    said.max_age_s = in.take_integer();
    if (!said.max_age_s) return std::nullopt;
  }
  return in.empty() ? std::optional{std::move(said)} : std::nullopt;
}

bool is_over(std::int64_t signed_at_ms, std::optional<std::int64_t> max_age_s, std::int64_t now_ms) noexcept {
  if (!max_age_s) return false;
  if (*max_age_s <= 0) return true;
  std::int64_t end = 0;
  const bool beyond_all_time =
      __builtin_mul_overflow(*max_age_s, 1000, &end) || __builtin_add_overflow(end, signed_at_ms, &end);
  return !beyond_all_time && end < now_ms;
}

}  // namespace joist::inline v0::web::security
