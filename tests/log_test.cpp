// joist/log.hpp: what is said, and where it goes.
#include <mutex>
#include <stdexcept>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

struct collected {
  std::mutex mutex;
  std::string text;
};

runtime_options logging_to(const std::shared_ptr<collected>& to) {
  runtime_options options;
  options.workers = 2;
  options.log = [to](log_level, std::string_view text) {
    const std::scoped_lock lock{to->mutex};
    to->text += text;
  };
  return options;
}

}  // namespace

TEST_CASE(
    "log: an abnormal end is reported with label, pid, reason, parent, queue length, links and the place of the throw") {
  const auto log = std::make_shared<collected>();
  pid child;
  pid asker;
  {
    runtime rt{logging_to(log)};
    rt.ask([&] {
      asker = self();
      trap_exit(true);
      child = spawn_link({.label = "printer"}, [] {
        receive<support::go>();
        throw std::runtime_error{"out of paper"};
      });
      send(child, 1);
      send(child, 2);
      send(child, support::go{});
      receive<exited>();
    });
  }
  for (const std::string& part :
       {fmt::format("process {} crashed", child), std::string{"label: printer"},
        std::string{"std::runtime_error: out of paper"}, fmt::format("parent: {}", asker),
        std::string{"message queue length: 2"}, fmt::format("links: {}", asker), std::string{"thrown at:"}}) {
    INFO(log->text);
    CHECK(log->text.find(part) != std::string::npos);
  }
}

TEST_CASE("log: what is less severe than log_from is not logged, and logs() says so; a silent sink is told nothing") {
  const auto log = std::make_shared<collected>();
  {
    runtime_options options = logging_to(log);
    options.log_from = log_level::warning;
    runtime rt{options};
    rt.ask([] {
      joist::log(log_level::info, "too little");
      joist::log(log_level::warning, "enough");
      EXPECT(!logs(log_level::info) && logs(log_level::warning) && logs(log_level::error));
    });
  }
  CHECK(log->text == "enough");
  runtime silent{support::quiet(1)};
  CHECK_FALSE(silent.ask([] { return logs(log_level::error); }));
}

TEST_CASE("log: orderly ends are silent") {
  const auto log = std::make_shared<collected>();
  {
    runtime rt{logging_to(log)};
    rt.ask([] {
      (void)support::reason_after([] {});
      (void)support::reason_after([] { joist::exit(exit_reason::shutdown_with(1)); });
    });
  }
  CHECK(log->text.empty());
}

TEST_CASE("log: a sink that throws loses its line and nothing else") {
  runtime_options options;
  options.workers = 2;
  options.log = [](log_level, std::string_view) { throw std::runtime_error{"full"}; };
  runtime rt{options};
  rt.ask([] { EXPECT(support::reason_after([] { throw 1; }).error()->type == "int"); });
}

TEST_CASE("log: a process may say something through its runtime") {
  const auto log = std::make_shared<collected>();
  runtime rt{logging_to(log)};
  rt.ask([] { joist::log(log_level::info, "two\nlines"); });
  CHECK(rt.stop(std::chrono::seconds{10}).clean());
  CHECK(log->text == "two\nlines");
}

TEST_CASE("log: on a thread of no runtime nobody hears it, and nothing is thrown") {
  log(log_level::error, "into the wind");
  log(report{report_kind::notice, log_level::error, {}, "as well"});
  CHECK(!logs(log_level::error));
}
