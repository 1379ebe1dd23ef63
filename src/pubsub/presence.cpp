#include <joist/detail/registry.hpp>
#include <joist/pubsub/presence.hpp>

#include <utility>

#include "pubsub/presence_core.hpp"
#include "pubsub/presence_server.hpp"
#include "pubsub/presence_teller.hpp"

namespace joist::inline v0 {

std::string_view to_string(presence_error e) noexcept {
  switch (e) {
    case presence_error::already_tracked: return "the process is tracked under this key of the topic: update it";
    case presence_error::not_tracked: return "the process is not tracked under this key of the topic";
  }
  return "?";
}

presence::presence(pubsub bus, presence_options options)
    : core_{std::make_shared<detail::presence_core>(std::move(bus), std::move(options))} {}

result<presence_ref, presence_error> presence::track(pid process, std::string_view topic, std::string key,
                                                     std::string meta) const {
  return core_->track(process, topic, std::move(key), std::move(meta));
}

bool presence::untrack(pid process, std::string_view topic, std::string_view key) const {
  return core_->untrack(process, topic, key) > 0;
}
std::size_t presence::untrack(pid process) const { return core_->untrack(process); }

result<presence_ref, presence_error> presence::update(pid process, std::string_view topic, std::string_view key,
                                                      std::string meta) const {
  return *core_->update(process, topic, key, std::move(meta), nullptr);
}

result<presence_ref, presence_error> presence::update(pid process, std::string_view topic, std::string_view key,
                                                      const meta_change& change) const {
  for (;;) {
    const presence_meta_ptr found = core_->find(process, topic, key);
    if (found == nullptr) return failure{presence_error::not_tracked};
    if (auto done = core_->update(process, topic, key, change(found->meta), found)) return *std::move(done);
  }
}

presence_list presence::list(std::string_view topic) const {
  return detail::fetched(core_->options, topic, core_->list(topic));
}

presence_group_ptr presence::get_by_key(std::string_view topic, std::string_view key) const {
  auto found = core_->group(topic, key);
  if (found == nullptr || !core_->options.fetch) return found;
  return detail::fetched(core_->options, topic, presence_list{{found}}).front();
}

std::vector<std::string> presence::topics() const { return core_->topics(); }
std::vector<presence_node> presence::nodes() const { return core_->nodes(); }

result<supervisor_ref, start_error> try_start_presence(const presence& p) {
  if (const pid runs = p.core_->server(); detail::lives_on(runs)) return failure{detail::is_kept_by(runs)};
  supervisor_options options;
  options.intensity = 3;
  server_options server, teller;
  server.process.label = "presence server";
  teller.process.label = "presence teller";
  return try_start_supervisor(std::move(options), {{"server", starts<detail::presence_server>(std::move(server), p.core_)},
                                                   {"teller", starts<detail::presence_teller>(std::move(teller), p.core_)}});
}

supervisor_ref start_presence(const presence& p) { return detail::started_or_throw(try_start_presence(p)); }

child_spec child_presence(std::string id, const presence& p) {
  return detail::supervisor_child(std::move(id), [p] { return detail::child_of(try_start_presence(p)); });
}

}  // namespace joist::inline v0
