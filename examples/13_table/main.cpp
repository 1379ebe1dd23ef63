// A table: entries that many processes read and change without asking anybody. A rate limiter that each request asks by
// itself, and a cache whose entries an heir receives when the owner crashes.
#include <joist/joist.hpp>
#include <joist/otp/table.hpp>

#include <algorithm>

using namespace std::chrono_literals;

// [snippet: limiter]
struct bucket {
  int left = 3;
  joist::clock::time_point since{};
};
using buckets = joist::table<std::string, bucket>;

// Three requests in a minute; any process may ask.
bool allows(const buckets& table, const std::string& client) {
  const auto now = joist::clock::now();
  return *table.update(client, bucket{3, now}, [now](bucket& b) {
    if (now - b.since >= 1min) b = bucket{3, now};
    return b.left-- > 0;
  });
}
// [end]

using cache = joist::ordered_table<int, std::string>;

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        {
          // [snippet: use]
          const auto table = buckets::create({.name = "limits", .access = joist::table_access::public_});
          for (int request = 1; request <= 4; ++request) {
            const auto done = joist::spawn_monitor([request] {
              const auto limits = buckets::find("limits");
              fmt::print("request {}: {}\n", request, allows(*limits, "anna") ? "served" : "too many");
            });
            joist::receive<joist::down>([&](const joist::down& d) { return d.monitor == done.monitor; });
          }
          fmt::print("left for anna: {}\n",
                     table.lookup("anna", [](const bucket& b) { return std::max(b.left, 0); }).value());
          // [end]
        }
        {
          // [snippet: heir]
          const joist::pid keeper = joist::self();
          joist::spawn([keeper] {
            const auto table = cache::create({.name = "pages"});
            table.set_heir(keeper, std::string{"yours"});
            for (int page = 1; page <= 5; ++page) table.insert(page, fmt::format("page {}", page));
            throw std::runtime_error{"the cache crashes"};
          });
          const auto given = joist::receive<joist::table_transfer<cache, std::string>>();
          fmt::print("{}: {} entries, the first is {}\n", given.data, given.table.size(), given.table.first().value());
          given.table.select_delete([](int page, const std::string&) { return page < 4; });
          given.table.for_each([](int page, const std::string& text) { fmt::print("{}: {}\n", page, text); });
          // [end]
          given.table.delete_table();
          fmt::print("found: {}\n", cache::find("pages").has_value());
        }
      },
      options);
}

// Output:
// request 1: served
// request 2: served
// request 3: served
// request 4: too many
// left for anna: 0
// yours: 5 entries, the first is 1
// 4: page 4
// 5: page 5
// found: false
