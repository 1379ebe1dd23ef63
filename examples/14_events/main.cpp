// Events: a manager passes what happens on to handlers, which come and go while it runs. Who makes things happen does not
// know who listens.
#include <joist/joist.hpp>
#include <joist/otp/gen_event.hpp>

// [snippet: events]
struct order_placed {
  int number;
  int cents;
};
struct order_cancelled {
  int number;
};
using shop = joist::gen_event<order_placed, order_cancelled>;
// [end]

// [snippet: handlers]
class turnover : public shop::handler<turnover> {
 public:
  struct total {
    using reply = int;
  };
  explicit turnover(int start = 0) : cents_{start} {}
  void handle_event(const order_placed& o) { cents_ += o.cents; }
  int handle_call(total) const { return cents_; }
  int terminate(const joist::handler_end&) { return cents_; }  // for who deletes it, or takes its place

 private:
  int cents_;
};

class large_orders : public shop::handler<large_orders> {  // the first one, and no other
 public:
  void handle_event(const order_placed& o) {
    if (o.cents < 100'000) return;
    fmt::print("order {} is large\n", o.number);
    remove();
  }
};

struct fragile {  // needs no base for this
  void handle_event(const order_cancelled& o) { throw std::runtime_error{fmt::format("cannot cancel {}", o.number)}; }
};

struct in_euro {  // takes over from turnover
  struct total {
    using reply = std::string;
  };
  explicit in_euro(int so_far) : cents{so_far} {}
  void handle_event(const order_placed& o) { cents += o.cents; }
  std::string handle_call(total) const { return fmt::format("{}.{:02}", cents / 100, cents % 100); }
  int cents;
};
// [end]

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        // [snippet: use]
        const auto events = shop::start_link({.name = "shop"});
        events.add_handler<turnover>().value();
        events.add_handler<large_orders>().value();
        events.add_sup_handler<fragile>().value();

        events.notify(order_placed{1, 2'000});  // returns at once
        events.notify(order_placed{2, 500'000});
        events.sync_notify(order_placed{3, 700'000});  // when all handlers have had it
        fmt::print("turnover: {}\n", events.call<turnover>(turnover::total{}).value());

        events.notify(order_cancelled{1});
        const auto gone = joist::receive<joist::handler_exited>();
        fmt::print("{} is gone: {}\n", gone.type, gone.reason.error()->what);

        events.swap_handler<turnover, in_euro>().value();
        events.notify(order_placed{4, 5});
        fmt::print("in euro: {}\n", events.call<in_euro>(in_euro::total{}).value());
        for (const auto& h : events.which_handlers()) fmt::print("there is {}\n", h.type);
        events.stop();
        // [end]
      },
      options);
}

// Output:
// order 2 is large
// turnover: 1202000
// fragile is gone: cannot cancel 1
// in euro: 12020.05
// there is in_euro
