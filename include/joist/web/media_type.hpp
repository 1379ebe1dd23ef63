// joist/web/media_type.hpp: what a file holds, by its name; and what a Content-Type names.
//
//   joist::web::media_type_of("app.js");        // "text/javascript; charset=utf-8"
//
// See also: static_files.hpp.
#pragma once

#include <string_view>

namespace joist::inline v0::web {

/// By the extension, in any case; text is UTF-8. application/octet-stream for what is not known.     [any thread]
[[nodiscard]] std::string_view media_type_of(std::string_view file_name) noexcept;
/// Whether a Content-Type names that type, whatever its parameters: has_media_type(in.field("Content-Type"),
/// "application/json").     [any thread]
[[nodiscard]] bool has_media_type(std::string_view content_type, std::string_view type) noexcept;

}  // namespace joist::inline v0::web
