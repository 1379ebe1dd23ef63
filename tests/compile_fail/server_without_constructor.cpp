// expect: the server has no constructor that takes these arguments
#include <joist/otp/gen_server.hpp>

struct plain : joist::gen_server<plain> {};

void wrong() { (void)joist::start<plain>(7); }
