#include "pubsub/known_formats.hpp"

#include <fmt/format.h>

#include <atomic>

#include "pubsub/frame.hpp"

namespace joist::inline v0::detail {
namespace {

// Constant-initialised: whatever is made first may add to it. Libraries that are loaded later do so beside those who look.
constinit std::atomic<const known_format*> newest{nullptr};

}  // namespace

bool add_known_format(known_format& f) noexcept {
  f.next = newest.load(std::memory_order_relaxed);
  // release: the fields of f. Pairs with the acquire in find_format. With relaxed, a library that is loaded while messages
  // come could be found without its name.
  while (!newest.compare_exchange_weak(f.next, &f, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return true;
}

const known_format* find_format(std::string_view name) noexcept {
  const known_format* f = newest.load(std::memory_order_acquire);
  while (f != nullptr && f->name != name) f = f->next;
  return f;
}

std::string problem_of_formats() {
  for (const known_format* f = newest.load(std::memory_order_acquire); f != nullptr; f = f->next) {
    if (f->name.empty() || f->name.size() > most_name_bytes) {
      return fmt::format("message_format: expected a name of 1 to {} bytes, got \"{}\" for {}", most_name_bytes, f->name,
                         f->type->name());
    }
    for (const known_format* other = f->next; other != nullptr; other = other->next) {
      if (other->name == f->name && *other->type != *f->type) {
        return fmt::format("message_format: expected a name of its own for each type, got \"{}\" for {} and {}", f->name,
                           f->type->name(), other->type->name());
      }
    }
  }
  return {};
}

}  // namespace joist::inline v0::detail
