// web/channels/session.hpp: the channels of one client, whatever it is connected by. It lives in the process of the
// connection; this watches each channel, and each channel this, so that the end of one is a message to the other.
//
//   state      the channel                                        who moves it on
//   joining    runs join(); broadcasts to it wait here            channel_joined, channel_refused, or its end
//   joined     hears and speaks                                   the client: leave, or join again; or its end
//   leaving    was asked to leave                                 its end
//   refused    has refused to be joined                           its end
//   replaced   its client joins again                             its end: then the waiting join begins
//
// Invariants
//   S1  a topic has one place, until its process has ended
//   S2  the client hears of each end of a channel that it had joined once: phx_close or phx_error
#pragma once

#include <joist/monitor.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/socket.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/channels/frames.hpp"

namespace joist::inline v0::web::channels {

/// Who a client is, and that it may come in: throws http_error. Its connection is the caller.     [process]
[[nodiscard]] identity let_in(const std::shared_ptr<const socket_core>& core, const request& in);

/// Where a session's frames go.
class frame_sink {
 public:
  virtual void send(const encoded_frame& f) = 0;

 protected:
  ~frame_sink() = default;
};

class session {
 public:
  /// In the process of client->connection.
  session(std::shared_ptr<const identity> client, frame_sink& out);
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { end(); }

  /// Why a client is to be closed: in a few words, for itself; and for the log.
  struct wrong {
    std::string_view told;
    std::string why;
  };
  /// What the client says.     [process]
  [[nodiscard]] std::optional<wrong> take(bool is_text, std::string_view data);
  /// All of its channels end.     [process]
  void end() noexcept;
  // What other processes say.     [process]
  void take(const outgoing& o);
  void take(channel_joined&& j);
  void take(channel_refused&& r);
  /// True: it was the end of a channel.
  bool take(const down& d);

 private:
  enum class state : std::uint8_t { joining, joined, leaving, refused, replaced };
  /// What few places have.
  struct waiting {
    ref_text ref;  // joining: of the join
    std::vector<encoded> frames;
    std::optional<client_frame> join;   // replaced
    std::optional<client_frame> leave;  // joining: the client has gone on, and is to be answered this, too
  };
  struct place {
    std::string topic;
    ref_text join_ref;
    pid channel;
    joist::ref monitor;
    state is = state::joining;
    std::unique_ptr<waiting> rare;  // while it joins, or is replaced
    // While it joins.
    [[nodiscard]] bool has_left() const noexcept { return rare != nullptr && rare->leave.has_value(); }
    [[nodiscard]] waiting& more() {
      if (rare == nullptr) rare = std::make_unique<waiting>();
      return *rare;
    }
  };

  void take(client_frame&& f);
  void join(client_frame&& f);
  void join_again(place& p, client_frame&& f);
  void leave(place& p, client_frame&& f);
  void pass_on_leave(place& p, client_frame&& f);
  void ended(place&& p, const exit_reason& why);
  template <class Is>
  [[nodiscard]] place* find_if(Is is) noexcept {
    const auto at = std::find_if(places_.begin(), places_.end(), is);
    return at == places_.end() ? nullptr : &*at;
  }
  [[nodiscard]] place* find(std::string_view topic) noexcept {
    return find_if([topic](const place& p) { return p.topic == topic; });
  }
  [[nodiscard]] place* find(pid channel) noexcept {
    return find_if([channel](const place& p) { return p.channel == channel; });
  }
  void answer(const ref_text& join_ref, const ref_text& ref, std::string_view topic, const reply& r);
  void answer_leave(const std::optional<client_frame>& left);
  void tell(const place& p, std::string_view event);

  const std::shared_ptr<const identity> client_;
  std::shared_ptr<burden::total> unhandled_;  // of what it has sent; null: it has sent nothing but heartbeats
  frame_sink& out_;
  std::vector<place, joist::detail::pool_allocator<place>> places_;
};

}  // namespace joist::inline v0::web::channels
