// load/live_client.hpp: a browser that has opened a live view, as the official client does: it loads the page, connects, and
// joins with what the page says.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "channel_client.hpp"

namespace load {

struct viewer {
  joist::net::stream stream;
  frames in;
  std::string click;  ///< a frame: phx-click="add"
};

inline std::string text_after(std::string_view page, std::string_view what) {
  const auto at = page.find(what);
  if (at == page.npos) throw std::runtime_error{"no live view there: " + std::string{page.substr(0, 60)}};
  page.remove_prefix(at + what.size());
  return std::string{page.substr(0, page.find('"'))};
}

inline viewer open_view(const settings& how) {
  std::string page;
  {
    joist::net::stream s = joist::net::connect(how.server, 30s);
    s.write("GET " + how.path + " HTTP/1.1\r\nHost: " + how.server.to_string() + "\r\n\r\n");
    read_answer(s, page);
  }
  settings to = how;
  to.path = "/live/websocket?vsn=2.0.0";
  const std::string topic = "lv:" + text_after(page, "<div id=\"");
  viewer v{open_websocket(to),
           {},
           text_frame(R"(["1","2",")" + topic + R"(","event",{"type":"click","event":"add","value":{}}])")};
  v.stream.write(text_frame(R"(["1","1",")" + topic + R"(","phx_join",{"url":"http://)" + how.server.to_string() + how.path +
                            R"(","params":{"_mounts":0},"session":")" + text_after(page, "data-phx-session=\"") + R"("}])"));
  const std::string_view answer = v.in.next(v.stream);
  if (answer.find(R"("status":"ok")") == answer.npos) throw std::runtime_error{"not joined: " + std::string{answer}};
  return v;
}

}  // namespace load
