// A stack as a server, and what of it outlives a crash: after each message it puts its values aside, with a process that has
// nothing else to do and so does not crash. What broke it is not among them.
#include <joist/joist.hpp>
#include <joist/otp/agent.hpp>
#include <joist/otp/gen_server.hpp>
#include <joist/otp/supervisor.hpp>

#include <optional>
#include <vector>

// [snippet: stack]
using stash = joist::agent<std::vector<int>>;

class stack : public joist::gen_server<stack> {
 public:
  struct push {
    int value;
  };
  struct pop {
    using reply = std::optional<int>;  // nothing: the stack is empty, as stacks may be
  };
  struct add {};  // takes two, and pushes their sum

  explicit stack(stash aside) : aside_{std::move(aside)}, values_{aside_.get()} {}

  void handle_cast(push p) {
    values_.push_back(p.value);
    put_aside();
  }
  void handle_cast(add) {
    const int second = take();
    values_.push_back(take() + second);
    put_aside();
  }
  std::optional<int> handle_call(pop) {
    if (values_.empty()) return std::nullopt;
    const int top = take();
    put_aside();
    return top;
  }

 private:
  // Who adds has pushed before. Where that is not so this server is at its end, and nobody checks what it answers.
  int take() {
    if (values_.empty()) throw std::out_of_range{"the stack has too few values"};
    const int top = values_.back();
    values_.pop_back();
    return top;
  }
  void put_aside() const {
    aside_.update([now = values_](std::vector<int>& kept) { kept = now; });
  }

  stash aside_;
  std::vector<int> values_;
};
// [end]

namespace {

void show(const char* what, std::optional<int> value) {
  fmt::print("{}: {}\n", what, value ? std::to_string(*value) : "nothing");
}

}  // namespace

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        // [snippet: use]
        const auto aside = stash::start_link([] { return std::vector<int>{}; });
        const auto top =
            joist::start_supervisor({}, {joist::child<stack>("stack", joist::server_options{.name = "stack"}, aside)});
        const auto now = [] { return *joist::find_server<stack>("stack"); };

        now().cast(stack::push{2});
        now().cast(stack::push{3});
        now().cast(stack::add{});
        show("two and three", now().call(stack::pop{}));
        show("and then", now().call(stack::pop{}));

        now().cast(stack::push{7});
        const joist::ref watch = joist::monitor(now());
        now().cast(stack::add{});  // seven and what?
        const auto end = joist::receive<joist::down>([watch](const joist::down& d) { return d.monitor == watch; });
        fmt::print("crashed: {}\n", end.reason.error()->what);
        (void)top.count_children();  // answered when there is another one
        show("still there", now().call(stack::pop{}));
        // [end]
        top.stop();
      },
      options);
}

// Output:
// two and three: 5
// and then: nothing
// crashed: the stack has too few values
// still there: 7
