#include <joist/detail/statem.hpp>
#include <joist/timer.hpp>

#include <algorithm>
#include <deque>
#include <iterator>

namespace joist::inline v0::detail {
namespace {

using timeouts = std::vector<running_timeout>;

void cancel(timeouts& all, timeouts::iterator one) {
  if (one == all.end()) return;
  if (one->timer) cancel_timer(*one->timer);  // what is in the mailbox already finds no timeout of its number
  all.erase(one);
}

timeouts::iterator find(timeouts& all, const timeout_name& name) {
  return std::find_if(all.begin(), all.end(), [&name](const running_timeout& t) { return t.name == name; });
}

void start(statem_control& m, timeout_order&& order) {
  cancel(m.timeouts, find(m.timeouts, order.name));
  if (order.when.is_never()) return;
  const std::uint64_t serial = ++m.serials;
  std::optional<ref> timer;
  if (!order.when.is_zero()) timer = start_message_timer(order.when, self(), m.make_due(serial));
  m.timeouts.push_back({std::move(order.name), serial, timer, *std::move(order.event)});
}

void obey(statem_control& m, timeout_order&& order) {
  using action = timeout_order::action;
  const auto one = find(m.timeouts, order.name);
  if (order.what == action::cancel) {
    cancel(m.timeouts, one);
  } else if (order.what == action::update && one != m.timeouts.end()) {
    one->event = *std::move(order.event);
  } else {
    if (order.what == action::update) order.when = std::chrono::seconds{0};
    start(m, std::move(order));
  }
}

void to_the_head(std::deque<any_message>& queue, std::vector<any_message>& messages) {
  queue.insert(queue.begin(), std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end()));
  messages.clear();
}

}  // namespace

std::string timeout_name::to_string() const {
  switch (kind) {
    case timeout_kind::event: return "event";
    case timeout_kind::state: return "state";
    case timeout_kind::named: break;
  }
  return type != nullptr ? type_name(*type) : fmt::format("\"{}\"", name);
}

void refuse_in_enter(const statem_control& m, const char* what) {
  if (m.in_enter) {
    throw error{errc::bad_argument,
                fmt::format("{}: expected a handler of an event, this is handle_enter, which neither changes the state nor "
                            "inserts events: use a timeout of 0",
                            what)};
  }
}

void check_postpone(const statem_control& m) {
  if (m.in_enter || !m.in_event) {
    throw error{errc::bad_argument, fmt::format("postpone: expected a handler of an event, in {} there is none",
                                                m.in_enter ? "handle_enter" : "a constructor, or in handle_hibernate,")};
  }
}

void settle(statem_control& m, server_control& c, any_message* event, bool changed) {
  if (std::exchange(m.postpones, false)) m.postponed.push_back(std::move(*event));
  if (changed) {
    to_the_head(c.continuations(), m.postponed);
    cancel(m.timeouts, find(m.timeouts, {timeout_kind::state}));
  }
  if (event != nullptr) cancel(m.timeouts, find(m.timeouts, {timeout_kind::event}));
  for (timeout_order& order : m.orders) obey(m, std::move(order));
  m.orders.clear();
  to_the_head(c.continuations(), m.inserted);
  if (c.has_continuation()) return;
  const auto of_zero = std::find_if(m.timeouts.begin(), m.timeouts.end(), [](const running_timeout& t) { return !t.timer; });
  if (of_zero == m.timeouts.end()) return;
  c.continuations().push_back(std::move(of_zero->event));
  m.timeouts.erase(of_zero);
}

std::optional<any_message> take_due(statem_control& m, std::uint64_t serial) {
  const auto one =
      std::find_if(m.timeouts.begin(), m.timeouts.end(), [serial](const running_timeout& t) { return t.serial == serial; });
  if (one == m.timeouts.end()) return std::nullopt;
  std::optional<any_message> event = std::move(one->event);
  m.timeouts.erase(one);
  return event;
}

std::string describe_machine(const statem_control& m, std::string state, const std::string& data) {
  if (!data.empty()) state += ": " + data;
  if (!m.postponed.empty()) state += fmt::format("; {} postponed", m.postponed.size());
  for (const running_timeout& t : m.timeouts)
    state += (&t == &m.timeouts.front() ? "; timeouts: " : ", ") + t.name.to_string();
  return state;
}

void no_handler(const char* handler, const std::type_info& event, std::string_view where) {
  throw error{
      errc::bad_argument,
      fmt::format("expected a {} that takes {}{}, there is none: add one for this state, or one without a state for all",
                  handler, type_name(event), where)};
}

}  // namespace joist::inline v0::detail
