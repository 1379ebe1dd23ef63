// tests/support/tree_oracles.hpp: whether a tree that has settled is what its ledger says, and whether anything is left that
// is in no tree: processes, names, entries, messages, aliases, monitors, links.
#pragma once

#include <joist/info.hpp>
#include <joist/names.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/house_model.hpp"
#include "support/storm_tree.hpp"

namespace support {

class tree_oracles {
 public:
  /// `others`: processes of the test's own.
  tree_oracles(site_ptr at, plan_ptr root_plan, pid root, std::vector<pid> others, std::chrono::milliseconds delay)
      : at_{std::move(at)},
        root_plan_{std::move(root_plan)},
        root_{root},
        others_{std::move(others)},
        delay_{delay},
        all_{at_->book->copy()} {}

  /// Throws failed_expectation where something is not as it should be.
  void check() {
    for (const pid supervisor : all_.supervisors) check_house(supervisor);
    parent_of_.emplace(root_, others_.front());
    walk(root_, *root_plan_);
    for (const pid process : joist::processes()) check_process(process);
    check_names();
  }
  [[nodiscard]] std::size_t processes_in_tree() const { return parent_of_.size(); }
  /// Restarts in all houses.
  [[nodiscard]] std::size_t rounds() const { return rounds_; }

 private:
  static void require(bool ok, const std::string& what) {
    if (!ok) throw failed_expectation{what};
  }

  // The past of all supervisors, also of those that have ended.
  void check_house(pid supervisor) {
    const house_model house{all_, supervisor, delay_};
    rounds_ += house.rounds();
    if (!all_.ends.contains(supervisor))
      require(!house.has_cause(), fmt::format("the supervisor {} has something to start again, and does not", supervisor));
    require(house.kept_its_intensity(), fmt::format("the supervisor {} has restarted too often", supervisor));
  }

  void walk(pid supervisor, const plan& of) {
    const std::vector<place> expected = house_model{all_, supervisor, delay_}.places();
    check_listed(supervisor, expected,
                 of.how == manner::dynamic ? joist::dynamic_supervisor_ref{supervisor}.which_children()
                                           : joist::supervisor_ref{supervisor}.which_children());
    check_counts(supervisor, expected,
                 of.how == manner::dynamic ? joist::dynamic_supervisor_ref{supervisor}.count_children()
                                           : joist::supervisor_ref{supervisor}.count_children());
    for (const place& p : expected) {
      const seat& s = all_.seats[p.seat];
      if (all_.ends.contains(p.last)) continue;
      adopt(p.last, supervisor);
      if (!s.name.empty()) names_.emplace_back(s.name, p.last);
      if (s.key >= 0) keys_.emplace_back(s.key, p.last);
      if (s.supervises != nullptr) walk(p.last, *s.supervises);
      if (s.is_supervisor && s.supervises == nullptr) walk_registry(p.last);
    }
  }
  void walk_registry(pid supervisor) {
    const auto partitions = joist::supervisor_ref{supervisor}.which_children();
    require(partitions.size() == at_->keys.options().partitions, "the registry has all its partitions");
    for (const joist::child_info& c : partitions) {
      adopt(c.process, supervisor);
      partitions_.push_back(c.process);
    }
  }
  void adopt(pid child, pid parent) {
    require(parent_of_.emplace(child, parent).second, fmt::format("{} is a child of two", child));
    children_of_[parent].push_back(child);
  }

  void check_listed(pid supervisor, const std::vector<place>& expected, const std::vector<joist::child_info>& listed) {
    auto is_as = [this](const place& p, const joist::child_info& c) {
      const seat& s = all_.seats[p.seat];
      const pid runs = all_.ends.contains(p.last) ? pid{} : p.last;
      return c.id == s.id && c.process == runs && !c.restarting && c.restart == s.restart &&
             (c.type == child_type::supervisor) == s.is_supervisor;
    };
    require(std::equal(expected.rbegin(), expected.rend(), listed.begin(), listed.end(), is_as),
            fmt::format("the children of {} are not those of its ledger", supervisor));
  }
  void check_counts(pid supervisor, const std::vector<place>& expected, const joist::child_counts& counts) {
    auto count = [&](auto which) {
      return static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), which));
    };
    const std::size_t active = count([this](const place& p) { return !all_.ends.contains(p.last); });
    const std::size_t supervisors = count([this](const place& p) { return all_.seats[p.seat].is_supervisor; });
    require(counts.specs == expected.size() && counts.active == active && counts.supervisors == supervisors &&
                counts.workers == expected.size() - supervisors,
            fmt::format("{} miscounts its children", supervisor));
  }

  // Nothing but what the tree gives it.
  void check_process(pid process) {
    if (std::find(others_.begin(), others_.end(), process) != others_.end()) return;
    const auto found = parent_of_.find(process);
    const auto details = joist::process_info(process);
    require(details.has_value(), fmt::format("{} has ended, and is listed as alive", process));
    require(found != parent_of_.end(), fmt::format("{} \"{}\" {} is an orphan", process, details->label, details->name));
    ++seen_;
    require(details->parent == found->second, fmt::format("{} has another parent than its supervisor", process));
    require(details->message_queue_length == 0, fmt::format("{} has messages", process));
    require(details->aliases == 0, fmt::format("{} waits for an answer", process));
    require(details->monitors.empty(), fmt::format("{} monitors somebody", process));
    check_links(*details, found->second);
  }
  void check_links(const joist::process_details& details, pid parent) {
    const pid process = details.process;
    auto is_partition = [this](pid p) { return std::find(partitions_.begin(), partitions_.end(), p) != partitions_.end(); };
    if (is_partition(process)) return;  // linked to those under its keys, who are looked at themselves
    std::vector<pid> links = details.links;
    if (!at_->keys.keys(process).empty())
      require(std::erase_if(links, is_partition) == 1, fmt::format("{} is not linked to the registry", process));
    std::vector<pid> expected = children_of_[process];
    expected.push_back(parent);
    std::sort(expected.begin(), expected.end());
    std::sort(links.begin(), links.end());
    require(links == expected, fmt::format("{} \"{}\" has the links {} instead of {}", process, details.label,
                                           fmt::join(links, " "), fmt::join(expected, " ")));
  }

  void check_names() {
    require(seen_ == parent_of_.size(), fmt::format("{} processes live, {} are in the tree", seen_, parent_of_.size()));
    std::vector<std::string> expected;
    for (const auto& [name, process] : names_) {
      require(joist::whereis(name) == process, fmt::format("\"{}\" is not whom the ledger says", name));
      expected.push_back(name);
    }
    std::vector<std::string> registered = joist::registered_names();
    std::sort(expected.begin(), expected.end());
    std::sort(registered.begin(), registered.end());
    require(registered == expected, "other names are registered than living processes have");
    for (const auto& [key, process] : keys_)
      require(at_->keys.whereis(key) == process, fmt::format("key {} is not whose the ledger says", key));
    require(at_->keys.count() == keys_.size(), "there are entries in the registry that nobody has");
  }

  const site_ptr at_;
  const plan_ptr root_plan_;
  const pid root_;
  const std::vector<pid> others_;
  const std::chrono::milliseconds delay_;
  const record all_;
  std::size_t rounds_ = 0;
  std::size_t seen_ = 0;
  std::unordered_map<pid, pid> parent_of_;
  std::unordered_map<pid, std::vector<pid>> children_of_;
  std::vector<pid> partitions_;
  std::vector<std::pair<std::string, pid>> names_;
  std::vector<std::pair<int, pid>> keys_;
};

}  // namespace support
