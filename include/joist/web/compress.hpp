// joist/web/compress.hpp: a plug that packs texts with gzip for clients that take it.
//
//   routes.scope("/", {joist::web::compress()}, [](joist::web::router& site) { ... });
//
// Promises
//   only bodies that handlers return as text are packed, of the media types in the options, and only where that makes them
//     smaller; files and streams are not: static_files sends `app.js.gz` where there is one
//   caches hear of it: Vary names Accept-Encoding whether it was packed or not, and an entity tag becomes a weak one
//   who forbids it is heard: Cache-Control: no-transform; an answer with a Content-Encoding, or a part of one, is left alone
//
// Off unless it is put in front. Secrets: who can put a text of his own into a page beside a secret, such as a CSRF token,
// and see how long the packed page is, can guess the secret piece by piece (BREACH). Leave such pages out. The
// token of csrf.hpp looks different in each.
// See also: router.hpp (scope, pipeline), static_files.hpp. RFC 1952; RFC 9110, 8.4.
#pragma once

#include <joist/web/router.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace joist::inline v0::web {

struct compress_options {
  std::size_t least_bytes = 1024;                 ///< what is smaller goes in a packet or two as it is
  std::size_t most_bytes = std::size_t{4} << 20;  ///< what is larger would keep a worker busy for long
  int level = 5;                                  ///< 1: fast, 9: small
  /// `text/*` are all that begin so, `*+json` all that end so.
  std::vector<std::string> types = {"text/*",
                                    "application/json",
                                    "application/javascript",
                                    "application/xml",
                                    "application/x-ndjson",
                                    "application/wasm",
                                    "image/svg+xml",
                                    "*+json",
                                    "*+xml"};
};

/// Throws errc::bad_argument for a level other than 1 to 9.     [start-up]
[[nodiscard]] plug compress(compress_options options = {});

}  // namespace joist::inline v0::web
