// Telemetry: measuring a shop without touching it. Its own events, those of its server, and those of every process; and a
// filter that keeps a customer's name out of the log.
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>
#include <joist/otp/telemetry.hpp>

#include <atomic>
#include <stdexcept>

// [snippet: event]
struct order_placed {
  static constexpr std::string_view event_name = "shop.order.placed";
  struct {
    int cents;
  } measurements;
  struct {
    std::string_view customer;
  } metadata;
};
// [end]

class shop : public joist::gen_server<shop> {
 public:
  struct buy {
    using reply = int;  // pieces left
    std::string customer;
    int cents;
  };
  int handle_call(const buy& b) {
    if (left_ == 0) throw std::runtime_error{"sold out for " + b.customer};
    // [snippet: execute]
    joist::telemetry::execute(order_placed{{b.cents}, {b.customer}});
    // [end]
    return --left_;
  }

 private:
  int left_ = 2;
};

namespace {

// [snippet: counters]
struct counters {
  std::atomic<int> cents{0};
  std::atomic<int> calls{0};
  std::atomic<int> failed_calls{0};
  std::atomic<int> crashes{0};
};

void listen(counters& c) {
  namespace telemetry = joist::telemetry;
  telemetry::attach<order_placed>("takings", [&c](const order_placed& e) { c.cents += e.measurements.cents; });
  telemetry::attach<telemetry::call_done>("calls", [&c](const telemetry::call_done& e) {
    if (e.metadata.message == typeid(shop::buy)) ++(e.metadata.answered ? c.calls : c.failed_calls);
  });
  telemetry::attach<telemetry::process_exited>("crashes", [&c](const telemetry::process_exited& e) {
    if (!e.metadata.reason.is_orderly()) ++c.crashes;
  });
}
// [end]

// [snippet: all]
// What an exporter does: it knows no type.
void print_orders(const joist::telemetry::any_event& e) {
  if (!e.name().starts_with("shop.")) return;
  fmt::print("{}", e.name());
  for (const auto& m : e.measurements()) fmt::print(" {}={}", m.name, m.value);
  for (const auto& t : e.metadata()) fmt::print(" {}={}", t.name, t.value);
  fmt::print("\n");
}
// [end]

void open_the_shop(counters& c) {
  listen(c);
  joist::telemetry::attach_to_all("printer", &print_orders);
  joist::server_options named;
  named.name = "shop";
  const auto top = joist::start_supervisor({}, {joist::child<shop>("shop", named)});
  const auto server = *joist::find_server<shop>("shop");
  for (const char* customer : {"Ada", "Joe", "Robert"}) (void)server.try_call(shop::buy{customer, 1250});
  (void)top.count_children();  // answered when the next shop is open
  joist::telemetry::detach("printer");
}

}  // namespace

int main() {
  counters c;
  joist::runtime_options options;
  options.log = [](joist::log_level, std::string_view text) {
    if (text.find("ends by a crash") != text.npos) fmt::print("log: {}\n", text.substr(text.find("reason")).substr(0, 24));
  };
  // [snippet: redact]
  options.on_report = [](joist::report& r) {
    std::string* reason = r.find("reason");
    if (reason != nullptr && reason->find("sold out") != reason->npos) *reason = "(has a customer)";
    return r.kind != joist::report_kind::progress;  // false: it is not logged
  };
  // [end]
  const int result = joist::run([&c] { open_the_shop(c); }, options);
  fmt::print("takings {}, answered {}, failed {}, crashes {}\n", c.cents.load(), c.calls.load(), c.failed_calls.load(),
             c.crashes.load());
  return result;
}

// Output:
// shop.order.placed cents=1250 customer=Ada
// shop.order.placed cents=1250 customer=Joe
// log: reason: (has a customer)
// takings 2500, answered 2, failed 1, crashes 1
