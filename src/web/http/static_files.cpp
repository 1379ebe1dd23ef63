#include <joist/web/static_files.hpp>

#include <joist/error.hpp>
#include <joist/web/conditional.hpp>
#include <joist/web/media_type.hpp>
#include <joist/web/percent.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "web/http/accept_encoding.hpp"
#include "web/http/file_root.hpp"
#include "web/http/range.hpp"

namespace joist::inline v0::web {
namespace {

class file_server {
 public:
  file_server(const std::string& folder, static_options options) : root_{folder}, options_{std::move(options)} {
    if (!options_.prefix.starts_with('/'))
      throw error{errc::bad_argument,
                  fmt::format("static_files: expected a prefix that begins with a slash, got \"{}\"", options_.prefix)};
    std::string segment;
    for (const char c : options_.prefix + "/") {
      if (c != '/') segment += c;
      if (c == '/' && !segment.empty()) prefix_.push_back(std::exchange(segment, {}));
    }
  }

  response operator()(request& in, const next_handler& next) const {
    if (in.method() == "GET" || in.method() == "HEAD") {
      if (const auto path = relative_path(in)) {
        if (auto found = find(in, *path)) return *std::move(found);
      }
    }
    return next(in);
  }

 private:
  // The path in the folder; empty: the folder itself. Nothing: not ours, or not to be seen.
  [[nodiscard]] std::optional<std::string> relative_path(const request& in) const {
    if (in.segment_count() < prefix_.size()) return std::nullopt;
    std::string path;
    for (std::size_t i = 0; i < in.segment_count(); ++i) {
      const std::string_view segment = in.segment(i);
      if (i < prefix_.size()) {
        if (segment != prefix_[i]) return std::nullopt;
        continue;
      }
      if (segment.find('/') != segment.npos) return std::nullopt;
      if (segment.front() == '.' && !options_.hidden && segment != ".well-known") return std::nullopt;
      if (!path.empty()) path += '/';
      path += segment;
    }
    return path;
  }

  [[nodiscard]] std::optional<response> find(const request& in, const std::string& path) const {
    const bool as_folder = in.path().ends_with('/') || path.empty();
    if (!as_folder) {
      auto file = root_.open(path);
      if (file) return send(in, path, *std::move(file));
      if (file.error() != std::errc::is_a_directory) return std::nullopt;
    }
    if (options_.index.empty()) return std::nullopt;
    const std::string index = path.empty() ? options_.index : path + "/" + options_.index;
    auto file = root_.open(index);
    if (!file) return std::nullopt;
    // Relative links of the page are meant from within the folder.
    if (!in.path().ends_with('/')) return redirect(folder_target(in), 301);
    return send(in, index, *std::move(file));
  }

  // Of segments, not of the path: `//elsewhere` would lead to another host.
  static std::string folder_target(const request& in) {
    std::string target{"/"};
    for (std::size_t i = 0; i < in.segment_count(); ++i) target += percent_encode(in.segment(i)) + "/";
    if (const auto query = in.target().find('?'); query != std::string::npos) target += in.target().substr(query);
    return target;
  }

  [[nodiscard]] response send(const request& in, const std::string& path, open_file file) const {
    bool gzip = false;
    if (options_.precompressed && http::prefers_coding(in.fields().joined("Accept-Encoding"), "gzip")) {
      if (auto smaller = root_.open(path + ".gz")) {
        file = *std::move(smaller);
        gzip = true;
      }
    }
    const validators now{.tag = etag{fmt::format("{:x}-{:x}.{:x}{}", file.size(), file.modified(),
                                                 file.modified_nanoseconds(), gzip ? "-gz" : "")},
                         .modified = std::chrono::sys_seconds{std::chrono::seconds{file.modified()}}};
    response out = conditional(in, now, [&] { return part_of(in, now, path, std::move(file)); });
    if (out.status == 412) return out;
    out.fields.set("Cache-Control", options_.cache_control);
    if (options_.precompressed) out.fields.set("Vary", "Accept-Encoding");
    if (gzip && out.status != 304 && out.status != 416) out.fields.set("Content-Encoding", "gzip");
    return out;
  }

  static response part_of(const request& in, const validators& now, const std::string& path, open_file file) {
    const std::uint64_t size = file.size();
    const http::range_choice choice = http::choose_range(in, now, size);
    if (choice.verdict == http::range_verdict::unsatisfiable)
      return status_page(416).with_field("Content-Range", http::unsatisfied_range(size));
    response out = send_file(std::move(file), media_type_of(path));
    out.fields.set("Accept-Ranges", "bytes").set("X-Content-Type-Options", "nosniff");
    if (choice.verdict == http::range_verdict::part) {
      auto& body = std::get<file_body>(out.body);
      body.offset = choice.part.offset;
      body.size = choice.part.size;
      out.status = 206;
      out.fields.set("Content-Range", http::content_range(choice.part, size));
    }
    return out;
  }

  http::file_root root_;
  static_options options_;
  std::vector<std::string> prefix_;  // its segments
};

}  // namespace

plug static_files(const std::string& folder, static_options options) {
  return [server = std::make_shared<const file_server>(folder, std::move(options))](request& in, const next_handler& next) {
    return (*server)(in, next);
  };
}

}  // namespace joist::inline v0::web
