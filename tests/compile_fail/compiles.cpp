#include <joist/joist.hpp>

struct fine {
  int number;
  std::string text;
};

void right(joist::pid to) {
  joist::send(to, fine{});
  joist::receive([](fine) {}, [](const int&) {}, [](std::string&&) {}, joist::after(std::chrono::seconds{1}, [] {}));
}
