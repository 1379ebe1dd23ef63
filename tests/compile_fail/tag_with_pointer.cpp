// expect: joist: cannot send a raw pointer
#include <joist/joist.hpp>

void run(joist::pid target, int* local) { (void)joist::monitor_tagged(target, local); }
