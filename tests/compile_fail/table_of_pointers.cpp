// expect: joist: cannot send a raw pointer
#include <joist/otp/table.hpp>

void wrong() { (void)joist::table<int, int*>::create(); }
