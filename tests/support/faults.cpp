#include "support/fault_bodies.hpp"

void support::commit(way how, std::atomic<int>& ended) { (void)commit_here(how, ended); }

bool support::is_in_commit(const void* address) {
  constexpr std::ptrdiff_t most = 1024;  // bytes of it
  const auto* begin = reinterpret_cast<const char*>(&commit_here);
  const auto* at = static_cast<const char*>(address);
  return at >= begin && at < begin + most;
}
