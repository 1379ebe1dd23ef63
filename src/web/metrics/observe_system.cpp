// Figures of the runtime, of the program and of servers, measured when a page is made.
#include <joist/web/observe.hpp>

#include <joist/info.hpp>
#include <joist/names.hpp>
#include <joist/net/server.hpp>
#include <joist/otp/telemetry.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "web/metrics/process_figures.hpp"

namespace joist::inline v0::web {
namespace {

using namespace std::chrono_literals;

/// A figure of a structure that is measured as a whole.
template <class Figures>
struct measured {
  const char* name;
  const char* help;
  double (*value)(const Figures&);
};

template <class Figures, std::size_t Count>
std::vector<metric_family<gauge>> declare(metrics& all, const measured<Figures> (&table)[Count]) {
  std::vector<metric_family<gauge>> made;
  for (const auto& m : table) {
    const bool counts = std::string_view{m.name}.ends_with("_total");
    made.push_back(counts ? all.external_counter(m.name, m.help) : all.gauge(m.name, m.help));
  }
  return made;
}

/// Declares what is in the table, and sets it before each page.
template <class Figures, std::size_t Count, class Measure>
void observe_each(metrics& all, const measured<Figures> (&table)[Count], Measure measure) {
  all.before_page([gauges = declare(all, table), &table, measure] {
    const Figures now = measure();
    for (std::size_t i = 0; i < Count; ++i) gauges[i]->set(table[i].value(now));
  });
}

template <auto Member, class Figures>
double figure(const Figures& all) {
  return static_cast<double>(all.*Member);
}

constexpr measured<system_details> of_runtime[] = {
    {"joist_processes", "Processes that are alive.", &figure<&system_details::process_count>},
    {"joist_process_limit", "Processes that there may be.", &figure<&system_details::process_limit>},
    {"joist_processes_spawned_total", "Processes that were spawned.", &figure<&system_details::spawned>},
    {"joist_run_queue_length", "Processes that could run and do not, about.", &figure<&system_details::run_queue_length>},
    {"joist_context_switches_total", "Times a process got a worker.", &figure<&system_details::context_switches>},
    {"joist_workers", "Threads that run processes.", &figure<&system_details::workers>},
    {"joist_threads", "Threads that were made, of workers and beside them.", &figure<&system_details::threads>},
    {"joist_threads_relieved", "Threads in a process that blocks or computes long.", &figure<&system_details::relieved>},
    {"joist_reliefs_total", "Times a thread stood in for another.", &figure<&system_details::reliefs>},
    {"joist_steals_total", "Times a worker took work from another.", &figure<&system_details::steals>},
    {"joist_zombies", "Processes that were declared dead and have not come back.", &figure<&system_details::zombies>},
    {"joist_timers", "Timers of processes that are not over.", &figure<&system_details::timers>},
    {"joist_nodes", "Messages, signals, closures and parked stacks.", &figure<&system_details::live_nodes>},
    {"joist_slots", "Shared stacks in use so far.", &figure<&system_details::slots_made>},
    {"joist_slot_bytes", "Address space of a shared stack.", &figure<&system_details::slot_bytes>},
    {"joist_own_stacks", "Stacks that are never shared.", &figure<&system_details::own_stacks>},
    {"joist_stack_copies_total", "Times a shared stack changed hands.", &figure<&system_details::stack_copies>},
    {"joist_stacks_abandoned_total", "Stacks that were given up, with what their frames owned.",
     &figure<&system_details::abandoned_stacks>},
};

constexpr measured<process_figures> of_program[] = {
    {"process_cpu_seconds_total", "User and system CPU time, in seconds.", &figure<&process_figures::cpu_seconds>},
    {"process_resident_memory_bytes", "Resident memory size in bytes.", &figure<&process_figures::resident_bytes>},
    {"process_virtual_memory_bytes", "Virtual memory size in bytes.", &figure<&process_figures::virtual_bytes>},
    {"process_threads", "Threads of the system.", &figure<&process_figures::threads>},
    {"process_open_fds", "Open file descriptors.", &figure<&process_figures::open_descriptors>},
    {"process_max_fds", "File descriptors that may be open.", &figure<&process_figures::most_descriptors>},
    {"process_start_time_seconds", "Start of the program, in seconds since 1970.", &figure<&process_figures::start_seconds>},
};

template <class Event>
void count_events(const char* id, metric_family<counter> events) {
  telemetry::detach(id);
  telemetry::attach<Event>(id, [events](const Event&) { events->add(); });
}

struct connection_metrics {
  metric_family<gauge> open;
  metric_family<gauge> accepted;
  metric_family<gauge> refused;

  void measure(const std::string& server) const {
    constexpr auto limit = 1s;  // one that stops answers when its connections have ended, and we are one of them
    const auto process = whereis(server);
    const auto counts = process ? net::server_ref{*process}.try_counts(limit) : std::nullopt;
    if (!counts) return;
    open.with(server).set(static_cast<double>(counts->open));
    accepted.with(server).set(static_cast<double>(counts->accepted));
    refused.with(server).set(static_cast<double>(counts->refused));
  }
};

}  // namespace

void observe_runtime(metrics all) {
  observe_each(all, of_runtime, [] { return system_info(); });
  const auto crashes = all.counter("joist_process_crashes_total", "Processes that ended otherwise than in order.");
  constexpr const char* crash_id = "joist.web.metrics.crashes";
  telemetry::detach(crash_id);
  telemetry::attach<telemetry::process_exited>(crash_id, [crashes](const telemetry::process_exited& e) {
    if (!e.metadata.reason.is_orderly()) crashes->add();
  });
  count_events<telemetry::child_restarted>("joist.web.metrics.restarts",
                                           all.counter("joist_supervisor_restarts_total", "Children that were restarted."));
  count_events<telemetry::supervisor_gave_up>(
      "joist.web.metrics.gave_up",
      all.counter("joist_supervisor_gave_up_total", "Supervisors that ended by too many restarts."));
}

void observe_program(metrics all) {
  observe_each(all, of_program, [] { return figures_of_this_process(); });
}

void observe_connections(metrics all, std::vector<std::string> servers) {
  const metric_options by_server{.labels = {"server"}};
  connection_metrics made{
      all.gauge("joist_connections", "Connections that are open.", by_server),
      all.external_counter("joist_connections_accepted_total", "Connections that were accepted.", by_server),
      all.external_counter("joist_connections_refused_total", "Connections that were closed at once, as too many.",
                           by_server)};
  all.before_page([made = std::move(made), servers = std::move(servers)] {
    for (const std::string& server : servers) made.measure(server);
  });
}

void observe(metrics all, observe_options options) {
  observe_requests(all);
  observe_runtime(all);
  observe_program(all);
  if (!options.servers.empty()) observe_connections(all, std::move(options.servers));
}

handler metrics_page(metrics all) {
  return [all = std::move(all)](request&) {
    all.measure();
    return bytes(metrics_content_type, all.text()).with_field("Cache-Control", "no-store");
  };
}

}  // namespace joist::inline v0::web
