#include "core/memory_limit.hpp"

#include <algorithm>
#include <new>
#include <string>

#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

const memory_limit& limit_of(const process_control& p) noexcept {
  const bool own = p.extras != nullptr && p.extras->rare != nullptr && p.extras->rare->memory != nullptr;
  return own ? *p.extras->rare->memory : this_worker()->home.options.memory_limit;
}

void log_excess(const process_control& p, const memory_limit& limit, const std::string& what) {
  scheduler& home = this_worker()->home;
  const pid self = home.pid_of(p);
  std::string who = fmt::format("process {}", self);
  if (p.extras != nullptr && !p.extras->label.empty()) who += fmt::format(" \"{}\"", p.extras->label);
  const std::string name = home.names.name_of(self);
  if (!name.empty()) who += fmt::format(", named {}", name);
  home.log({report_kind::notice, log_level::error, self,
            fmt::format("{} is over its memory limit: {}{}", who, what, limit.kill ? "; it is killed" : "")});
}

}  // namespace

void begin_weighing(process_control& p, const memory_limit& limit) noexcept {
  p.box.weighed = limit.max_mailbox_bytes > 0;
  // No shared slot has as many bytes as the number has bits for.
  p.most_parked_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(limit.max_parked_stack_bytes, UINT32_MAX));
  p.told_parked = false;
}

bool ends_by_mailbox(process_control& p, std::size_t before) noexcept {
  const memory_limit& limit = limit_of(p);
  if (before <= limit.max_mailbox_bytes / 2) p.box.over = false;
  if (p.box.over || p.box.bytes <= limit.max_mailbox_bytes) return false;
  p.box.over = true;
  try {
    if (limit.log) {
      log_excess(p, limit,
                 fmt::format("{} messages take {} bytes of its mailbox, {} are allowed", p.box.length, p.box.bytes,
                             limit.max_mailbox_bytes));
    }
  } catch (const std::bad_alloc&) {
    // The log loses a line, the limit holds.
  }
  return limit.kill;
}

bool ends_by_stack(const process_control& p, std::uint64_t bytes) noexcept {
  const memory_limit& limit = limit_of(p);
  try {
    if (limit.log) {
      log_excess(p, limit,
                 fmt::format("its frames took {} bytes when they were copied out of their shared stack, {} are allowed",
                             bytes, limit.max_parked_stack_bytes));
    }
  } catch (const std::bad_alloc&) {
    // As above.
  }
  return limit.kill;
}

void weigh_parked(worker& w, process_control& p) noexcept {
  if (p.parked_bytes <= p.most_parked_bytes / 2) p.told_parked = false;
  if (p.told_parked || p.parked_bytes <= p.most_parked_bytes) return;
  try {
    node_ptr signal = make_signal<node_kind::parked>(p.parked_bytes);
    (void)w.home.deliver(w.home.pid_of(p), signal, &w);  // not taken: it is ending, and unwinds these frames
    p.told_parked = true;
  } catch (const std::bad_alloc&) {
    // The next time it is copied out it is told.
  }
}

}  // namespace joist::inline v0::core
