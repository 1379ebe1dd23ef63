#define JOIST_BENCH_LOOP plain_loop
#define JOIST_BENCH_COSTS plain_costs
#include "fairness_loop.inc"
