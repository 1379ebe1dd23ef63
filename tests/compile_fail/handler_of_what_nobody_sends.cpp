// expect: joist: nobody can send a view \(string_view, span, ...\), and this handler would wait for ever: take a std::string
// expect: joist: nobody can send a raw pointer, and this handler would wait for ever
// expect: joist: nobody can send a message of this type \(sendable.hpp\), and this handler would wait for ever
#include <joist/joist.hpp>

#include <string_view>

struct lends {
  int number;
  std::string_view text;
};

void wrong() {
  joist::receive([](std::string_view) {});
  joist::receive([](const char*) {});
  (void)joist::receive<lends>();
}
