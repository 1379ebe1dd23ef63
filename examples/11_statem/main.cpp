// State machines: servers whose handlers go by the state that they are in. A crossing with a button, whose states are
// enumerators, and a lock with a code, whose states are structs with data of their own.
#include <joist/joist.hpp>
#include <joist/otp/gen_statem.hpp>

using namespace std::chrono_literals;

// [snippet: crossing]
enum class light { green, amber, red };

class crossing : public joist::gen_statem<crossing, light> {
 public:
  using enum light;
  struct press {};  // the button
  struct walk {     // asked by who wants to cross: answered when cars stand
    using reply = std::string;
  };

  crossing() : gen_statem(green) {}

  void handle_enter(in<green>) { fmt::print("green\n"); }
  void handle_cast(in<green>, press) { next_state(amber); }

  void handle_enter(in<amber>) {
    fmt::print("amber\n");
    state_timeout_after(3s);
  }
  void handle_state_timeout(in<amber>) { next_state(red); }

  void handle_enter(in<red>) {
    fmt::print("red\n");
    state_timeout_after(10s);
  }
  void handle_state_timeout(in<red>) { next_state(green); }
  std::string handle_call(in<red>, walk) { return "walk now"; }

  // In all other states.
  void handle_cast(press) {}
  void handle_call(walk, const joist::from<std::string>&) { postpone(); }  // comes again when the state has changed
};
// [end]

// [snippet: lock]
struct locked {
  std::string typed;
  bool operator==(const locked&) const = default;
};
struct open {
  bool operator==(const open&) const = default;
};

class code_lock : public joist::gen_statem<code_lock, std::variant<locked, open>> {
 public:
  struct digit {
    char value;
  };
  struct is_open {
    using reply = bool;
  };

  explicit code_lock(std::string code) : gen_statem(locked{}), code_{std::move(code)} {}

  void handle_cast(locked& now, digit d) {
    now.typed += d.value;
    if (now.typed == code_) return next_state(open{});
    if (now.typed.size() == code_.size()) return next_state(locked{});
    state_timeout_after(5s);  // anew with each digit
  }
  void handle_state_timeout(locked& now) { now.typed.clear(); }

  void handle_enter(open&) { state_timeout_after(10s); }
  void handle_state_timeout(open&) { next_state(locked{}); }
  void handle_cast(open&, digit) { postpone(); }  // for the next one

  bool handle_call(locked&, is_open) { return false; }
  bool handle_call(open&, is_open) { return true; }

 private:
  std::string code_;
};
// [end]

int main() {
  joist::simulate(1, [] {  // in virtual time: its seconds cost nothing
    // [snippet: calls]
    const auto road = joist::start_link<crossing>();
    road.cast(crossing::press{});
    fmt::print("{}\n", road.call(crossing::walk{}));
    joist::sleep_for(11s);
    road.stop();
    // [end]

    const auto lock = joist::start_link<code_lock>("421");
    const auto open_by = [lock](std::string_view typed) {
      for (const char c : typed) lock.cast(code_lock::digit{c});
      return lock.call(code_lock::is_open{});
    };
    fmt::print("open by 123: {}\n", open_by("123"));
    fmt::print("open by 42: {}\n", open_by("42"));
    joist::sleep_for(6s);
    fmt::print("open by 1, too late: {}\n", open_by("1"));
    joist::sleep_for(6s);
    fmt::print("open by 421: {}\n", open_by("421"));
    joist::sleep_for(11s);
    fmt::print("ten seconds later: {}\n", open_by(""));
    lock.stop();
  });
}

// Output:
// green
// amber
// red
// walk now
// green
// open by 123: false
// open by 42: false
// open by 1, too late: false
// open by 421: true
// ten seconds later: false
