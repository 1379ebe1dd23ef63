// web/security/claims.hpp: what a token says, and how Erlang writes it: {Data, SignedAtMs, MaxAgeS}, in the external term
// format. Pure.
//
// Read is what Phoenix apps put into tokens for others, and no more: a binary or an integer, which comes as its digits.
// Atoms, lists, maps, compressed terms and all else are refused: what a token says has a size that its bytes show.
// https://www.erlang.org/doc/apps/erts/erl_ext_dist.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joist::inline v0::web::security {

struct claims {
  std::string data;
  std::int64_t signed_at_ms = 0;          ///< since 1970
  std::optional<std::int64_t> max_age_s;  ///< none: for ever

  friend bool operator==(const claims& a, const claims& b) = default;
};

/// Data of 4 GiB or more is not for it.
[[nodiscard]] std::string to_term(const claims& said);
/// Nothing, for other terms, and for what is none.
[[nodiscard]] std::optional<claims> from_term(std::string_view bytes);

/// Whether something signed then, for so long, has ended: `max_age_s` at most after it was signed it holds. 0: never.
[[nodiscard]] bool is_over(std::int64_t signed_at_ms, std::optional<std::int64_t> max_age_s, std::int64_t now_ms) noexcept;

}  // namespace joist::inline v0::web::security
