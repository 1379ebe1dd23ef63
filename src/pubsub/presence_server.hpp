// pubsub/presence_server.hpp: the process that watches who is tracked, and keeps nodes of one mind.
//
// Each node tells all others what it has changed, every period, and its clock with it: where nothing has changed, when it
// has been silent for long. Who sees by the clock that it lacks something asks that node, and gets the rest from it. Nobody
// tells of a third: so what a node lists of another is what that one has said of itself.
//
//   heard of                 a heartbeat; the first one is answered by another soon
//   down                     no heartbeat for down_after
//   gone                     for forget_after, or it has taken its leave, or another incarnation of its name is heard of
//
// Its own memory is monitors and times: after a crash the next one watches all anew, and gives each node its time again.
#pragma once

#include <joist/clock.hpp>
#include <joist/joist.hpp>
#include <joist/otp/gen_server.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pubsub/presence_core.hpp"
#include "pubsub/presence_wire.hpp"

namespace joist::inline v0::detail {

using presence_packet_ptr = std::shared_ptr<const presence_packet>;

class presence_server : public gen_server<presence_server> {
 public:
  using info_types = joist::type_list<presence_wake, presence_packet_ptr>;
  struct tick {};

  explicit presence_server(std::shared_ptr<presence_core> core);
  void handle_info(presence_wake);
  void handle_info(const down& d);
  void handle_info(const exited&) {}  // by hand, of a stranger: it is linked to its parent alone
  void handle_info(const presence_packet_ptr& packet);
  void handle_info(tick);
  void terminate(const exit_reason& reason);

 private:
  void watch(pid process, bool is_tracked);
  void tell_changes();
  [[nodiscard]] bool tell_all(std::vector<presence_part> pieces, std::uint64_t clock) const;
  [[nodiscard]] bool tell_all(presence_packet p) const;
  void tell(const std::string& node, presence_packet p) const;
  [[nodiscard]] presence_packet packet(presence_packet::kind what) const;
  void look_for_the_silent();
  void hear(const presence_packet& heartbeat);
  void answer(const presence_packet& request) const;
  template <class F>
  void change_node(const std::string& name, std::string_view status, F f);

  const std::shared_ptr<presence_core> core_;
  const replica_id own_;
  std::unordered_map<pid, ref> watched_;
  std::map<std::string, clock::time_point> heard_;  // when last, of the known nodes
  std::uint32_t silent_;                            // for so many periods
};

}  // namespace joist::inline v0::detail
