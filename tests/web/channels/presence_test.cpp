#include <joist/web/presence.hpp>

#include <joist/joist.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/world.hpp"

using namespace support;
namespace web = joist::web;

namespace {

std::shared_ptr<const joist::presence_group> group(std::string key, std::string meta, std::string extra = {}) {
  joist::presence_meta m{.topic = std::make_shared<const std::string>("t"),
                         .key = key,
                         .meta = std::move(meta),
                         .ref = {.origin = 1, .number = 2}};
  return std::make_shared<const joist::presence_group>(
      joist::presence_group{std::move(key), {std::make_shared<const joist::presence_meta>(std::move(m))}, std::move(extra)});
}

joist::presence_list list_of(std::vector<joist::presence_group_ptr> groups) {
  return joist::presence_list{std::move(groups)};
}

std::string with_ref(std::string text) {
  const std::string ref = joist::presence_ref{.origin = 1, .number = 2}.to_string();
  for (auto at = text.find('@'); at != text.npos; at = text.find('@')) text.replace(at, 1, ref);
  return text;
}

}  // namespace

TEST_CASE("presence_state: members of the metas, each with its ref") {
  CHECK(web::presence_state(list_of({group("ann", R"({"on":"phone"})")})).bytes() ==
        with_ref(R"({"ann":{"metas":[{"on":"phone","phx_ref":"@"}]}})"));
  CHECK(web::presence_state({}).bytes() == "{}");
}

TEST_CASE("presence_state: what fetch adds stands beside the metas; what is no object is {}") {
  CHECK(web::presence_state(list_of({group("ann", "not JSON", R"({"age":7})"), group("b\"b", "7")})).bytes() ==
        with_ref(R"({"ann":{"age":7,"metas":[{"phx_ref":"@"}]},"b\"b":{"metas":[{"phx_ref":"@"}]}})"));
}

TEST_CASE("presence_diff_payload: joins and leaves") {
  CHECK(web::presence_diff_payload({"t", list_of({group("ann", "{}")}), {}}).bytes() ==
        with_ref(R"({"joins":{"ann":{"metas":[{"phx_ref":"@"}]}},"leaves":{}})"));
}
