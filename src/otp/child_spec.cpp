#include <joist/otp/child_spec.hpp>

#include <fmt/format.h>

#include <unordered_set>

namespace joist::inline v0 {
namespace {

std::optional<std::string> check(const child_spec& spec, auto_shutdown mode) {
  auto wrong = [&spec](std::string_view what) { return fmt::format("child spec \"{}\": {}", spec.id, what); };
  if (spec.id.empty()) return "child spec: expected an id, got none";
  if (!spec.start) return wrong("expected a start function, got none");
  if (spec.restart > restart_type::temporary) return wrong("expected restart to be permanent, transient or temporary");
  if (spec.type > child_type::supervisor) return wrong("expected type to be worker or supervisor");
  if (spec.significant && spec.restart == restart_type::permanent)
    return wrong("a significant child is transient or temporary: a permanent one never ends for good");
  if (spec.significant && mode == auto_shutdown::never)
    return wrong("a significant child needs a supervisor with auto_shutdown any_significant or all_significant");
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_childspecs(std::span<const child_spec> specs, auto_shutdown mode) {
  std::unordered_set<std::string_view> ids;
  for (const child_spec& spec : specs) {
    if (auto problem = check(spec, mode)) return problem;
    if (!ids.insert(spec.id).second) return fmt::format("child spec \"{}\": the id is there twice", spec.id);
  }
  return std::nullopt;
}

}  // namespace joist::inline v0
