// expect: joist: ask returns what the question returns, from another stack: a value
#include <joist/joist.hpp>

int shared;

void run(joist::runtime& rt) {
  (void)rt.ask([]() -> int& { return shared; });
}
