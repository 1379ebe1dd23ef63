#include <joist/live/stream.hpp>

#include <joist/web/json_value.hpp>

namespace joist::inline v0::live {

std::string stream_orders::written(const std::vector<order>& inserted) const {
  if (inserted.empty() && removed_.empty() && !is_reset_) return {};
  std::string json = "[";
  web::append_json_string(json, name_);
  json += ",[";
  for (const order& o : inserted) {
    if (json.back() != '[') json += ',';
    json += '[';
    web::append_json_string(json, o.id);
    const std::string limit = o.place.limit == 0 ? "null" : std::to_string(o.place.limit);
    json += fmt::format(",{},{},{}]", o.place.at, limit, o.place.update_only);
  }
  json += "],[";
  for (const std::string& id : removed_) {
    if (json.back() != '[') json += ',';
    web::append_json_string(json, id);
  }
  json += is_reset_ ? "],true]" : "]]";
  return json;
}

}  // namespace joist::inline v0::live
