// tests/support/house_model.hpp: what the life of a supervisor must have been, by the ledger alone. Pure.
//
// A start after those of init belongs to a round of restarts, and each round has a cause: a process that ended by its own,
// for a reason for which its seat is filled again, or a start that failed. The rounds are told apart by their seats:
//
//   one_for_one, dynamic   one start, in the seat of the cause
//   rest_for_one           from the seat of the cause to the last one, in order, or to the first start that fails
//   one_for_all            the same from the first seat
//
// So two things are exact: nothing was started without a cause, and, at the end, no cause is left. For one_for_one that
// says: a seat has had one start more than ends for which it is filled again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

#include "support/ledger.hpp"

namespace support {

/// A seat of one house, and who was the last there.
struct place {
  seat_number seat = 0;
  pid last;  ///< nobody: the last start failed
};

class house_model {
 public:
  /// Throws failed_expectation where the life of this supervisor is none that the rules allow. `delay`: how long after a
  /// round has begun its first start may be.
  house_model(const record& all, pid supervisor, std::chrono::milliseconds delay)
      : all_{all}, me_{supervisor}, delay_{delay} {
    const auto found = all.houses.find(supervisor);
    if (found == all.houses.end()) return;
    of_ = found->second.of.get();
    for (next_ = begin_ = found->second.attempts.data(), end_ = next_ + found->second.attempts.size(); next_ != end_;) {
      if (of_->how != manner::dynamic && places_.size() < of_->seats.size() && rounds_.empty()) {
        take_init();
      } else {
        take_round();
      }
    }
  }

  /// The oldest first.
  [[nodiscard]] std::vector<place> places() const {
    std::vector<place> listed;
    for (const place& p : places_) {
      if (!is_forgotten(p)) listed.push_back(p);
    }
    return listed;
  }
  [[nodiscard]] bool has_ended(const place& p) const { return p.last && all_.ends.contains(p.last); }
  [[nodiscard]] std::size_t rounds() const { return rounds_.size(); }
  /// Something is to be started again.
  [[nodiscard]] bool has_cause() const {
    return std::any_of(places_.begin(), places_.end(), [this](const place& p) { return is_cause(p); });
  }
  /// It has had all the restarts it may have, and then one cause more.
  [[nodiscard]] bool gave_up() const {
    const auto found = all_.ends.find(me_);
    if (of_ == nullptr || found == all_.ends.end() || !has_cause() || rounds_.size() < of_->intensity) return false;
    return of_->intensity == 0 || found->second.when - rounds_[rounds_.size() - of_->intensity] <= of_->period + delay_;
  }
  /// No more restarts within a period than it may have.
  [[nodiscard]] bool kept_its_intensity() const {
    for (std::size_t i = 0; of_ != nullptr && i + of_->intensity < rounds_.size(); ++i) {
      if (rounds_[i + of_->intensity] - rounds_[i] <= of_->period - delay_) return false;
    }
    return true;
  }

 private:
  [[noreturn]] void wrong(std::string_view what) const {
    throw failed_expectation{
        fmt::format("the supervisor {}, start {} of {}: {}{}", me_, next_ - begin_, end_ - begin_, what, story())};
  }
  // All its starts, and how they ended.
  [[nodiscard]] std::string story() const {
    std::string text;
    auto tell_end = [&](pid process) {
      const auto found = all_.ends.find(process);
      if (found == all_.ends.end()) return;
      text += fmt::format(", ended at {} ns: {}", found->second.when.time_since_epoch().count(), found->second.reason);
    };
    for (const attempt* a = begin_; a != end_; ++a) {
      text += fmt::format("\n  {} ns \"{}\" {}", a->when.time_since_epoch().count(), all_.seats[a->seat].id, a->process);
      tell_end(a->process);
    }
    text += "\n  itself";
    tell_end(me_);
    return text;
  }
  void require(bool ok, std::string_view what) const {
    if (!ok) wrong(what);
  }
  [[nodiscard]] const seat& seat_of(const place& p) const { return all_.seats[p.seat]; }
  [[nodiscard]] bool is_temporary(const place& p) const { return seat_of(p).restart == restart_type::temporary; }

  [[nodiscard]] bool is_cause(const place& p) const {
    if (!p.last) return true;
    const auto found = all_.ends.find(p.last);
    if (found == all_.ends.end()) return false;
    const exit_reason& why = found->second.reason;
    switch (seat_of(p).restart) {
      case restart_type::permanent: return ended_by_its_own(p, why);
      case restart_type::transient: return !why.is_orderly() && ended_by_its_own(p, why);
      case restart_type::temporary: return false;
    }
    return false;
  }
  // A plain `shutdown` comes from the supervisor, but for one that gives up, and for one in the registry, which may get it
  // from there.
  [[nodiscard]] bool ended_by_its_own(const place& p, const exit_reason& why) const {
    if (why != exit_reason::shutdown || seat_of(p).key >= 0) return true;
    return seat_of(p).is_supervisor && (seat_of(p).supervises == nullptr || house_model{all_, p.last, delay_}.gave_up());
  }
  // One that has ended for good.
  [[nodiscard]] bool is_forgotten(const place& p) const {
    const bool goes = is_temporary(p) || of_->how == manner::dynamic;
    return goes && has_ended(p) && !is_cause(p);
  }

  void take_init() {
    require(next_->seat == of_->seats[places_.size()], "the children of init start in their order");
    if (!next_->process) require(next_ + 1 == end_, "a start of init that fails is the last of all");
    places_.push_back({next_->seat, next_->process});
    ++next_;
  }

  void take_round() {
    const auto at = std::find_if(places_.begin(), places_.end(), [this](const place& p) { return p.seat == next_->seat; });
    if (at == places_.end()) return take_new_child();
    rounds_.push_back(next_->when);
    switch (of_->how) {
      case manner::one_for_one:
      case manner::dynamic: require(is_cause(*at), "a child is started again for a cause"); return start(*at);
      case manner::rest_for_one: require(is_cause(*at), "a child is started again for a cause"); return take_rest(at);
      case manner::one_for_all: require(has_cause(), "all are started again for a cause"); return take_rest(places_.begin());
    }
  }
  void take_new_child() {
    require(of_->how == manner::dynamic, "only what is in the seats of init is started");
    if (next_->process) places_.push_back({next_->seat, next_->process});
    ++next_;
  }
  void take_rest(std::vector<place>::iterator from) {
    for (auto p = from; p != places_.end(); ++p) require(!p->last || has_ended(*p), "who is replaced has ended");
    const auto first = from - places_.begin();
    places_.erase(std::remove_if(from, places_.end(), [this](const place& p) { return is_temporary(p); }), places_.end());
    for (auto p = places_.begin() + first; p != places_.end(); ++p) {
      if (next_ == end_) return require(all_.ends.contains(me_), "only its own end keeps a supervisor from going on");
      start(*p);
      if (!p->last) return;
    }
  }
  void start(place& p) {
    require(!p.last || has_ended(p), "who is replaced has ended");
    require(p.seat == next_->seat, "those of a round are started in their order, all of them");
    p.last = (next_++)->process;
  }

  const record& all_;
  const pid me_;
  const std::chrono::milliseconds delay_;
  const plan* of_ = nullptr;
  const attempt* begin_ = nullptr;
  const attempt* next_ = nullptr;
  const attempt* end_ = nullptr;
  std::vector<place> places_;
  std::vector<joist::clock::time_point> rounds_;
};

}  // namespace support
