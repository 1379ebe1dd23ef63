#include <joist/info.hpp>
#include <joist/otp/sys.hpp>

namespace joist::inline v0::sys {
namespace {

using detail::server_control;
using detail::server_watch;

server_watch& watch_of(server_control& c) {
  if (c.watch == nullptr) c.watch.reset(new server_watch);
  return *c.watch;
}

// So that handling a message costs one look where nobody watches.
void drop_if_idle(server_control& c) {
  if (c.watch->is_idle()) c.watch.reset();
}

template <class Change>
void change_watch(pid server, Change change, detail::deadline limit) {
  detail::ask_system<void>(
      server,
      [change = std::move(change)](server_control& c) mutable {
        change(watch_of(c));
        drop_if_idle(c);
      },
      limit);
}

}  // namespace

status get_status(pid server, detail::deadline limit) {
  status s = detail::ask_system<status>(
      server,
      [](server_control& c) {
        status seen;
        seen.process = self();
        if (c.kind != nullptr) seen.type = type_name(*c.kind->type);
        seen.parent = c.parent;
        seen.suspended = c.suspended;
        seen.hibernating = c.hibernating;
        if (const auto failed = catch_end([&] { seen.state = c.kind != nullptr ? c.kind->describe(c.server) : ""; }))
          seen.state = fmt::format("format_status ended by {}", *failed);
        return seen;
      },
      limit);
  if (const auto details = process_info(server)) s.name = details->name;
  return s;
}

void suspend(pid server, detail::deadline limit) {
  detail::ask_system<void>(
      server, [](server_control& c) { c.suspended = true; }, limit);
}
void resume(pid server, detail::deadline limit) {
  detail::ask_system<void>(
      server, [](server_control& c) { c.suspended = false; }, limit);
}

void count(pid server, bool on, detail::deadline limit) {
  change_watch(
      server, [on](server_watch& w) { w.counts = on ? std::optional{server_statistics{clock::now()}} : std::nullopt; },
      limit);
}

std::optional<server_statistics> statistics(pid server, detail::deadline limit) {
  using counts = std::optional<server_statistics>;
  return detail::ask_system<counts>(
      server, [](server_control& c) { return c.watch != nullptr ? c.watch->counts : counts{}; }, limit);
}

void trace(pid server, bool on, detail::deadline limit) {
  change_watch(
      server, [on](server_watch& w) { w.traces = on; }, limit);
}

void keep_events(pid server, std::size_t events, detail::deadline limit) {
  change_watch(
      server,
      [events](server_watch& w) {
        w.kept_events = events;
        while (w.events.size() > events) w.events.pop_front();
      },
      limit);
}

std::vector<server_event> events(pid server, detail::deadline limit) {
  using list = std::vector<server_event>;
  return detail::ask_system<list>(
      server,
      [](server_control& c) {
        return c.watch != nullptr ? list{c.watch->events.begin(), c.watch->events.end()} : list{};
      },
      limit);
}

void install(pid server, std::string name, std::function<bool(const server_event&)> spy, detail::deadline limit) {
  change_watch(
      server,
      [name = std::move(name), spy = std::move(spy)](server_watch& w) mutable {
        std::erase_if(w.spies, [&name](const auto& s) { return s.name == name; });
        w.spies.push_back({std::move(name), std::move(spy)});
      },
      limit);
}

void remove(pid server, std::string name, detail::deadline limit) {
  change_watch(
      server,
      [name = std::move(name)](server_watch& w) {
        std::erase_if(w.spies, [&name](const auto& s) { return s.name == name; });
      },
      limit);
}

}  // namespace joist::inline v0::sys
