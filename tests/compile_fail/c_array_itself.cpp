// expect: cannot send a C array: send a std::string
#include <joist/joist.hpp>

void wrong(joist::pid to) { joist::send(to, "text"); }
