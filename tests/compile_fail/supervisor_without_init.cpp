// expect: a class that says what it supervises has a public static init that takes these arguments
#include <joist/otp/supervisor.hpp>

struct empty {};

void wrong() { (void)joist::start_supervisor<empty>(); }
