#include "support/fault_bodies.hpp"

void support::commit(way how, std::atomic<int>& ended) { (void)commit_here(how, ended); }

namespace {

bool is_in(int (*function)(support::way, std::atomic<int>&), const void* address) {
  constexpr std::ptrdiff_t most = 1024;  // bytes of it
  const auto* begin = reinterpret_cast<const char*>(function);
  const auto* at = static_cast<const char*>(address);
  return at >= begin && at < begin + most;
}

}  // namespace

bool support::is_in_commit(const void* address) {
  return is_in(&commit_instruction, address) || is_in(&commit_call, address);
}
