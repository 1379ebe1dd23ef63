// expect: cannot send a raw pointer
// expect: member<.*by_name.*registry>
#include <joist/joist.hpp>

#include <map>

struct registry {
  std::map<std::string, std::vector<int*>> by_name;
};

void wrong(joist::pid to) { joist::send(to, registry{}); }
