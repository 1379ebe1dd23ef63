#include "web/http/date_now.hpp"

#include <joist/web/http_date.hpp>

#include <algorithm>
#include <ctime>

namespace joist::inline v0::web::http {
namespace {

struct made_date {
  std::time_t second = -1;
  date_text text{};
};
thread_local made_date last;

}  // namespace

// noinline, and the barrier: a process may go on with another thread after it, whose `last` is elsewhere.
[[gnu::noinline]] date_text date_now() {
  asm volatile("");
  const std::time_t second = std::time(nullptr);
  if (last.second != second) {
    const std::string text = format_http_date(std::chrono::sys_seconds{std::chrono::seconds{second}});
    std::copy_n(text.begin(), std::min(text.size(), last.text.size()), last.text.begin());
    last.second = second;
  }
  return last.text;
}

}  // namespace joist::inline v0::web::http
