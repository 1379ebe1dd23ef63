#include "support/fault_bodies.hpp"

void support::commit_without_tables(way how, std::atomic<int>& ended) { (void)commit_here(how, ended); }
