#include "web/http/accept_encoding.hpp"

#include <algorithm>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::http {
namespace {

// RFC 9110, 12.4.2: 0 to 1 with at most three digits behind the point. What is none counts as 0: nothing is sent on a guess.
int thousandths(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return 0;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int place = 100;
  for (std::size_t i = 2; i < text.size(); ++i, place /= 10) {
    if (!is_digit(text[i])) return 0;
    value += (text[i] - '0') * place;
  }
  return value > 1000 ? 0 : value;
}

// The quality that the list gives the coding by this name, or -1.
int quality_of(std::string_view list, std::string_view name) noexcept {
  int quality = -1;
  for_each_element(list, [&](std::string_view element) {
    if (!same_word(take_until(';', element), name)) return;
    quality = 1000;
    while (!element.empty()) {
      std::string_view parameter = take_until(';', element);
      if (same_word(take_until('=', parameter), "q")) quality = thousandths(trimmed(parameter));
    }
  });
  return quality;
}

}  // namespace

int coding_quality(std::string_view value, std::string_view coding) noexcept {
  const bool identity = same_word(coding, "identity");
  if (const int quality = quality_of(value, coding); quality >= 0) return quality;
  // The star speaks for all that are not named; and identity is taken, unless it is refused.
  const int others = quality_of(value, "*");
  if (identity) return others == 0 ? 0 : 1000;
  return std::max(0, others);
}

bool prefers_coding(std::string_view value, std::string_view coding) noexcept {
  const int quality = coding_quality(value, coding);
  const int named_identity = quality_of(value, "identity");  // by itself it is the last choice
  return quality > 0 && quality >= std::max(0, named_identity);
}

}  // namespace joist::inline v0::web::http
