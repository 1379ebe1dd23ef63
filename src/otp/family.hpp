// otp/family.hpp: a process's place in a line of processes, each of which started, or asked for, the next. A list is made
// once for all children of one process, and shared by them.
#pragma once

#include <joist/otp/ancestors.hpp>
#include <joist/process.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace joist::inline v0::otp {

struct family {
  detail::lineage own;  // null: of a process that nobody told
  detail::lineage of_children;

  [[nodiscard]] std::vector<pid> list() const { return own != nullptr ? *own : std::vector<pid>{}; }
  /// The caller, and those before it.
  [[nodiscard]] const detail::lineage& for_children() {
    constexpr std::size_t longest = 64;
    if (of_children == nullptr) {
      std::vector<pid> all{self()};
      if (own != nullptr) all.insert(all.end(), own->begin(), own->end());
      all.resize(std::min(all.size(), longest));
      of_children = std::make_shared<const std::vector<pid>>(std::move(all));
    }
    return of_children;
  }
};

}  // namespace joist::inline v0::otp
