#include <joist/otp/ancestors.hpp>

#include <joist/joist.hpp>

#include "otp/family.hpp"

namespace joist::inline v0 {
namespace {

process_local<otp::family> mine;

}  // namespace

std::vector<pid> ancestors() { return mine.has_value() ? mine.get().list() : std::vector<pid>{}; }

namespace detail {

lineage lineage_of_children() { return mine.get().for_children(); }

void descend_from(lineage ancestors) { mine.get().own = std::move(ancestors); }

}  // namespace detail
}  // namespace joist::inline v0
