#include <joist/web/presence.hpp>

#include <joist/web/channel.hpp>
#include <joist/web/json_value.hpp>

#include <memory>
#include <string>
#include <utility>

#include "web/channels/broadcast.hpp"

namespace joist::inline v0::web {
namespace {

// Empty, where the text is none.
json_value::object members_of(const std::string& text) {
  auto value = parse_json(text);
  if (!value || value->as_object() == nullptr) return {};
  return std::move(*value->as_object());
}

json_value to_json_value(const presence_meta& m) {
  json_value::object members = members_of(m.meta);
  members.push_back({"phx_ref", m.ref.to_string()});
  if (m.previous) members.push_back({"phx_ref_prev", m.previous.to_string()});
  return json_value{std::move(members)};
}

json_value to_json_value(const presence_list& list) {
  json_value::object groups;
  groups.reserve(list.size());
  for (const auto& group : list) {
    json_value::array metas;
    metas.reserve(group->metas.size());
    for (const auto& meta : group->metas) metas.push_back(to_json_value(*meta));
    json_value::object members = members_of(group->extra);
    members.push_back({"metas", json_value{std::move(metas)}});
    groups.push_back({group->key, json_value{std::move(members)}});
  }
  return json_value{std::move(groups)};
}

}  // namespace

payload presence_state(const presence_list& list) { return payload{to_json_value(list)}; }

payload presence_diff_payload(const presence_diff& diff) {
  return payload{
      json_value{json_value::object{{"joins", to_json_value(diff.joins)}, {"leaves", to_json_value(diff.leaves)}}}};
}

presence_options telling_clients(const pubsub& bus, presence_options options) {
  options.tell = [bus](const presence_diff_ptr& diff) {
    bus.local_broadcast(diff->topic,
                        channels::channel_broadcast{diff->topic, "presence_diff", presence_diff_payload(*diff)});
  };
  return options;
}

}  // namespace joist::inline v0::web
