// expect: joist: a key is found by its hash: add operator== and a std::hash<Key> to it
#include <joist/otp/registry.hpp>

struct place {
  int x;
  int y;
};

void wrong() { const joist::unique_registry<place> r; }
