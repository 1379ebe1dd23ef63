// expect: cannot send a raw pointer
// expect: the_message_itself
#include <joist/joist.hpp>

void wrong(joist::pid to, const char* text) { joist::send(to, text); }
