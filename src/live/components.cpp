#include "live/components.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

namespace joist::inline v0::live {

components::one& components::show(component_call& call, std::uint64_t rendering) {
  const auto [at, is_new] = numbers_.try_emplace({call.kind, call.id}, last_ + 1);
  if (is_new) {
    try {
      one made;
      made.state = call.make();
      made.number = made.state->number = last_ + 1;
      all_.emplace(last_ + 1, std::pair{&at->first, std::move(made)});
    } catch (...) {
      numbers_.erase(at);
      throw;
    }
    ++last_;
  }
  one& c = all_.find(at->second)->second.second;
  if (std::exchange(c.shown_in, rendering) == rendering) {
    throw error{
        errc::bad_argument,
        fmt::format("live: expected each id of a component once, \"{}\" is there twice: give each its own", call.id)};
  }
  // The client has forgotten what was in it.
  if (std::exchange(c.is_leaving, false)) c.print = {};
  call.update(*c.state);
  return c;
}

components::one* components::find(std::uint64_t number) noexcept {
  const auto at = all_.find(number);
  return at == all_.end() ? nullptr : &at->second.second;
}

const components::one* components::find_like(const one& c, const detail::html_info* of) const {
  const std::type_index kind = all_.find(c.number)->second.first->first;
  int attempts = 32;  // of very many, not all are asked
  for (auto at = numbers_.lower_bound({kind, {}}); at != numbers_.end() && at->first.first == kind && attempts > 0;
       ++at, --attempts) {
    const one& other = all_.find(at->second)->second.second;
    if (other.number != c.number && !other.is_leaving && other.print.of == of) return &other;
  }
  return nullptr;
}

void components::mark_leaving(std::uint64_t number) noexcept {
  if (one* c = find(number)) c->is_leaving = true;
}

void components::forget_prints() noexcept {
  for (auto& [number, c] : all_) c.second.print = {};
}

bool components::remove(std::uint64_t number) {
  const auto at = all_.find(number);
  if (at == all_.end() || !at->second.second.is_leaving) return false;
  numbers_.erase(*at->second.first);
  all_.erase(at);
  return true;
}

}  // namespace joist::inline v0::live
