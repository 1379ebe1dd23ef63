// Ten thousand thermometers that are read now and then: while they wait they have no stacks.
#include <joist/joist.hpp>

#include <algorithm>
#include <vector>

namespace {

struct ask_highest {
  joist::pid by;
};

// [snippet: thermometer]
struct thermometer {  // a process: joist::spawn(thermometer{})
  double highest = -273.15;

  void operator()() {
    joist::receive([this](double measured) { highest = std::max(highest, measured); },
                   [this](ask_highest a) { joist::send(a.by, highest); });
    joist::hibernate_on_return();  // without this line the process would end here
  }
};
// [end]

}  // namespace

int main() {
  return joist::run([] {
    std::vector<joist::pid> all;
    for (int i = 0; i < 10'000; ++i) all.push_back(joist::spawn(thermometer{}));
    for (const joist::pid p : all) {
      joist::send(p, 21.5);
      joist::send(p, 17.0);
      joist::send(p, ask_highest{joist::self()});
    }
    double sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i) sum += joist::receive<double>();
    fmt::print("{} have measured {} at the most\n", all.size(), sum / static_cast<double>(all.size()));
    const auto waiting = [](joist::pid p) { return joist::process_info(p)->stack_bytes == 0; };
    while (!std::all_of(all.begin(), all.end(), waiting)) joist::yield();
    fmt::print("and none of them has a stack\n");
  });
}

// Output:
// 10000 have measured 21.5 at the most
// and none of them has a stack
