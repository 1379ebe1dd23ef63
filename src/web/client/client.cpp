#include <joist/web/client.hpp>

#include <joist/joist.hpp>

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "web/client/connect.hpp"
#include "web/client/exchange.hpp"
#include "web/client/redirect.hpp"
#include "web/client/request_writer.hpp"

namespace joist::inline v0::web {
namespace {

using joist::detail::deadline;
using kind = client_error::kind;
using pool_ref = server_ref<http::client_pool>;

constexpr std::uint64_t skipped_bytes = std::uint64_t{64} << 10;  // of a redirect's body: more is not worth a connection

client_options checked(client_options o) {
  const client_times& t = o.times;
  for (const auto limit : {t.place, t.connect, t.write, t.first_byte, t.pause, t.whole, o.idle}) {
    if (limit.count() <= 0) throw error{errc::bad_argument, "client_options: expected times and idle of more than 0 ms"};
  }
  if (o.max_per_host == 0) throw error{errc::bad_argument, "client_options: expected max_per_host of 1 or more"};
  (void)fields{{"User-Agent", o.user_agent}};  // that it can be one
  return o;
}

client_response value_or_throw(result<client_response, client_error> r) {
  if (!r) throw client_failed{std::move(r).error()};
  return *std::move(r);
}

}  // namespace

struct client::shared {
  explicit shared(client_options o) : options{checked(std::move(o))} {}
  shared(const shared&) = delete;
  shared& operator=(const shared&) = delete;
  ~shared() {
    if (pool.process()) pool.cast(http::client_pool::end{});
  }

  [[nodiscard]] pool_ref running();

  const client_options options;
  std::atomic<http::client_pool::ticket> last_ticket{0};
  // -- under the mutex, which nobody holds while he waits
  std::mutex mutex;
  pool_ref pool;
};

// It is started when it is needed, and again where it was ended, or its runtime was.
pool_ref client::shared::running() {
  pool_ref current;
  {
    const std::scoped_lock lock{mutex};
    current = pool;
  }
  if (current.process() && !has_ended(current.process())) return current;
  const auto made = joist::start<http::client_pool>(joist::server_options{.process = {.label = "web::client"}},
                                                    options.max_per_host, options.max_idle, clock::duration{options.idle});
  {
    const std::scoped_lock lock{mutex};
    if (pool == current) return pool = made;
    current = pool;
  }
  made.cast(http::client_pool::end{});  // another process was faster
  return current;
}

// A request on its way: through redirects, and to another connection where the first had been closed.
class client::sending {
 public:
  sending(shared& with, client_request request)
      : with_{with},
        request_{std::move(request)},
        rules_{request_.limits.value_or(with.options.limits), request_.times.value_or(with.options.times),
               with.options.user_agent},
        whole_{deadline{rules_.times.whole}.fixed()} {}

  [[nodiscard]] result<client_response, client_error> run(bool keep_streaming);

 private:
  struct place {
    http::lease lease;
    net::stream connection;  // that was used before; else closed
  };

  [[nodiscard]] result<client_response, client_error> ask(const url& at);
  [[nodiscard]] result<place, client_error> take_place(const url& at);
  [[nodiscard]] client_error no_place() const;
  [[nodiscard]] result<net::stream, client_error> connect(const url& at) const;
  [[nodiscard]] client_error failed(client_error why, const url& at) const;

