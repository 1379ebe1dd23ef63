#include <joist/otp/ancestors.hpp>

#include <joist/joist.hpp>

#include <algorithm>

namespace joist::inline v0 {
namespace {

constexpr std::size_t most_ancestors = 64;

struct family {
  detail::lineage own;
  detail::lineage of_children;
};
process_local<family> mine;

}  // namespace

std::vector<pid> ancestors() {
  if (!mine.has_value() || mine.get().own == nullptr) return {};
  return *mine.get().own;
}

namespace detail {

lineage lineage_of_children() {
  family& f = mine.get();
  if (f.of_children == nullptr) {
    std::vector<pid> all{self()};
    if (f.own != nullptr) {
      const std::size_t kept = std::min(f.own->size(), most_ancestors - 1);
      all.insert(all.end(), f.own->begin(), f.own->begin() + static_cast<std::ptrdiff_t>(kept));
    }
    f.of_children = std::make_shared<const std::vector<pid>>(std::move(all));
  }
  return f.of_children;
}

void descend_from(lineage ancestors) { mine.get().own = std::move(ancestors); }

}  // namespace detail
}  // namespace joist::inline v0
