// joist/web/static_files.hpp: a folder of files, served as they are.
//
//   const joist::web::handler all =
//       joist::web::pipeline({joist::web::static_files("assets", {.prefix = "/assets"})}, routes);
//
// Promises
//   nothing is opened that is not in the folder, whatever the path says and wherever symbolic links lead
//   clients that have a file are answered 304; a part is sent where one is asked for; `app.js.gz` is sent for `app.js` to
//   who
//     takes gzip
//   the response carries the open file: the connection sends it without reading it
//
// See also: response.hpp (send_file), conditional.hpp, media_type.hpp.
#pragma once

#include <joist/web/router.hpp>

#include <string>

namespace joist::inline v0::web {

struct static_options {
  std::string prefix{"/"};                ///< of the paths that are looked up; what follows is the path in the folder
  std::string index{"index.html"};        ///< what is sent for a folder; empty: nothing is
  std::string cache_control{"no-cache"};  ///< ask each time whether it has changed. For files whose names change with their
                                          ///< content: "public, max-age=31536000, immutable"
  bool precompressed = true;              ///< look for a file with .gz behind its name
  bool hidden = false;                    ///< also files and folders whose names begin with a dot; .well-known always
};

/// A plug that answers GET and HEAD for files that are there, and lets all else pass. Throws errc::bad_argument, where there
/// is no such folder.     [start-up]
[[nodiscard]] plug static_files(const std::string& folder, static_options options = {});

}  // namespace joist::inline v0::web
