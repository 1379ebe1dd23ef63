#include <joist/live/js.hpp>

#include <joist/web/json_value.hpp>

#include "live/diff.hpp"

namespace joist::inline v0::live {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  web::append_json_string(json, text);
  return json;
}
std::string member(std::string_view name, std::string_view json) { return quoted(name) + ':' + std::string{json}; }

}  // namespace

js& js::add(std::string_view command, std::string_view to, std::string_view more) {
  if (!commands_.empty()) commands_ += ',';
  commands_.append("[").append(quoted(command)).append(",{").append(more);
  if (!to.empty()) {
    append_member(commands_, "to");
    commands_ += quoted(to);
  }
  commands_ += "}]";
  return *this;
}

js& js::add_names(std::string_view command, std::string_view names, std::string_view to) {
  std::string all;
  while (!names.empty()) {
    const std::string_view first = names.substr(0, names.find(' '));
    if (!first.empty()) all.append(all.empty() ? "" : ",").append(quoted(first));
    names.remove_prefix(first.size() < names.size() ? first.size() + 1 : first.size());
  }
  return add(command, to, member("names", '[' + all + ']'));
}

js& js::push(std::string_view event, const web::payload& value, std::string_view target) {
  std::string more = member("event", quoted(event));
  if (!target.empty()) more += ',' + member("target", quoted(target));
  if (!value.is_binary() && value.bytes() != "{}") more += ',' + member("value", value.bytes());
  return add("push", {}, more);
}

js& js::show(std::string_view to) { return add("show", to, {}); }
js& js::hide(std::string_view to) { return add("hide", to, {}); }
js& js::toggle(std::string_view to) { return add("toggle", to, {}); }
js& js::add_class(std::string_view names, std::string_view to) { return add_names("add_class", names, to); }
js& js::remove_class(std::string_view names, std::string_view to) { return add_names("remove_class", names, to); }
js& js::toggle_class(std::string_view names, std::string_view to) { return add_names("toggle_class", names, to); }
js& js::set_attribute(std::string_view name, std::string_view value, std::string_view to) {
  return add("set_attr", to, member("attr", '[' + quoted(name) + ',' + quoted(value) + ']'));
}
js& js::remove_attribute(std::string_view name, std::string_view to) {
  return add("remove_attr", to, member("attr", quoted(name)));
}
js& js::focus(std::string_view to) { return add("focus", to, {}); }
js& js::focus_first(std::string_view to) { return add("focus_first", to, {}); }
js& js::dispatch(std::string_view event, const web::payload& detail, std::string_view to) {
  std::string more = member("event", quoted(event));
  if (!detail.is_binary() && detail.bytes() != "{}") more += ',' + member("detail", detail.bytes());
  return add("dispatch", to, more);
}
js& js::exec(std::string_view attribute, std::string_view to) { return add("exec", to, member("attr", quoted(attribute))); }
js& js::patch(std::string_view href) { return add("patch", {}, member("href", quoted(href)) + ",\"replace\":false"); }
js& js::navigate(std::string_view href) { return add("navigate", {}, member("href", quoted(href)) + ",\"replace\":false"); }

}  // namespace joist::inline v0::live
