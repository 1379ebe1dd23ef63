#include <joist/web/media_type.hpp>

#include <algorithm>
#include <array>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {
namespace {

struct known {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array table{known{"aac", "audio/aac"},
                           known{"apng", "image/apng"},
                           known{"avif", "image/avif"},
                           known{"bin", "application/octet-stream"},
                           known{"bmp", "image/bmp"},
                           known{"css", "text/css; charset=utf-8"},
                           known{"csv", "text/csv; charset=utf-8"},
                           known{"eot", "application/vnd.ms-fontobject"},
                           known{"epub", "application/epub+zip"},
                           known{"flac", "audio/flac"},
                           known{"gif", "image/gif"},
                           known{"gz", "application/gzip"},
                           known{"htm", "text/html; charset=utf-8"},
                           known{"html", "text/html; charset=utf-8"},
                           known{"ico", "image/vnd.microsoft.icon"},
                           known{"ics", "text/calendar; charset=utf-8"},
                           known{"jpeg", "image/jpeg"},
                           known{"jpg", "image/jpeg"},
                           known{"js", "text/javascript; charset=utf-8"},
                           known{"json", "application/json"},
                           known{"jsonld", "application/ld+json"},
                           known{"m4a", "audio/mp4"},
                           known{"map", "application/json"},
                           known{"md", "text/markdown; charset=utf-8"},
                           known{"mjs", "text/javascript; charset=utf-8"},
                           known{"mp3", "audio/mpeg"},
                           known{"mp4", "video/mp4"},
                           known{"mpeg", "video/mpeg"},
                           known{"oga", "audio/ogg"},
                           known{"ogg", "audio/ogg"},
                           known{"ogv", "video/ogg"},
                           known{"opus", "audio/ogg"},
                           known{"otf", "font/otf"},
                           known{"pdf", "application/pdf"},
                           known{"png", "image/png"},
                           known{"rtf", "application/rtf"},
                           known{"svg", "image/svg+xml"},
                           known{"tar", "application/x-tar"},
                           known{"tif", "image/tiff"},
                           known{"tiff", "image/tiff"},
                           known{"ttf", "font/ttf"},
                           known{"txt", "text/plain; charset=utf-8"},
                           known{"wasm", "application/wasm"},
                           known{"wav", "audio/wav"},
                           known{"weba", "audio/webm"},
                           known{"webm", "video/webm"},
                           known{"webmanifest", "application/manifest+json"},
                           known{"webp", "image/webp"},
                           known{"woff", "font/woff"},
                           known{"woff2", "font/woff2"},
                           known{"xhtml", "application/xhtml+xml"},
                           known{"xml", "application/xml"},
                           known{"zip", "application/zip"}};

constexpr bool in_order = [] {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i - 1].extension >= table[i].extension) return false;
  }
  return true;
}();
static_assert(in_order, "the table is searched by halves");

}  // namespace

std::string_view media_type_of(std::string_view file_name) noexcept {
  constexpr std::string_view unknown{"application/octet-stream"};
  constexpr std::size_t longest = 11;
  const std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  const auto dot = name.rfind('.');
  if (dot == name.npos || name.size() - dot - 1 > longest) return unknown;
  std::array<char, longest> small{};
  const auto end =
      std::transform(name.begin() + static_cast<std::ptrdiff_t>(dot) + 1, name.end(), small.begin(), http::lower);
  const std::string_view extension{small.data(), static_cast<std::size_t>(end - small.begin())};
  const auto* found = std::lower_bound(table.begin(), table.end(), extension,
                                       [](const known& k, std::string_view e) { return k.extension < e; });
  return found != table.end() && found->extension == extension ? found->type : unknown;
}

bool has_media_type(std::string_view content_type, std::string_view type) noexcept {
  return http::same_word(http::take_until(';', content_type), type);
}

}  // namespace joist::inline v0::web
