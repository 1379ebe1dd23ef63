// expect: cannot send a view
// expect: refusal::view, (std::)?.*basic_string_view<char>
// expect: member<.*path.*request>
// expect: Send a std::string or a container
#include <joist/joist.hpp>

struct request {
  std::string_view path;
};
struct envelope {
  int number;
  request inner;
};

void wrong(joist::pid to) { joist::send(to, envelope{}); }
