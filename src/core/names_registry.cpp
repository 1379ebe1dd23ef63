#include "core/names_registry.hpp"

#include <joist/error.hpp>
#include <joist/names.hpp>

#include <mutex>

namespace joist::inline v0::core {
namespace {

void check_name(std::string_view name) {
  if (name.empty() || name == "undefined") {
    throw error{errc::bad_argument,
                fmt::format("register_name: expected a name of 1 to {} bytes other than \"undefined\", got \"{}\"",
                            longest_name_bytes, name)};
  }
  if (name.size() > longest_name_bytes) {
    throw error{errc::bad_argument, fmt::format("register_name: expected a name of at most {} bytes, got {}: \"{}...\"",
                                                longest_name_bytes, name.size(), name.substr(0, 40))};
  }
}

}  // namespace

std::string shown_name(std::string_view name) {
  return name.size() <= longest_name_bytes ? std::string{name} : std::string{name.substr(0, 40)} + "...";
}

void names_registry::add(std::string_view name, pid process) {
  check_name(name);
  const std::scoped_lock lock{mutex_};
  process_control* p = process.node() == node_ ? table_.place_of(process) : nullptr;
  if (process && process.node() != node_) {
    throw error{errc::no_process,
                fmt::format("register_name: {} belongs to another runtime, or is no process; a name is for "
                            "a process of the caller's runtime",
                            process)};
  }
  if (p == nullptr || p->generation.load(std::memory_order_relaxed) != process.generation()) {
    throw error{errc::no_process, fmt::format("register_name: no living process {} to name \"{}\"", process, name)};
  }
  if (const auto taken = by_name_.find(name); taken != by_name_.end()) {
    if (!lives(taken->second)) {
      by_process_.erase(taken->second);
      by_name_.erase(taken);
    } else if (taken->second != process) {
      throw error{errc::name_taken,
                  fmt::format("register_name: \"{}\" belongs to {}; unregister it first", name, taken->second)};
    }
  }
  if (const auto other = by_process_.find(process); other != by_process_.end()) {
    throw error{errc::already_named,
                fmt::format("register_name: {} is already registered as \"{}\"", process, other->second)};
  }
  by_name_.emplace(name, process);
  by_process_.emplace(process, name);
  p->named.store(true, std::memory_order_seq_cst);  // then "alive?", see the head of names_registry.hpp
  if (p->signals.is_closed() || p->generation.load(std::memory_order_relaxed) != process.generation()) {
    by_name_.erase(std::string{name});
    by_process_.erase(process);
    throw error{errc::no_process, fmt::format("register_name: no living process {} to name \"{}\"", process, name)};
  }
}

bool names_registry::lives(pid process) const noexcept {
  const process_control* p = table_.place_of(process);
  return !p->signals.is_over(process.generation(), p->generation);
}

void names_registry::remove(std::string_view name) {
  const std::scoped_lock lock{mutex_};
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    throw error{errc::name_unknown, fmt::format("unregister_name: no process is registered as \"{}\"", shown_name(name))};
  }
  by_process_.erase(found->second);
  by_name_.erase(found);
}

pid names_registry::find(std::string_view name) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_name_.find(name);
  return found == by_name_.end() || !lives(found->second) ? pid{} : found->second;
}

std::vector<std::string> names_registry::all() const {
  const std::shared_lock lock{mutex_};
  std::vector<std::string> names;
  names.reserve(by_name_.size());
  for (const auto& [name, process] : by_name_) {
    if (lives(process)) names.push_back(name);
  }
  return names;
}

void names_registry::forget(process_control& p, pid process) {
  if (!p.named.load(std::memory_order_seq_cst)) return;
  const std::scoped_lock lock{mutex_};
  p.named.store(false, std::memory_order_relaxed);
  const auto found = by_process_.find(process);
  if (found == by_process_.end()) return;
  by_name_.erase(found->second);
  by_process_.erase(found);
}

std::string names_registry::name_of(pid process) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_process_.find(process);
  return found == by_process_.end() ? std::string{} : found->second;
}

}  // namespace joist::inline v0::core
