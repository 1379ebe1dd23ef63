#include <joist/web/health.hpp>

#include <joist/error.hpp>
#include <joist/monitor.hpp>
#include <joist/process.hpp>
#include <joist/receive.hpp>
#include <joist/web/json_value.hpp>

#include <fmt/format.h>

#include <atomic>
#include <string_view>
#include <utility>
#include <vector>

namespace joist::inline v0::web {

struct health::state {
  struct check {
    std::string name;
    std::shared_ptr<const std::function<bool()>> is_well;
    std::chrono::milliseconds limit;
  };
  std::vector<check> checks;
  std::atomic<bool> draining{false};
};

namespace {

// In a process of its own, whose end says it: in order, or not.
monitored begin(const std::shared_ptr<const std::function<bool()>>& is_well) {
  return spawn_monitor({.label = "health check"}, [is_well] {
    if (!(*is_well)()) joist::exit(exit_reason::shutdown);
  });
}

std::string_view result_of(const monitored& check, const joist::detail::deadline& limit) {
  const auto end = receive<down>([m = check.monitor](const down& d) { return d.monitor == m; }, after(limit));
  if (end) return end->reason == exit_reason::normal ? "ok" : "failed";
  demonitor(check.monitor, demonitor_option::flush);
  joist::exit(check.process, exit_reason::kill);
  return "late";
}

response page(std::string_view status, std::string_view checks) {
  response out = json_text(fmt::format("{{\"status\":\"{}\"{}}}\n", status, checks)).with_status(status == "ok" ? 200 : 503);
  out.fields.set("Cache-Control", "no-store");
  return out;
}

}  // namespace

health::health() : state_{std::make_shared<state>()} {}

void health::add(std::string name, std::function<bool()> is_well, std::chrono::milliseconds limit) {
  if (!is_well || limit.count() <= 0)
    throw error{errc::bad_argument,
                fmt::format("health check \"{}\": expected a function, and a limit of more than 0 ms, got {}", name,
                            is_well ? fmt::format("{} ms", limit.count()) : "no function")};
  state_->checks.push_back({std::move(name), std::make_shared<const std::function<bool()>>(std::move(is_well)), limit});
}

void health::drain() const noexcept { state_->draining.store(true, std::memory_order_relaxed); }

handler health_page(health of) {
  return [state = std::move(of.state_)](request&) {
    if (state->draining.load(std::memory_order_relaxed)) return page("draining", {});
    std::vector<std::pair<monitored, joist::detail::deadline>> asked;
    for (const auto& c : state->checks) asked.emplace_back(begin(c.is_well), joist::detail::deadline{c.limit}.fixed());
    bool all_well = true;
    std::string checks;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const std::string_view result = result_of(asked[i].first, asked[i].second);
      all_well = all_well && result == "ok";
      checks += i == 0 ? ",\"checks\":{" : ",";
      append_json_string(checks, state->checks[i].name);
      checks.append(":\"").append(result).append("\"");
    }
    if (!checks.empty()) checks += '}';
    return page(all_well ? "ok" : "failing", checks);
  };
}

}  // namespace joist::inline v0::web
