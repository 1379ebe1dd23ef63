#define JOIST_BENCH_LOOP counted_loop
#define JOIST_BENCH_COSTS counted_costs
#include "fairness_loop.inc"
