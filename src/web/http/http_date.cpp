#include <joist/web/http_date.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "web/http/characters.hpp"

namespace joist::inline v0::web {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes what is expected off the front of a text; once something was not there, it has failed for good.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_{text} {}

  scanner& literal(std::string_view expected) {
    take(rest_.starts_with(expected), expected.size());
    return *this;
  }
  scanner& weekday(bool whole) {
    const auto fits = [&](std::string_view day) { return rest_.starts_with(whole ? day : day.substr(0, 3)); };
    const auto* found = std::find_if(weekdays.begin(), weekdays.end(), fits);
    if (found == weekdays.end()) return take(false, 0), *this;
    return take(true, whole ? found->size() : 3), *this;
  }
  scanner& month(unsigned& into) {
    const auto* found = std::find(months.begin(), months.end(), rest_.substr(0, 3));
    into = static_cast<unsigned>(found - months.begin()) + 1;
    return take(found != months.end(), 3), *this;
  }
  scanner& number(unsigned& into, std::size_t digits, bool blank_first = false) {
    into = 0;
    bool fits = rest_.size() >= digits;
    for (std::size_t i = 0; fits && i < digits; ++i) {
      const bool blank = blank_first && i == 0 && rest_[0] == ' ';
      fits = blank || http::is_digit(rest_[i]);
      into = into * 10 + (blank ? 0 : static_cast<unsigned>(rest_[i] - '0'));
    }
    return take(fits, digits), *this;
  }
  [[nodiscard]] bool is_done() const { return fits_ && rest_.empty(); }

 private:
  void take(bool fits, std::size_t bytes) {
    fits_ = fits_ && fits;
    rest_.remove_prefix(std::min(bytes, rest_.size()));
  }

  std::string_view rest_;
  bool fits_ = true;
};

struct parts {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<sys_seconds> time_of(const parts& p) {
  const year_month_day date{year{static_cast<int>(p.year)}, month{p.month}, day{p.day}};
  if (!date.ok() || p.hour > 23 || p.minute > 59 || p.second > 60) return std::nullopt;  // 60: a leap second
  return sys_days{date} + hours{p.hour} + minutes{p.minute} + seconds{p.second};
}

scanner& clock(scanner& s, parts& p) {
  return s.number(p.hour, 2).literal(":").number(p.minute, 2).literal(":").number(p.second, 2);
}

}  // namespace

std::string format_http_date(sys_seconds time) {
  const sys_days first{year{0} / January / 1};
  const sys_days last{year{9999} / December / 31};
  const sys_days day = std::clamp(floor<days>(time), first, last);
  const hh_mm_ss clock{std::clamp(time - day, seconds{0}, seconds{86399})};
  const year_month_day date{day};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[weekday{day}.c_encoding()].substr(0, 3),
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<sys_seconds> parse_http_date(std::string_view text) {
  parts p;
  scanner now{text};  // Sun, 06 Nov 1994 08:49:37 GMT
  now.weekday(false).literal(", ").number(p.day, 2).literal(" ").month(p.month).literal(" ").number(p.year, 4).literal(" ");
  if (clock(now, p).literal(" GMT").is_done()) return time_of(p);
  scanner rfc850{text};  // Sunday, 06-Nov-94 08:49:37 GMT
  rfc850.weekday(true).literal(", ").number(p.day, 2).literal("-").month(p.month).literal("-").number(p.year, 2).literal(
      " ");
  if (clock(rfc850, p).literal(" GMT").is_done()) {
    p.year += p.year < 70 ? 2000 : 1900;
    return time_of(p);
  }
  scanner asctime{text};  // Sun Nov  6 08:49:37 1994
  asctime.weekday(false).literal(" ").month(p.month).literal(" ").number(p.day, 2, true).literal(" ");
  if (clock(asctime, p).literal(" ").number(p.year, 4).is_done()) return time_of(p);
  return std::nullopt;
}

}  // namespace joist::inline v0::web
