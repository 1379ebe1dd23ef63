// A server: a class whose members are its state and whose handlers are found by the types of messages. Calls are answered
// with what they say they are answered with; what has no handler does not compile.
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>

using namespace std::chrono_literals;

// [snippet: account]
class account : public joist::gen_server<account> {
 public:
  struct deposit {  // told
    int cents;
  };
  struct balance {  // asked: answered with an int
    using reply = int;
  };
  struct wait_for {  // asked, and answered later
    using reply = int;
    int cents;
  };

  explicit account(int start) : cents_{start} {}
  void handle_cast(deposit d) {
    cents_ += d.cents;
    if (waiting_ && cents_ >= wanted_) joist::reply(*std::exchange(waiting_, {}), cents_);
  }
  int handle_call(balance) const { return cents_; }
  void handle_call(wait_for w, const joist::from<int>& client) {
    if (cents_ >= w.cents) return joist::reply(client, cents_);
    waiting_ = client;
    wanted_ = w.cents;
  }
  void terminate(const joist::exit_reason& why) { fmt::print("the account closes: {}\n", why); }

 private:
  int cents_;
  int wanted_ = 0;
  std::optional<joist::from<int>> waiting_;
};
// [end]

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        // [snippet: calls]
        const auto server = joist::start_link<account>(100);
        server.cast(account::deposit{50});
        fmt::print("balance: {}\n", server.call(account::balance{}));

        joist::spawn_link([server] { server.cast(account::deposit{50}); });
        fmt::print("waited for 200: {}\n", server.call(account::wait_for{200}));

        const auto in_time = server.try_call(account::wait_for{1'000'000}, 10ms);
        fmt::print("waited for a million: {}\n", in_time ? "rich" : in_time.error().to_string());

        server.stop();
        fmt::print("after its end: {}\n", server.try_call(account::balance{}).error());
        // [end]
      },
      options);
}

// Output:
// balance: 150
// waited for 200: 200
// waited for a million: timeout
// the account closes: normal
// after its end: noproc
