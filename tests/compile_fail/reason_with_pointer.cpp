// expect: joist: cannot send a raw pointer
#include <joist/joist.hpp>

void run(int* local) { joist::exit(joist::exit_reason::of(local)); }
