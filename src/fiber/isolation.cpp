#include "fiber/isolation.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

namespace joist::inline v0::fiber {
namespace {

constexpr std::uint32_t most_stacks = 65536;  // beyond, stacks are closed all the same, but not named

constinit std::array<std::atomic<slot*>, most_stacks> stacks{};
constinit std::atomic<std::uint32_t> places_used{0};
constinit std::mutex mutex;              // guards who is put in or taken out, and first_free; rank: innermost
constinit std::uint32_t first_free = 0;  // no place before it is free

void write_text(const char* text) noexcept {
  const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
  (void)written;
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
  const std::scoped_lock lock{mutex};
  while (first_free < most_stacks && stacks[first_free].load(std::memory_order_relaxed) != nullptr) ++first_free;
  s.watched_at = first_free;
  if (first_free == most_stacks) return;
  // release: the slot's addresses, for a handler on any thread.
  stacks[first_free++].store(&s, std::memory_order_release);
  places_used.store(std::max(places_used.load(std::memory_order_relaxed), first_free), std::memory_order_release);
}

void forget_stack(const slot& s) noexcept {
  if (s.watched_at == most_stacks) return;
  const std::scoped_lock lock{mutex};
  stacks[s.watched_at].store(nullptr, std::memory_order_relaxed);
  first_free = std::min(first_free, s.watched_at);
}

const slot* watched_stack_at(const void* address) noexcept {
  const auto* at = static_cast<const std::byte*>(address);
  const std::uint32_t used = places_used.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < used; ++i) {
    const slot* s = stacks[i].load(std::memory_order_acquire);
    if (s != nullptr && at >= s->top - s->bytes && at < s->top) return s;
  }
  return nullptr;
}

void report_foreign_use(const slot& s) noexcept {
  write_text("joist: isolation: the stack of a process that does not run was used: ");
  write_text(s.name.data());
  write_text(". Send values; a pointer into a stack is good only while its process runs.\n");
}

}  // namespace joist::inline v0::fiber
