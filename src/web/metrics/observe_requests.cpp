// Events of requests and WebSockets, as metrics.
#include <joist/web/observe.hpp>

#include <joist/telemetry.hpp>
#include <joist/web/server.hpp>
#include <joist/web/websocket.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace joist::inline v0::web {
namespace {

// RFC 9110, 9.3, and PATCH. What clients may call methods otherwise is without end.
std::string_view known_method(std::string_view method) noexcept {
  static constexpr std::array<std::string_view, 9> known{"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                         "DELETE", "OPTIONS", "CONNECT", "TRACE"};
  if (method.empty()) return "none";  // it was not understood
  const auto* const found = std::find(known.begin(), known.end(), method);
  return found != known.end() ? *found : std::string_view{"other"};
}

std::string_view class_of(int status) noexcept {
  static constexpr std::array<std::string_view, 5> classes{"1xx", "2xx", "3xx", "4xx", "5xx"};
  return status >= 100 && status < 600 ? classes[static_cast<std::size_t>(status / 100 - 1)] : std::string_view{"other"};
}

struct http_metrics {
  explicit http_metrics(metrics& all)
      : requests{all.counter("http_requests_total", "Requests that were answered or refused.",
                             {.labels = {"method", "route", "status"}, .most_series = 2000})},
        seconds{all.histogram("http_request_duration_seconds",
                              "From the end of a request's head until its answer was written.", {.labels = {"route"}})},
        bytes{all.counter("http_response_bytes_total", "Bytes of bodies whose size was known before.",
                          {.labels = {"route"}})} {}

  void count(const request_served& e) const {
    const std::string_view route = e.metadata.route.empty() ? std::string_view{"none"} : e.metadata.route;
    requests.with(known_method(e.metadata.method), route, class_of(e.measurements.status)).add();
    seconds.with(route).observe(e.measurements.took);
    bytes.with(route).add(e.measurements.body_bytes);
  }

  metric_family<counter> requests;
  metric_family<histogram> seconds;
  metric_family<counter> bytes;
};

struct websocket_metrics {
  explicit websocket_metrics(metrics& all)
      : opened{all.counter("websockets_opened_total", "WebSockets that were opened.")},
        closed{all.counter("websockets_closed_total", "WebSockets that ended, by code; 1006: without a close.",
                           {.labels = {"code"}})},
        open{all.gauge("websockets_open", "WebSockets that are open.")} {}

  metric_family<counter> opened;
  metric_family<counter> closed;
  metric_family<gauge> open;
};

template <class... Event, class Handler>
void attach_anew(const char* id, Handler handler) {
  telemetry::detach(id);
  telemetry::attach<Event...>(id, std::move(handler));
}

}  // namespace

void observe_requests(metrics all) {
  attach_anew<request_served>("joist.web.metrics.requests",
                              [counted = http_metrics{all}](const request_served& e) { counted.count(e); });
  const websocket_metrics sockets{all};
  attach_anew<websocket_opened>("joist.web.metrics.websockets_opened", [sockets](const websocket_opened&) {
    sockets.opened->add();
    sockets.open->add(1);
  });
  attach_anew<websocket_closed>("joist.web.metrics.websockets_closed", [sockets](const websocket_closed& e) {
    sockets.closed.with(std::to_string(e.measurements.code)).add();
    sockets.open->add(-1);
  });
}

}  // namespace joist::inline v0::web
