#include <joist/web/metrics.hpp>

#include <joist/error.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/exposition.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::web::metrics;

TEST_CASE("metrics: the text is that of the format 0.0.4, line by line") {
  metrics all;
  all.counter("requests_total", "Requests,\nof all \\ kinds.", {.labels = {"method", "path"}})
      .with("GET", "C:\\DIR\\\n\"x\"")
      .add(1027);
  all.gauge("temperature", "Now.")->set(-3.5);
  const auto limits = all.gauge("limits", "Odd ones.", {.labels = {"which"}});
  limits.with("none").set(std::numeric_limits<double>::quiet_NaN());
  limits.with("most").set(HUGE_VAL);
  limits.with("least").set(-HUGE_VAL);
  limits.with("").set(1e300);
  const auto took = all.histogram("took_seconds", "How long.", {.labels = {"route"}, .buckets = {0.0005, 1, 10}});
  for (const auto each : {0.0005, 0.25, 2.0}) took.with("/").observe(each);
  took.with("/").observe(11s);
  CHECK(all.text() ==
        "# HELP requests_total Requests,\\nof all \\\\ kinds.\n"
        "# TYPE requests_total counter\n"
        "requests_total{method=\"GET\",path=\"C:\\\\DIR\\\\\\n\\\"x\\\"\"} 1027\n"
        "# HELP temperature Now.\n"
        "# TYPE temperature gauge\n"
        "temperature -3.5\n"
        "# HELP limits Odd ones.\n"
        "# TYPE limits gauge\n"
        "limits{which=\"none\"} NaN\n"
        "limits{which=\"most\"} +Inf\n"
        "limits{which=\"least\"} -Inf\n"
        "limits{which=\"\"} 1e+300\n"
        "# HELP took_seconds How long.\n"
        "# TYPE took_seconds histogram\n"
        "took_seconds_bucket{route=\"/\",le=\"0.0005\"} 1\n"
        "took_seconds_bucket{route=\"/\",le=\"1\"} 2\n"
        "took_seconds_bucket{route=\"/\",le=\"10\"} 3\n"
        "took_seconds_bucket{route=\"/\",le=\"+Inf\"} 4\n"
        "took_seconds_sum{route=\"/\"} 13.2505\n"
        "took_seconds_count{route=\"/\"} 4\n");
  const exposition read{all.text()};
  CHECK(read.value("requests_total", {{"method", "GET"}, {"path", "C:\\DIR\\\n\"x\""}}) == 1027);
}

TEST_CASE("metrics: a family without labels is shown before it has counted; one with labels has no series then") {
  metrics all;
  (void)all.counter("some_total", "Some.");
  (void)all.counter("others_total", "Others.", {.labels = {"kind"}});
  const exposition read{all.text()};
  CHECK(read.value("some_total") == 0);
  CHECK(read.of("others_total").samples.empty());
}

