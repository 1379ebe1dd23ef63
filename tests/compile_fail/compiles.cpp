#include <joist/joist.hpp>

#include <memory>

struct fine {
  int number;
  std::string text;
};

void right(joist::pid to) {
  joist::send(to, fine{});
  joist::receive([](fine) {}, [](const int&) {}, [](std::string&&) {}, joist::after(std::chrono::seconds{1}, [] {}));
  joist::receive([](joist::down) {}, [](const joist::exited&) {}, [](joist::ref) {}, [](std::unique_ptr<fine>&&) {},
                 [](std::shared_ptr<const fine>) {}, [](const joist::any_message&) {});
}
