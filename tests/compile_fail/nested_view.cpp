// expect: request::path|the_member<0
// expect: is_a_view_of_memory_of_the_sender__send_std_string
#include <joist/joist.hpp>

struct request {
  std::string_view path;
};
struct envelope {
  int number;
  request inner;
};

void wrong(joist::pid to) { joist::send(to, envelope{}); }
