#include "web/http/shown.hpp"

#include <fmt/format.h>

#include <iterator>

namespace joist::inline v0::web::http {

std::string shown(std::string_view text, std::size_t most) {
  std::string all;
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7f) {
      all += c;
    } else {
      fmt::format_to(std::back_inserter(all), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text.size() > most ? all + "..." : all;
}

}  // namespace joist::inline v0::web::http
