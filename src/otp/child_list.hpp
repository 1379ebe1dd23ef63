// otp/child_list.hpp: the children of a supervisor in the order in which they were started, found by id and by process in
// constant time. Pure.
//
//   process   restarting   a child that
//     somebody  false        runs
//     nobody    false        does not: it ignored its start, ended for good, or was terminated
//     nobody    true         failed to start again; a try_again is on its way
#pragma once

#include <joist/otp/child_spec.hpp>

#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace joist::inline v0::otp {

struct child_record {
  child_spec spec;
  pid process;
  bool restarting = false;
};

class child_list {
 public:
  using place = std::list<child_record>::iterator;

  [[nodiscard]] std::list<child_record>& all() noexcept { return all_; }
  [[nodiscard]] const std::list<child_record>& all() const noexcept { return all_; }
  [[nodiscard]] place end() noexcept { return all_.end(); }

  [[nodiscard]] place find(std::string_view id) { return found_in(by_id_, id); }
  [[nodiscard]] place find(pid process) { return found_in(by_process_, process); }

  /// Behind all others. The id must be new.
  place add(child_spec spec, pid process) {
    all_.push_back({std::move(spec), {}});
    const place at = std::prev(all_.end());
    by_id_.emplace(at->spec.id, at);
    runs_as(at, process);
    return at;
  }
  /// It runs as `process` now, or not at all.
  void runs_as(place at, pid process) {
    if (at->process) by_process_.erase(at->process);
    at->process = process;
    if (process) by_process_.emplace(process, at);
  }
  place erase(place at) {
    if (at->process) by_process_.erase(at->process);
    by_id_.erase(at->spec.id);
    return all_.erase(at);
  }

 private:
  template <class Index, class Key>
  [[nodiscard]] place found_in(Index& index, const Key& key) {
    const auto found = index.find(key);
    return found != index.end() ? found->second : all_.end();
  }

  std::list<child_record> all_;
  std::unordered_map<std::string_view, place> by_id_;  // views of the ids in all_
  std::unordered_map<pid, place> by_process_;
};

}  // namespace joist::inline v0::otp