TEST_CASE("metrics: what is beyond most_series, too long or no UTF-8 is counted as other, and by nothing else") {
  metrics all;
  const auto visits = all.counter("visits_total", "Visits.", {.labels = {"who", "from"}, .most_series = 3});
  for (int i = 0; i < 100; ++i) visits.with("visitor " + std::to_string(i), "here").add();
  visits.with("other", "other").add();
  visits.with("visitor 2", "here").add(10);
  const auto size_then = all.text().size();
  for (int i = 0; i < 10'000; ++i) visits.with(std::to_string(i), std::string(200, 'x')).add(0);
  CHECK(all.text().size() == size_then);
  const exposition read{all.text()};
  CHECK(read.of("visits_total").samples.size() == 4);
  CHECK(read.value("visits_total", {{"who", "visitor 2"}, {"from", "here"}}) == 11);
  CHECK(read.value("visits_total", {{"who", "other"}, {"from", "other"}}) == 98);

  const auto odd = all.counter("odd_total", "Odd.", {.labels = {"what"}});
  odd.with(std::string(129, 'x')).add();
  odd.with("\xff").add();
  odd.with(std::string(128, 'x')).add();
  const exposition again{all.text()};
  CHECK(again.value("odd_total", {{"what", "other"}}) == 2);
  CHECK(again.of("odd_total").samples.size() == 2);
}

TEST_CASE("metrics: a family is declared once by name: the same again is the same, another is refused") {
  metrics all;
  const auto refused = [](auto declare) { return refuses(joist::errc::bad_argument, declare); };
  all.counter("a_total", "A.", {.labels = {"x"}}).with("1").add();
  all.counter("a_total", "A.", {.labels = {"x"}}).with("1").add();
  CHECK(exposition{all.text()}.value("a_total", {{"x", "1"}}) == 2);
  CHECK(refused([&] { (void)all.counter("a_total", "A.", {.labels = {"y"}}); }));
  CHECK(refused([&] { (void)all.gauge("a_total", "A.", {.labels = {"x"}}); }));
  CHECK(refused([&] { (void)all.external_counter("a_total", "A.", {.labels = {"x"}}); }));
  (void)all.histogram("h", "H.");
  CHECK(refused([&] { (void)all.counter("h_count", "Looks like it."); }));
  CHECK(refused([&] { (void)all.histogram("h", "H.", {.buckets = {1}}); }));
  for (const char* name : {"", "9lives", "a-b", "a b", "\xc3\xa4"}) CHECK(refused([&] { (void)all.counter(name, ""); }));
  for (const char* label : {"", "__x", "a:b", "9"}) CHECK(refused([&] { (void)all.counter("b", "", {.labels = {label}}); }));
  CHECK(refused([&] { (void)all.counter("b", "", {.labels = {"x", "x"}}); }));
  CHECK(refused([&] { (void)all.histogram("b", "", {.labels = {"le"}}); }));
  for (const std::vector<double>& bounds : {std::vector<double>{2, 1}, {1, 1}, {1, HUGE_VAL}, {NAN}})
    CHECK(refused([&] { (void)all.histogram("b", "", {.buckets = bounds}); }));
  CHECK(refused([&] { (void)all.counter("b", "", {.labels = {"x"}, .most_series = 0}); }));
  const auto labelled = all.counter("c_total", "", {.labels = {"x"}});
  CHECK(refused([&] { labelled.with("1", "2").add(); }));
  CHECK(refused([&] { labelled->add(); }));
  CHECK_FALSE(exposition{all.text()}.has("b"));
}

TEST_CASE("metrics: copies are the same, and a family outlives the metrics it was declared in") {
  auto all = std::make_unique<metrics>();
  const metrics copy = *all;
  const auto some = all->counter("some_total", "Some.");
  some->add();
  CHECK(copy.text() == all->text());
  all.reset();
  some->add();
  CHECK(exposition{copy.text()}.value("some_total") == 2);
}

TEST_CASE("metrics: threads that count, make series and read at once lose nothing") {
  metrics all;
  constexpr int threads = 4;
  const int rounds = checked_build ? 2'000 : 20'000;
  const auto counted = all.counter("counted_total", "Counted.", {.labels = {"by"}, .most_series = 8});
  const auto level = all.gauge("level", "Level.");
  const auto took = all.histogram("took", "Took.", {.buckets = {1, 2, 3}});
  std::vector<std::thread> busy;
  for (int t = 0; t < threads; ++t) {
    busy.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        counted.with(std::to_string((i + t) % 20)).add();
        level->add(1);
        took->observe(i % 5);
      }
    });
  }
  for (int i = 0; i < 50; ++i) CHECK_NOTHROW(exposition{all.text()});
  for (auto& t : busy) t.join();
  const exposition read{all.text()};
  double sum = 0;
  for (const auto& s : read.of("counted_total").samples) sum += s.value;
  CHECK(sum == threads * rounds);
  CHECK(read.of("counted_total").samples.size() == 9);
  CHECK(read.value("level") == threads * rounds);
  CHECK(read.value("took_count") == threads * rounds);
  CHECK(read.value("took_sum") == threads * rounds * 2);
  CHECK(read.value("took_bucket", {{"le", "1"}}) == threads * rounds * 2 / 5);
}

TEST_CASE("metrics: a function of before_page that fails is logged, and not called again; others are") {
  const auto log = std::make_shared<collected_log>();
  joist::runtime_options options = quiet();
  options.log = sink_of(log);
  joist::runtime rt{options};
  metrics all;
  rt.ask(
      [all]() mutable {
        const auto good = all.gauge("good", "Times.");
        const auto bad = all.gauge("bad", "Times.");
        all.before_page([bad] {
          bad->add(1);
          throw std::runtime_error{"no sensor"};
        });
        all.before_page([good] { good->add(1); });
        for (int i = 0; i < 3; ++i) all.measure();
      },
      20s);
  const exposition read{all.text()};
  CHECK(read.value("good") == 3);
  CHECK(read.value("bad") == 1);
  CHECK(log->get().find("no sensor") != std::string::npos);
  CHECK(rt.stop(20s).clean());
}

TEST_CASE("metrics: families are captured and counted by processes") {
  on_workers(
      [] {
        metrics all;
        const auto done = all.counter("done_total", "Done.");
        std::vector<joist::monitored> workers;
        for (int i = 0; i < 20; ++i) workers.push_back(joist::spawn_monitor([done] { done->add(); }));
        for (const auto& w : workers) EXPECT(reason_of(w) == joist::exit_reason::normal);
        EXPECT(done->value() == 20);
      },
      3);
}
