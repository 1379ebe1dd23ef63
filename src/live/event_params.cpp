#include "live/event_params.hpp"

#include <joist/web/form.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace joist::inline v0::live {
namespace {

using web::json_value;

constexpr std::size_t most_depth = 16;
// Of what stands beside a form, phx-value-...: each is looked for among all others.
constexpr std::size_t most_beside = 200;

// user[tags][]: user, tags, and an empty one. What is no such name is one key.
std::vector<std::string_view> keys_of(std::string_view name) {
  std::vector<std::string_view> keys;
  const std::size_t first = name.find('[');
  if (first == name.npos || first == 0 || name.back() != ']') return {name};
  keys.push_back(name.substr(0, first));
  for (std::string_view rest = name.substr(first); !rest.empty();) {
    const std::size_t end = rest.find(']');
    if (rest.front() != '[' || end == rest.npos || keys.size() == most_depth) return {name};
    keys.push_back(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
  return keys;
}

json_value& member(json_value& of, std::string_view name) {
  if (of.as_object() == nullptr) of = json_value{json_value::object{}};
  auto& all = *of.as_object();
  const auto at = std::find_if(all.begin(), all.end(), [name](const auto& m) { return m.name == name; });
  if (at != all.end()) return at->value;
  all.push_back({std::string{name}, {}});
  return all.back().value;
}

void put(json_value& into, const std::vector<std::string_view>& keys, std::string value) {
  json_value* at = &into;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].empty() && i > 0) {
      if (at->as_array() == nullptr) *at = json_value{json_value::array{}};
      at = &at->as_array()->emplace_back();
    } else {
      at = &member(*at, keys[i]);
    }
  }
  *at = json_value{std::move(value)};
}

json_value keys_as_json(std::string_view name) {
  json_value::array all;
  for (const std::string_view key : keys_of(name)) {
    if (!key.empty()) all.emplace_back(key);
  }
  return all;
}

}  // namespace

json_value form_params(std::string_view urlencoded) {
  json_value all{json_value::object{}};
  for (const auto& [name, value] : web::parse_form(urlencoded)) put(all, keys_of(name), value);
  return all;
}

json_value event_params(const json_value& message) {
  const json_value* value = message.find("value");
  const json_value* type = message.find("type");
  const bool is_form = type != nullptr && type->as_string() != nullptr && *type->as_string() == "form";
  if (!is_form || value == nullptr || value->as_string() == nullptr)
    return value != nullptr ? *value : json_value{json_value::object{}};
  json_value all = form_params(*value->as_string());
  if (const json_value* meta = message.find("meta"); meta != nullptr && meta->as_object() != nullptr) {
    const auto& beside = *meta->as_object();
    for (std::size_t i = 0; i < std::min(beside.size(), most_beside); ++i) member(all, beside[i].name) = beside[i].value;
  }
  if (json_value& target = member(all, "_target"); target.as_string() != nullptr) target = keys_as_json(*target.as_string());
  return all;
}

}  // namespace joist::inline v0::live
