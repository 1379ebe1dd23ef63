// A page, before there is a client: what diff.cpp makes JSON of, as HTML.
#include "live/diff.hpp"

namespace joist::inline v0::live {
namespace {

using access = detail::part_access;

class html_writer {
 public:
  explicit html_writer(std::string& out) : out_{out} {}

  void append(rendered& now) {
    if (now.empty()) return;
    const detail::html_info& info = *access::info(now);
    auto& parts = access::parts(now);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      out_ += info.statics[i];
      append(parts[i]);
    }
    out_ += info.statics[parts.size()];
  }

 private:
  void append(detail::part& p) {
    if (auto* text = std::get_if<std::string>(&p)) {
      out_ += *text;
    } else if (auto* tree = std::get_if<std::unique_ptr<rendered>>(&p)) {
      append(**tree);
    } else if (auto* l = std::get_if<std::unique_ptr<list>>(&p)) {
      for (auto& e : access::entries(**l)) append(e.content);
    } else {
      component_call& call = *std::get<std::unique_ptr<component_call>>(p);
      const auto made = call.make();
      call.update(*made);
      rendered now = made->shown();
      append(now);
    }
  }

  std::string& out_;
};

}  // namespace

void append_html(std::string& out, rendered&& now) { html_writer{out}.append(now); }

}  // namespace joist::inline v0::live
