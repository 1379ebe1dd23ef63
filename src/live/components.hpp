// live/components.hpp: the components of a view: who they are, and what the client has of each.
//
//   state      what it is                                       who moves it on
//   shown      was in what was rendered last, or before         the client: no longer on the page
//   leaving    the client has taken it from its page            shown again; or the client: it is gone for good
//
// Invariants
//   K1  an id of a class has one component, and a number that no other one has had
//
// Pure. Phoenix: Phoenix.LiveView.Diff.
#pragma once

#include <joist/live/component.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>

#include "live/prints.hpp"

namespace joist::inline v0::live {

class components {
 public:
  struct one {
    std::unique_ptr<detail::component_base> state;
    tree_print print = {};
    std::uint64_t number = 0;
    std::uint64_t shown_in = 0;    // which rendering
    std::uint64_t written_in = 0;  // the last one that had something new
    bool is_leaving = false;
  };

  /// The component of a place, made if it is new, and brought up to date. Throws errc::bad_argument for an id that is twice
  /// in one rendering.
  one& show(component_call& call, std::uint64_t rendering);
  /// Null: there is none, or no longer.
  [[nodiscard]] one* find(std::uint64_t number) noexcept;
  /// One of the same class that the client has, with this template; null: none is seen at once.
  [[nodiscard]] const one* find_like(const one& c, const detail::html_info* of) const;
  void mark_leaving(std::uint64_t number) noexcept;
  /// False: it has been shown again meanwhile, or is not known.
  bool remove(std::uint64_t number);
  /// The client has none of them any more.
  void forget_prints() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  using name = std::pair<std::type_index, std::string>;
  std::map<name, std::uint64_t> numbers_;
  std::map<std::uint64_t, std::pair<const name*, one>> all_;  // by number
  std::uint64_t last_ = 0;
};

}  // namespace joist::inline v0::live
