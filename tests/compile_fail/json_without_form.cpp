// expect: joist: a type has no form in JSON: it is named beside no_json<...>
// expect: no_json<(struct )?(std::)?(chrono::)?(_V2::)?.*time_point
// expect: joist: a json_format<T> says how its type is read: add a public `static joist::result<T, std::string> read
#include <joist/web/json.hpp>

#include <chrono>

struct meeting {
  std::string about;
  std::chrono::system_clock::time_point begin;
};
struct half {
  int number;
};
template <>
struct joist::web::json_format<half> {
  static json_value write(const half& h) { return h.number; }
};

void wrong() {
  (void)joist::web::to_json(meeting{});
  (void)joist::web::from_json<half>("1");
}
