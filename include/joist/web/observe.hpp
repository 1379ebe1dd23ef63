// joist/web/observe.hpp: what is worth knowing of every service, as metrics, and the page that Prometheus reads.
//
//   joist::web::metrics all;
//   joist::web::observe(all, {.servers = {"web"}});               // in application::start, before anything is served
//   routes.get("/metrics", joist::web::metrics_page(all));
//
// Promises
//   labels have values of the program, and none that clients make: an unknown method is "other", a path is its route
//   who calls a function again has the metrics observed that were given last: nothing is counted twice
//   the page is made even where a server does not answer: its figures are the last ones then
//
// Who can read the page reads how busy the service is: keep it off the internet (docs/guides/deploying.md).
// See also: metrics.hpp (metrics of your own), telemetry.hpp (the events that are counted), server.hpp.
#pragma once

#include <joist/web/metrics.hpp>
#include <joist/web/router.hpp>

#include <string>
#include <vector>

namespace joist::inline v0::web {

/// Requests and WebSockets, by their events.     [process]
///   http_requests_total{method,route,status}      status: 1xx to 5xx. route: the pattern; "none": no route took it
///   http_request_duration_seconds{route}          histogram: from the end of a request's head until its answer is written
///   http_response_bytes_total{route}              of bodies whose size is known before
///   websockets_opened_total, websockets_closed_total{code}, websockets_open
void observe_requests(metrics all);

/// Processes and what runs them: joist_processes, joist_run_queue_length, joist_context_switches_total ..., and
/// joist_process_crashes_total, joist_supervisor_restarts_total, joist_supervisor_gave_up_total, by their events. [process]
void observe_runtime(metrics all);

/// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_threads,
/// process_open_fds, process_max_fds, process_start_time_seconds: as all clients of Prometheus have them.     [any thread]
void observe_program(metrics all);

/// joist_connections{server}, joist_connections_accepted_total{server}, joist_connections_refused_total{server} of servers
/// by their registered names (server_options::name).     [any thread]
void observe_connections(metrics all, std::vector<std::string> servers);

struct observe_options {
  std::vector<std::string> servers = {};  ///< names of servers of net and web whose connections are counted
};
/// All of these. Once for each metrics.     [process]
void observe(metrics all, observe_options options = {});

/// Answers with the text of all metrics.     [start-up]
[[nodiscard]] handler metrics_page(metrics all);

}  // namespace joist::inline v0::web
