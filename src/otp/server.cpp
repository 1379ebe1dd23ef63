#include <joist/detail/server.hpp>
#include <joist/detail/server_watch.hpp>
#include <joist/info.hpp>
#include <joist/local.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/proc.hpp>
#include <joist/report.hpp>

#include <fmt/ranges.h>

#include <algorithm>

namespace joist::inline v0 {
namespace detail {
namespace {

struct stop_request : system_message {
  using message_base = system_message;
  exit_reason reason;

  explicit stop_request(exit_reason why) : system_message{&handle_it}, reason{std::move(why)} {}
  static void handle_it(server_control& c, system_message& base) {
    c.stopping = std::move(static_cast<stop_request&>(base).reason);
  }
};

bool is_system(const any_message& m) { return m.base_if<system_message>() != nullptr; }

std::optional<any_message> next_of_any(deadline until) {
  using message = std::optional<any_message>;
  return receive([](any_message m) { return message{std::move(m)}; }, after(until, [] { return message{}; }));
}

bool is_parents_end(const server_control& c, const any_message& m) {
  const auto* end = m.get_if<exited>();
  return end != nullptr && c.parent && end->process == c.parent;
}

// Nothing is to be called before: so it need not look for a message first.
bool hibernates_always(const server_control& c) {
  return c.hibernate_after.is_zero() && c.kind != nullptr && c.kind->hibernate == nullptr;
}

// The wait of one that hibernates. Where nothing but a message can end it, that is to return: `rests`.
std::optional<any_message> next_after_long(server_control& c, std::int64_t until) {
  if (c.may_rest && until == deadline::never) {
    std::optional<any_message> m = next_of_any(std::chrono::seconds{0});
    c.rests = !m;
    return m;
  }
  hibernate_next_wait();
  return next_of_any(deadline::resolved(until));
}

void hibernate(server_control& c) {
  c.hibernates = false;
  c.hibernating = true;
  if (c.kind != nullptr && c.kind->hibernate != nullptr) c.kind->hibernate(c.server);
}

std::string who(const server_control& c) {
  const std::string type = c.kind != nullptr ? type_name(*c.kind->type) : "server";
  return fmt::format("server {} {}", self(), type);
}

// Of the message that was handled last, where somebody has said more of it than its type.
process_local<std::string> last_message_words;

void add_family(report& r) {
  auto add = [&r](const char* what, const std::vector<pid>& processes) {
    if (!processes.empty()) r.add(what, fmt::format("{}", fmt::join(processes, " ")));
  };
  add("ancestors", ancestors());
  if (const auto me = process_info(self())) add("linked to", me->links);
}

}  // namespace

void report_crash_of_process(const exit_reason& reason, std::vector<report::field> more) {
  if (!logs(log_level::error)) return;
  report r{report_kind::crash, log_level::error, self(), fmt::format("process {} ends by a crash", self())};
  r.add("reason", reason.to_string());
  add_failed_wait(r, reason);
  for (report::field& f : more) r.fields.push_back(std::move(f));
  add_family(r);
  log(r.add_thrown_at(reason));
}

pid parent_of_self() {
  const auto me = process_info(self());
  return me && std::find(me->links.begin(), me->links.end(), me->parent) != me->links.end() ? me->parent : pid{};
}

bool is_own(const server_control& c, const any_message& m) { return is_system(m) || is_parents_end(c, m); }

any_message next_own(const server_control& c) {
  return receive(when([&c](const any_message& m) { return is_own(c, m); }, [](any_message m) { return m; }));
}

bool handle_own(server_control& c, any_message& m) {
  if (auto* request = m.base_if<system_message>()) {
    request->handle(c, *request);
    return true;
  }
  return is_end_of_parent(c, m);
}

std::optional<any_message> next_message(server_control& c) {
  const deadline limit = std::exchange(c.has_timeout, false) ? c.timeout : deadline{infinity};
  c.timed_out = limit.is_zero();
  if (c.timed_out) return std::nullopt;
  const std::int64_t until = limit.resolve();
  for (;;) {
    if (c.hibernates || (hibernates_always(c) && !c.hibernating && !c.suspended)) {
      hibernate(c);
      if (c.stopping || c.has_continuation() || c.has_timeout) return std::nullopt;
    }
    std::optional<any_message> m;
    if (c.suspended) {
      if (c.hibernating) hibernate_next_wait();
      m = next_own(c);  // the end of its parent is not to be missed: who stops it may wait for ever
    } else if (c.hibernating) {
      m = next_after_long(c, until);
      if (c.rests) return std::nullopt;
    } else {
      const std::int64_t idle = c.hibernate_after.resolve();
      m = next_of_any(deadline::resolved(std::min(until, idle)));
      if (!m && idle < until) {
        c.hibernates = true;
        continue;
      }
    }
    if (!m || !is_system(*m)) {
      c.timed_out = !m;
      c.hibernating = false;
      return m;
    }
    auto* request = m->base_if<system_message>();
    request->handle(c, *request);
    if (c.stopping) return std::nullopt;
  }
}

bool is_end_of_parent(server_control& c, const any_message& m) {
  if (!is_parents_end(c, m)) return false;
  c.stopping = m.get_if<exited>()->reason;
  return true;
}

void log_unhandled(const server_control& c, const std::type_info& type, std::string_view where) {
  log(log_level::warning,
      fmt::format("{}: no handle_info takes a message of type {}{}, it is dropped", who(c), type_name(type), where));
}

void log_crash(const server_control& c, const exit_reason& reason) {
  if (!logs(log_level::error)) return;
  try {
    report r{report_kind::crash, log_level::error, self(), fmt::format("{} ends by a crash", who(c))};
    r.add("reason", reason.to_string());
    add_failed_wait(r, reason);
    if (c.last_message != nullptr) {
      r.add("last message", last_message_words.has_value() ? last_message_words.get() : type_name(*c.last_message));
      if (c.last_client) r.add("called by", fmt::format("{}", c.last_client));
    }
    add_family(r);
    std::string state;
    if (const auto failed = catch_end([&] { state = c.kind != nullptr ? c.kind->describe(c.server) : ""; }))
      state = fmt::format("format_status ended by {}", *failed);
    if (!state.empty()) r.add("state", std::move(state));
    log(r.add_thrown_at(reason));
  } catch (const std::bad_alloc&) {
    log(log_level::error, "a server ends by a crash, and there is no memory to say more");
  }
}

void describe_last_message(std::string words) { last_message_words.get() = std::move(words); }

void send_last_answer(server_control& c) {
  const auto owed = std::move(c.owed);
  if (owed == nullptr) return;
  const pid client = owed->client.owner();
  send(owed->client, std::move(owed->message));
  if (c.watch != nullptr) note_event(c, false, *owed->type, client);
}

void server_watch_deleter::operator()(server_watch* w) const noexcept { delete w; }

void note_event(server_control& c, bool in, const std::type_info& what, pid whom) {
  server_watch& w = *c.watch;
  if (w.counts) ++(in ? w.counts->messages_in : w.counts->messages_out);
  if (!w.traces && w.kept_events == 0 && w.spies.empty()) return;
  const server_event event{clock::now(), in, type_name(what), whom};
  if (w.traces) log(log_level::info, fmt::format("{} {} {} {}", who(c), in ? "got" : "answered", event.type, whom));
  if (w.kept_events > 0) {
    w.events.push_back(event);
    while (w.events.size() > w.kept_events) w.events.pop_front();
  }
  std::erase_if(w.spies, [&event](server_watch::spy& s) {
    bool goes_on = false;
    const auto failed = catch_end([&] { goes_on = s.look(event); });
    return failed || !goes_on;
  });
  if (w.is_idle()) c.watch.reset();
}

void* checked_server(const server_control& c, const std::type_info& type) {
  if (c.kind == nullptr || *c.kind->type != type) {
    throw error{errc::bad_argument, fmt::format("sys: expected a server of class {}, {} is one of {}", type_name(type),
                                                self(), c.kind != nullptr ? type_name(*c.kind->type) : "no class")};
  }
  return c.server;
}

// Who exits with `normal` disturbs nobody and is not started again: but this caller has not done what it had to do.
void call_failed(const exit_reason& reason, pid server, const std::type_info& message, deadline limit, bool ended) {
  asking_failed(reason, {"a call", server, &message, limit, ended});
}

void asking_failed(const exit_reason& reason, failed_wait asked) {
  const bool was_normal = reason == exit_reason::normal;
  asked.is_whoms_reason = asked.is_whoms_reason && !was_normal && is_of_an_end(reason);
  exit_after_wait(was_normal ? exit_reason::of("the server ended normally during the call") : reason, asked);
}

void check_request(ref monitor, pid owner) {
  if (!monitor) throw error{errc::bad_argument, "request: expected one on its way, this one is over, or was never made"};
  if (owner != self())
    throw error{errc::bad_wait, fmt::format("request: it is {}'s, whose mailbox gets the answer; {} waits", owner, self())};
}

void refuse_to_call_oneself() {
  throw error{errc::bad_wait, "call: a server that calls itself would wait for itself; cast, or continue_with"};
}

exit_reason mailbox_is_full() { return exit_reason::of("the server's mailbox is full (spawn_options::mailbox_limit)"); }

std::optional<exit_reason> stop_process(pid server, exit_reason reason, deadline limit, bool& ended) {
  const ref watch = monitor(server);
  if (send(server, stop_request{reason}) == send_result::mailbox_full) {
    demonitor(watch, demonitor_option::flush);
    return mailbox_is_full();
  }
  std::optional<down> end = receive<down>([watch](const down& d) { return d.monitor == watch; }, after(limit));
  if (!end) {
    demonitor(watch, demonitor_option::flush);
    return exit_reason::timeout;
  }
  if (end->reason == reason) return std::nullopt;
  ended = true;
  return std::move(end->reason);
}

starting::starting(pid starter, ref start, alias tell, start_mode mode, const server_options& options)
    : starter_{starter},
      start_{start},
      tell_{tell},
      mode_{mode},
      name_{options.name},
      ancestors_{lineage_of_children()},
      via_{options.via} {}

void starting::tell(std::optional<start_error> error) { send(tell_, start_outcome{start_, std::move(error)}); }

void starting::end(start_error error, exit_reason reason) {
  if (!name_.empty() && whereis(name_) == self()) unregister_name(name_);  // before the starter hears of it
  if (entered_) {
    if (const auto failed = catch_end([this] { via_.leave(); }))
      log(log_level::warning, fmt::format("a server did not start, and the leave of its via failed: {}", *failed));
  }
  if (mode_ == start_mode::link) unlink(starter_);
  tell(std::move(error));
  exit(std::move(reason));
}

void starting::begin() {
  descend_from(std::move(ancestors_));
  if (name_.empty()) return enter_via();
  try {
    register_name(name_);
  } catch (const error& e) {
    if (e.code() != errc::name_taken) {
      name_.clear();
      failed(exit_reason::error({type_name(typeid(e)), e.what(), {}}));
    }
    const std::optional<pid> owner = whereis(std::exchange(name_, {}));
    refused(name_is_taken(owner.value_or(pid{})));
  }
  enter_via();
}

void starting::enter_via() {
  if (!via_.enter) return;
  std::optional<pid> owner;
  if (auto failure = catch_end([&] { owner = via_.enter(); })) failed(std::move(*failure));
  if (owner) refused(name_is_taken(*owner));
  entered_ = true;
}

void starting::succeeded() { tell(std::nullopt); }
void starting::failed(exit_reason reason) { end({start_error::kind::failed, reason}, reason); }
void starting::refused(start_error error) { end(std::move(error), exit_reason::normal); }

start_error name_is_taken(pid owner) {
  return {start_error::kind::already_started, exit_reason::of(fmt::format("{} has the name", owner)), owner};
}

namespace {

// The process is gone when this returns.
void kill_and_await(const monitored& child) {
  exit(child.process, exit_reason::kill);
  (void)receive<down>([&child](const down& d) { return d.monitor == child.monitor; });
}

}  // namespace

result<started_process, start_error> start_process(const server_options& options, start_mode mode,
                                                   const std::function<closure_ptr(starting)>& body) {
  const pid me = self();
  const alias tell = make_alias(alias_use::one_reply);
  const ref start = tell.reference();
  const monitored child = [&] {
    try {
      return spawn_closure(body(starting{me, start, tell, mode, options}), &options.process,
                           mode == start_mode::link ? spawn_mode::link_and_monitor : spawn_mode::monitor, first_turn::next);
    } catch (...) {
      unalias(tell);
      throw;
    }
  }();
  using outcome = std::optional<start_error>;
  bool told = true;
  outcome failed = receive_reply(start,
                                 when([start](const start_outcome& o) { return o.start == start; },
                                      [](start_outcome&& o) { return std::move(o.error); }),
                                 when([&child](const down& d) { return d.monitor == child.monitor; },
                                      [&told](down&& d) -> outcome {
                                        told = false;
                                        return start_error{start_error::kind::failed, std::move(d.reason)};
                                      }),
                                 after(options.init_limit, [&told]() -> outcome {
                                   told = false;
                                   return start_error{start_error::kind::timeout, exit_reason::timeout};
                                 }));
  if (!failed) {
    if (mode != start_mode::monitor) demonitor(child.monitor, demonitor_option::flush);
    return started_process{child.process, child.monitor};
  }
  if (!told) {
    unalias(tell);
    if (failed->what == start_error::kind::timeout) {
      if (mode == start_mode::link) unlink(child.process);  // before the kill: that is no end to share
      kill_and_await(child);
    }
    (void)receive<start_outcome>([start](const start_outcome& o) { return o.start == start; },
                                 after(std::chrono::seconds{0}));
  } else {
    // Its name is free, and it is gone, when the starter goes on.
    (void)receive<down>([&child](const down& d) { return d.monitor == child.monitor; });
  }
  if (mode == start_mode::link) {  // its exit, where exits are trapped, is the error that is returned
    unlink(child.process);
    (void)receive<exited>([&child](const exited& e) { return e.process == child.process; }, after(std::chrono::seconds{0}));
  }
  return failure{std::move(*failed)};
}

}  // namespace detail

std::string start_error::to_string() const {
  switch (what) {
    case kind::failed: return fmt::format("the server did not start: {}", reason);
    case kind::refused: return fmt::format("the server refused to start: {}", reason);
    case kind::ignored: return "the server does not want to run (start_ignored)";
    case kind::timeout: return "the server did not start: its constructor took longer than init_limit, it was killed";
    case kind::already_started: return fmt::format("the server did not start: {} has the name already", process);
  }
  return "the server did not start";
}

}  // namespace joist::inline v0