  shared& with_;
  client_request request_;
  const http::exchange_rules rules_;
  const deadline whole_;
};

client_error client::sending::failed(client_error why, const url& at) const {
  why.text = fmt::format("{} {}{}: {}", request_.method, at.origin(), at.path(), why.text);
  return why;
}

// A lease that is destroyed takes its question back: whoever has waited too long leaves the line.
result<client::sending::place, client_error> client::sending::take_place(const url& at) {
  const deadline limit = http::earlier(deadline{rules_.times.place}.fixed(), whole_);
  for (int attempts = 0;; ++attempts) {
    const pool_ref pool = with_.running();
    const auto ticket = ++with_.last_ticket;
    http::lease held{pool, ticket};
    auto got = pool.try_call(http::client_pool::take{at.origin(), ticket}, limit);
    if (got) return place{std::move(held), *std::move(got)};
    const bool pool_has_ended = got.error().which() != exit_reason::kind::timeout;
    if (pool_has_ended && attempts == 0) continue;
    return failure{failed(no_place(), at)};
  }
}

client_error client::sending::no_place() const {
  if (whole_.resolve() <= clock::now().time_since_epoch().count())
    return {kind::timed_out, fmt::format("times.whole ({} ms) is over", rules_.times.whole.count()), {}};
  return {kind::busy,
          fmt::format("no connection became free within times.place ({} ms): {} are in use; raise max_per_host, or let go "
                      "of responses that are not read to their end",
                      rules_.times.place.count(), with_.options.max_per_host),
          {}};
}

result<net::stream, client_error> client::sending::connect(const url& at) const {
  auto made = http::open_connection(at, with_.options.tls, http::earlier(deadline{rules_.times.connect}.fixed(), whole_));
  if (!made) return failure{failed(std::move(made).error(), at)};
  return made;
}

result<client_response, client_error> client::sending::ask(const url& at) {
  auto taken = take_place(at);
  if (!taken) return failure{std::move(taken).error()};
  const bool used_before = taken->connection.is_open();
  auto exchange = std::make_unique<http::client_exchange>(std::move(taken->lease), rules_, whole_);
  result<net::stream, client_error> connection = std::move(taken->connection);
  for (bool first = true;; first = false) {
    if (!used_before || !first) connection = connect(at);
    if (!connection) return failure{std::move(connection).error()};
    auto head = exchange->ask(*std::move(connection), request_, at);
    if (head) return client_response{at, *std::move(head), std::move(exchange)};
    if (!used_before || !first || !exchange->may_ask_again()) return failure{std::move(head).error()};
  }
}

result<client_response, client_error> client::sending::run(bool keep_streaming) {
  http::check_head(request_.method, request_.fields);
  auto parsed = url::parse(request_.url);
  if (!parsed) return failure{client_error{kind::bad_url, fmt::format("{}: {}", request_.method, parsed.error()), {}}};
  url at = *std::move(parsed);
  if (at.scheme() == url::scheme::ws || at.scheme() == url::scheme::wss)
    return failure{failed({kind::bad_url, "expected http or https: WebSockets are websocket::connect's", {}}, at)};
  const unsigned most = request_.max_redirects.value_or(with_.options.max_redirects);
  for (unsigned redirects = 0;; ++redirects) {
    auto answer = ask(at);
    if (!answer) return answer;
    if (most == 0 || !http::is_redirect(answer->status(), answer->fields())) {
      if (keep_streaming) {
        if (answer->rest_ != nullptr) answer->rest_->forget_whole();
      } else if (auto problem = answer->gather()) {
        return failure{*std::move(problem)};
      }
      return answer;
    }
    if (redirects == most)
      return failure{
          failed({kind::too_many_redirects, fmt::format("more redirects than max_redirects ({})", most), {}}, at)};
    auto next = http::redirect_target(at, answer->field("Location"));
    if (!next) return failure{failed(std::move(next).error(), at)};
    if (answer->rest_ != nullptr) answer->rest_->skip_body(skipped_bytes);
    if (auto problem = http::redirect(request_, answer->status(), at, *next))
      return failure{failed(*std::move(problem), at)};
    at = *std::move(next);
  }
}

client::client(client_options options) : shared_{std::make_shared<shared>(std::move(options))} {}

const client_options& client::options() const noexcept { return shared_->options; }

client_counts client::counts() const { return shared_->running().call(http::client_pool::count{}); }

result<client_response, client_error> client::try_send(client_request request) const {
  return sending{*shared_, std::move(request)}.run(false);
}
result<client_response, client_error> client::try_stream(client_request request) const {
  return sending{*shared_, std::move(request)}.run(true);
}
client_response client::send(client_request request) const { return value_or_throw(try_send(std::move(request))); }
client_response client::stream(client_request request) const { return value_or_throw(try_stream(std::move(request))); }

client_request make_request(std::string method, std::string url, response content, web::fields fields) {
  client_request made{.method = std::move(method), .url = std::move(url), .fields = std::move(fields)};
  for (const field& f : content.fields) {
    if (!made.fields.contains(f.name)) made.fields.add(f.name, f.value);
  }
  if (auto* text = std::get_if<std::string>(&content.body)) made.body = std::move(*text);
  if (auto* part = std::get_if<file_body>(&content.body)) made.body = std::move(*part);
  if (auto* streamed = std::get_if<streamed_body>(&content.body)) made.body = std::move(*streamed);
  return made;
}

client_response client::get(std::string url, web::fields f) const {
  return value_or_throw(try_get(std::move(url), std::move(f)));
}
client_response client::head(std::string url, web::fields f) const {
  return send({.method = "HEAD", .url = std::move(url), .fields = std::move(f)});
}
client_response client::post(std::string url, response content, web::fields f) const {
  return value_or_throw(try_post(std::move(url), std::move(content), std::move(f)));
}
client_response client::put(std::string url, response content, web::fields f) const {
  return send(make_request("PUT", std::move(url), std::move(content), std::move(f)));
}
client_response client::patch(std::string url, response content, web::fields f) const {
  return send(make_request("PATCH", std::move(url), std::move(content), std::move(f)));
}
client_response client::del(std::string url, web::fields f) const {
  return send({.method = "DELETE", .url = std::move(url), .fields = std::move(f)});
}
result<client_response, client_error> client::try_get(std::string url, web::fields f) const {
  return try_send({.method = "GET", .url = std::move(url), .fields = std::move(f)});
}
result<client_response, client_error> client::try_post(std::string url, response content, web::fields f) const {
  return try_send(make_request("POST", std::move(url), std::move(content), std::move(f)));
}

}  // namespace joist::inline v0::web
