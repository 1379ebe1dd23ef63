// expect: joist::enable_sendable refuses it
// expect: member<.*lease.*offer>
#include <joist/joist.hpp>

struct lease_of_a_file {
  int handle;
};
template <>
struct joist::enable_sendable<lease_of_a_file> : std::false_type {};

struct offer {
  lease_of_a_file lease;
};

void wrong(joist::pid to) { joist::send(to, offer{}); }
