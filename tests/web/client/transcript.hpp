// tests/web/client/transcript.hpp: all that a reader of responses makes of the bytes of a connection, as one text: to
// compare, whatever the cuts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "web/client/response_reader.hpp"

namespace joist_test {

/// The requests that the responses are to: all of one method.
struct asked {
  std::string_view method{"GET"};
  bool for_upgrade = false;
};

/// Plays a connection: `next_cut(left)` bytes come at a time, and what is not used stays in front of them; then it ends.
inline std::string transcript(std::string_view all, const asked& request, const joist::web::response_limits& limits,
                              const std::function<std::size_t(std::size_t)>& next_cut) {
  using joist::web::http::progress;
  joist::web::http::response_reader reader{limits};
  reader.expect(request.method, request.for_upgrade);
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
      told += std::to_string(step.head->status);
      told += step.head->version == joist::web::http_version::http_1_1 ? " 1.1" : " 1.0";
      if (reader.keep_alive()) told += " keep";
      if (reader.interims() > 0) told += " interims=" + std::to_string(reader.interims());
      if (reader.body_bytes()) told += " length=" + std::to_string(*reader.body_bytes());
      told.append(" {").append(step.head->fields.wire()).append("} ");
    }
    if (step.what == progress::body && step.body.empty()) return "an empty piece";
    if (step.what == progress::done) {
      told += "[" + body + "]\n";
      body.clear();
      if (!reader.keep_alive()) return told + "closed" + (all.empty() && unread.empty() ? "" : ", more came");
      reader.expect(request.method, request.for_upgrade);
    }
    if (step.what == progress::refused)
      return told + (reader.refused().too_large ? "too large: " : "refused: ") + std::string{reader.refused().why};
  }
  const bool idle = !reader.has_begun();
  if (reader.end() == progress::done) return told + "[" + body + "]\nended";
  if (!body.empty()) told += "(" + body + ")";
  return told + (idle ? "idle" : std::string{reader.refused().why});
}

inline std::string transcript(std::string_view all, const asked& request = {},
                              const joist::web::response_limits& limits = {}) {
  return transcript(all, request, limits, [](std::size_t left) { return left; });
}

}  // namespace joist_test
