// tests/web/http/transcript.hpp: all that a reader makes of the bytes of a connection, as one text: to compare, whatever the
// cuts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "web/http/request_reader.hpp"

namespace joist_test {

/// Plays a connection: `next_cut(left)` bytes come at a time, and what is not used stays in front of them.
inline std::string transcript(std::string_view all, const joist::web::request_limits& limits,
                              const std::function<std::size_t(std::size_t)>& next_cut) {
  using joist::web::http::progress;
  joist::web::http::request_reader reader{limits};
  std::string told;
  std::string unread;
  std::string body;
  bool waits = true;
  for (;;) {
    if (waits) {
      if (all.empty()) break;
      const std::size_t cut = std::clamp<std::size_t>(next_cut(all.size()), 1, all.size());
      unread.append(all.substr(0, cut));
      all.remove_prefix(cut);
    }
    auto step = reader.read(std::as_bytes(std::span{unread}));
    if (step.used > unread.size()) return "used more than there is";
    body.append(reinterpret_cast<const char*>(step.body.data()), step.body.size());
    unread.erase(0, step.used);
    waits = step.what == progress::need_more;
    if (waits && unread.size() > reader.most_unused()) return "keeps more than it says";
    if (step.what == progress::head) {
      const joist::web::request& in = *step.head;
      told += in.method() + " " + in.path();
      if (!in.query().empty()) told += " query=" + in.query().to_string();
      told += in.version() == joist::web::http_version::http_1_1 ? " 1.1" : " 1.0";
      if (reader.keep_alive()) told += " keep";
      if (reader.expects_continue()) told += " expect";
      if (reader.wants_upgrade()) told += " upgrade";
      if (reader.has_body()) told += " body";
      if (reader.content_length()) told += " length=" + std::to_string(*reader.content_length());
      told.append(" {").append(in.fields().wire()).append("} ");
    }
    if (step.what == progress::body && step.body.empty()) return "an empty piece";
    if (step.what == progress::done) {
      told += "[" + body + "]\n";
      body.clear();
      reader.restart();
    }
    if (step.what == progress::refused)
      return told + std::to_string(reader.refused().status) + " " + std::string{reader.refused().why};
  }
  if (!body.empty()) told += "(" + body + ")";
  return told + (reader.is_idle() ? "idle" : "unfinished");
}

inline std::string transcript(std::string_view all, const joist::web::request_limits& limits = {}) {
  return transcript(all, limits, [](std::size_t left) { return left; });
}

}  // namespace joist_test
