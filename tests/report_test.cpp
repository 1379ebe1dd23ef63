// joist/report.hpp: what is reported, and what a filter makes of it.
#include <joist/otp/gen_server.hpp>
#include <joist/report.hpp>

#include <stdexcept>

#include "support/collected_log.hpp"
#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using support::collected_log;

namespace {

struct vault : gen_server<vault> {
  struct open {};
  void handle_cast(open) { throw std::runtime_error{"wrong code 4711"}; }
  [[nodiscard]] std::string format_status() const { return "code 1234"; }
};

void break_in() {
  const auto server = start<vault>();
  const ref watch = monitor(server.process());
  server.cast(vault::open{});
  (void)support::reason_of({server.process(), watch});
}

// What is logged when a vault is broken into.
std::string logged_with(report_filter filter) {
  const auto log = std::make_shared<collected_log>();
  runtime_options o;
  o.workers = 2;
  o.log = support::sink_of(log);
  o.on_report = std::move(filter);
  runtime rt{o};
  rt.ask(&break_in);
  CHECK(rt.stop(std::chrono::seconds{10}).clean());
  return log->get();
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("report: its text comes first, then a line for each field; a value of several lines stands below its name") {
  report r{report_kind::notice, log_level::info, {}, "something"};
  CHECK(r.to_string() == "something");
  r.add("reason", "why").add("places", "here\nthere");
  CHECK(r.to_string() == "something\n  reason: why\n  places:\n    here\n    there");
  CHECK(*r.find("reason") == "why");
  CHECK(r.find("nothing") == nullptr);
}

TEST_CASE("report: an end without an exception has no place where it was thrown") {
  report r;
  CHECK(r.add_thrown_at(exit_reason::kill).fields.empty());
}

TEST_CASE("report: a filter sees fields before they are text, and what it takes out is nowhere", "[Y05]") {
  const std::string text = logged_with([](report& r) {
    if (r.kind != report_kind::crash) return true;
    if (std::string* state = r.find("state")) *state = "(not shown)";
    *r.find("reason") = "(not shown)";
    return true;
  });
  INFO(text);
  CHECK(contains(text, "ends by a crash\n  reason: (not shown)\n"));
  CHECK(contains(text, "state: (not shown)"));
  CHECK(contains(text, "thrown at:"));
  CHECK_FALSE(contains(text, "1234"));
  CHECK_FALSE(contains(text, "4711"));
}

TEST_CASE("report: what a filter refuses is not logged, and the rest is") {
  const std::string text = logged_with([](report& r) { return r.find("state") == nullptr; });
  CHECK_FALSE(contains(text, "ends by a crash"));  // the server's own
  CHECK(contains(text, "crashed"));                // that of its process
}

TEST_CASE("report: of one whose filter throws the log says which it was, of whom, and why, and nothing of what it said",
          "[Y05]") {
  const std::string text = logged_with([](report&) -> bool { throw std::runtime_error{"no such field"}; });
  INFO(text);
  CHECK(contains(text, "a report (crash, of <"));
  CHECK(contains(text, "on_report threw std::runtime_error: no such field"));
  CHECK_FALSE(contains(text, "4711"));
}

TEST_CASE("report: processes report too, and their words pass the filter") {
  const auto log = std::make_shared<collected_log>();
  runtime_options o;
  o.workers = 1;
  o.log = support::sink_of(log);
  o.log_from = log_level::info;
  o.on_report = [](report& r) {
    r.text += r.process ? ", by a process" : ", by nobody";
    return true;
  };
  runtime rt{o};
  rt.ask([] {
    joist::log(log_level::info, "words");
    joist::log(report{report_kind::notice, log_level::warning, self(), "more"}.add("why", "because"));
    joist::log(report{report_kind::notice, log_level::debug, self(), "too little"});
  });
  CHECK(rt.stop(std::chrono::seconds{10}).clean());
  CHECK(log->get() == "words, by a process\nmore, by a process\n  why: because\n");
}

TEST_CASE("report: each kind has a name") {
  CHECK(to_string(report_kind::notice) == "notice");
  CHECK(to_string(report_kind::crash) == "crash");
  CHECK(to_string(report_kind::supervisor) == "supervisor");
  CHECK(to_string(report_kind::progress) == "progress");
  CHECK(to_string(report_kind::application) == "application");
}
