// core/names_registry.hpp: registered names of one runtime. Names change rarely and are looked up often: one
// shared mutex.
//
// A name is nobody's from the moment its process is closed: look-ups ask. It is taken out soon after. Registering reads
// "alive?" after setting `named`; an end reads `named` after closing the signal word; both are seq_cst, so one of the two
// sees the other (Dekker), and under the lock the later one takes the name out.
#pragma once

#include <joist/pid.hpp>

#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/process_table.hpp"

namespace joist::inline v0::core {

/// A name as it stands in a message: a long one is cut.
[[nodiscard]] std::string shown_name(std::string_view name);

class names_registry {
 public:
  names_registry(const process_table& table, std::uint32_t node) : table_{table}, node_{node} {}

  /// Throws as register_name does.     [any thread]
  void add(std::string_view name, pid process);
  void remove(std::string_view name);
  [[nodiscard]] pid find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all() const;
  /// The process ends: frees its name, if it has one.     [owner of p, its word closed]
  void forget(process_control& p, pid process);
  [[nodiscard]] std::string name_of(pid process) const;

 private:
  [[nodiscard]] bool lives(pid process) const noexcept;

  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };

  const process_table& table_;
  const std::uint32_t node_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, pid, hash, std::equal_to<>> by_name_;
  std::unordered_map<pid, std::string> by_process_;
};

}  // namespace joist::inline v0::core
