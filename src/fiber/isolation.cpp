#include "fiber/isolation.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

namespace joist::inline v0::fiber {
namespace {

constexpr std::size_t most_stacks = 65536;

constinit std::array<std::atomic<slot*>, most_stacks> stacks{};
constinit std::atomic<std::size_t> count{0};
struct sigaction previous;

void write_text(const char* text) noexcept {
  const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
  (void)written;
}

// Async-signal-safe: reads atomics, writes to standard error, and gives the fault back.
void on_fault(int signal, siginfo_t* info, void* context) {
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  const std::size_t known = std::min(count.load(std::memory_order_acquire), most_stacks);
  for (std::size_t i = 0; i < known; ++i) {
    const slot* s = stacks[i].load(std::memory_order_acquire);
    if (s == nullptr || address < s->top - s->bytes || address >= s->top) continue;
    write_text("joist: isolation: the stack of a process that does not run was used: ");
    write_text(s->name.data());
    write_text(". Send values; a pointer into a stack is good only while its process runs.\n");
    break;
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr)
    return previous.sa_sigaction(signal, info, context);
  ::sigaction(signal, &previous, nullptr);  // faults again, and is handled as without us
}

void install() noexcept {
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, &previous);
}

}  // namespace

void open_stack(const slot& s) noexcept { ::mprotect(s.top - s.bytes, s.bytes, PROT_READ | PROT_WRITE); }

void close_stack(const slot& s) noexcept { ::mprotect(s.top - s.bytes, s.bytes, PROT_NONE); }

void name_stack(slot& s, const char* name) noexcept {
  const std::size_t bytes = std::min(std::strlen(name), s.name.size() - 1);
  std::memcpy(s.name.data(), name, bytes);
  s.name[bytes] = '\0';
}

void watch_stack(slot& s) noexcept {
  static std::once_flag once;
  std::call_once(once, install);
  const std::size_t at = count.fetch_add(1, std::memory_order_acq_rel);
  if (at < most_stacks) stacks[at].store(&s, std::memory_order_release);
}

}  // namespace joist::inline v0::fiber
