// pubsub/presence_teller.hpp: the process that tells subscribers of this node who has come and gone. It may take its time:
// what changes meanwhile goes into the next diffs.
#pragma once

#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>

#include <memory>
#include <string_view>

#include "pubsub/presence_core.hpp"

namespace joist::inline v0::detail {

/// With what the options' fetch adds; they share what is the same. What fetch throws is thrown.
[[nodiscard]] presence_list fetched(const presence_options& options, std::string_view topic, const presence_list& list);

class presence_teller : public gen_server<presence_teller> {
 public:
  using info_types = joist::type_list<presence_wake>;

  explicit presence_teller(std::shared_ptr<presence_core> core);
  void handle_info(presence_wake);

 private:
  [[nodiscard]] presence_diff_ptr extended(const presence_diff_ptr& diff) const;

  const std::shared_ptr<presence_core> core_;
};

}  // namespace joist::inline v0::detail
