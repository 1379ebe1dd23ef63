// tests/support/storm_tree.hpp: a tree of supervisors of all kinds over workers that ask each other, for storms.
//
//   root (rest_for_one)
//   |- registry
//   `- wings (one_for_one)
//      `- wing n (one_for_one, one_for_all, rest_for_one, ...)
//         |- hall (one_for_one, one_for_all or rest_for_one) of desks
//         |- pair (rest_for_one): a dynamic hall, and the clerk who fills it
//         `- a partition supervisor of desks
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/storm_workers.hpp"

namespace support {

/// Makes the specs of a tree, from the leaves to the root, and the plans that its supervisors have.
class tree_builder {
 public:
  explicit tree_builder(site_ptr at) : at_{std::move(at)} {}

  /// What the root is to be started with, and its plan.
  std::pair<std::vector<joist::child_spec>, plan_ptr> root() {
    std::vector<made> wings;
    for (int n = 0; n < at_->size.wings; ++n) wings.push_back(wing(n));
    made all = supervisor({"wings"}, plan{manner::one_for_one, often, 5000ms}, std::move(wings));
    made registry{{"keys"}, joist::child_registry("keys", at_->keys)};
    registry.is.is_supervisor = true;
    const auto of = std::make_shared<plan>(plan{manner::rest_for_one, often, 5000ms});
    std::vector<made> both;
    both.push_back(std::move(registry));
    both.push_back(std::move(all));
    return {settle_in(of, std::move(both)), of};
  }
  [[nodiscard]] static joist::supervisor_options options_of(const plan& p, std::string name) {
    joist::supervisor_options o;
    o.name = std::move(name);
    o.strategy = static_cast<joist::supervision>(p.how);
    o.intensity = p.intensity;
    o.period = p.period;
    return o;
  }

 private:
  static constexpr std::uint32_t often = 1'000'000'000;
  /// A child, and its seat; not yet in a house.
  struct made {
    seat is;
    joist::child_spec spec;
  };

  made wing(int n) {
    std::vector<made> halls;
    for (int h = 0; h < at_->size.halls; ++h) halls.push_back(hall(h % 5, fmt::format("hall {}-{}", n, h)));
    return supervisor({fmt::format("wing {}", n)}, plan{static_cast<manner>(n % 3), 20, 10'000ms}, std::move(halls));
  }
  made hall(int kind, const std::string& name) {
    if (kind == 3) return pair(name);
    if (kind == 4) return partitions(name);
    seat is{name};
    is.name = name;
    const auto of = std::make_shared<plan>(plan{static_cast<manner>(kind)});
    std::vector<joist::child_spec> specs;
    for (int n = 0; n < at_->size.desks; ++n) specs.push_back(static_desk(of, n));
    is.is_supervisor = true;
    is.supervises = of;
    joist::child_spec spec = joist::child_supervisor(name, options_of(*of, name), std::move(specs));
    return {std::move(is), std::move(spec)};
  }
  // Names and keys by turns. Who is in the registry ends with it, so that it is only where ends need no author.
  joist::child_spec static_desk(const std::shared_ptr<plan>& of, int n) {
    static constexpr std::array types{restart_type::permanent, restart_type::permanent, restart_type::transient,
                                      restart_type::temporary};
    seat s{fmt::format("desk {}", n), types[static_cast<std::size_t>(n) % types.size()]};
    if (n % 3 == 0) s.name = at_->names.emplace_back(fmt::format("desk {}", at_->names.size()));
    if (n % 3 != 0 && of->how == manner::one_for_one) s.key = at_->key_count++;
    const bool slow = n == 4 && of->how != manner::one_for_one;
    seated one = seat_desk(at_, of, std::move(s), slow);
    of->seats.push_back(one.seat);
    return std::move(one.spec);
  }
  made pair(const std::string& name) {
    const auto of = std::make_shared<plan>(plan{manner::dynamic});
    made hall{{"dynamic"}, joist::child_dynamic_supervisor("dynamic", {.name = name, .intensity = of->intensity})};
    hall.is.name = name;
    hall.is.is_supervisor = true;
    hall.is.supervises = of;
    made its_clerk{{"clerk"}, joist::child<clerk>("clerk", at_, name, plan_ptr{of})};
    std::vector<made> both;
    both.push_back(std::move(hall));
    both.push_back(std::move(its_clerk));
    return supervisor({name + " pair"}, plan{manner::rest_for_one}, std::move(both));
  }
  made partitions(const std::string& name) {
    seat is{name};
    is.name = name;
    const auto of = std::make_shared<plan>(plan{manner::one_for_one});
    joist::partition_supervisor_options o;
    o.name = name;
    o.partitions = static_cast<std::size_t>(at_->size.desks);
    o.intensity = of->intensity;
    auto child = joist::child_partition_supervisor(name, std::move(o), [&](std::size_t n) {
      seat s{fmt::format("{}", n)};
      if (n % 2 == 0) s.key = at_->key_count++;
      seated one = seat_desk(at_, of, std::move(s));
      of->seats.push_back(one.seat);
      return std::move(one.spec);
    });
    at_->partitions.push_back(std::move(child.partitions));
    is.is_supervisor = true;
    is.supervises = of;
    return {std::move(is), std::move(child.spec)};
  }
  made supervisor(seat is, plan p, std::vector<made> children) {
    const auto of = std::make_shared<plan>(std::move(p));
    std::vector<joist::child_spec> specs = settle_in(of, std::move(children));
    joist::child_spec spec = joist::child_supervisor(is.id, options_of(*of, is.name), std::move(specs));
    is.is_supervisor = true;
    is.supervises = of;
    return {std::move(is), std::move(spec)};
  }
  std::vector<joist::child_spec> settle_in(const std::shared_ptr<plan>& of, std::vector<made> children) {
    std::vector<joist::child_spec> specs;
    for (made& m : children) {
      const bool watches_itself = !m.is.is_supervisor;
      of->seats.push_back(at_->book->add(std::move(m.is)));
      m.spec.start = noted(at_, of, of->seats.back(), watches_itself, std::move(m.spec.start));
      specs.push_back(std::move(m.spec));
    }
    return specs;
  }

  const site_ptr at_;
};

}  // namespace support
