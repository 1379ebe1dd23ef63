// Exit reasons: joist/exit_reason.hpp. The ids are those of docs/semantics.md.
#include <fmt/format.h>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;
using kind = exit_reason::kind;

namespace {

struct plain {
  int a;
  friend bool operator==(const plain&, const plain&) = default;
};

}  // namespace

TEST_CASE("exit_reason: a default one is normal, and only normal and shutdown are orderly", "[L18]") {
  CHECK(exit_reason{} == exit_reason::normal);
  CHECK(exit_reason::normal.is_orderly());
  CHECK(exit_reason::shutdown.is_orderly());
  CHECK(exit_reason::shutdown_with(3).is_orderly());
  for (const auto& r : {exit_reason::kill, exit_reason::killed, exit_reason::noproc, exit_reason::noconnection,
                        exit_reason::timeout, exit_reason::of(1), exit_reason::error({"t", "w", {}})}) {
    CHECK_FALSE(r.is_orderly());
  }
}

TEST_CASE("exit_reason: two are equal when their kinds and values are", "[L17]") {
  CHECK(exit_reason::of(1) == exit_reason::of(1));
  CHECK_FALSE(exit_reason::of(1) == exit_reason::of(2));
  CHECK_FALSE(exit_reason::of(1) == exit_reason::of(1L));
  CHECK_FALSE(exit_reason::of(1) == exit_reason::shutdown_with(1));
  CHECK_FALSE(exit_reason::shutdown == exit_reason::shutdown_with(1));
  CHECK_FALSE(exit_reason::kill == exit_reason::killed);
  CHECK(exit_reason::of("text") == exit_reason::of(std::string{"text"}));
  CHECK(exit_reason::of(std::string_view{"text"}) == exit_reason::of("text"));
  CHECK(exit_reason::of(plain{1}) == exit_reason::of(plain{1}));
  CHECK(exit_reason::error({"t", "w", {}}) == exit_reason::error({"t", "w", {nullptr}}));
  CHECK_FALSE(exit_reason::error({"t", "w", {}}) == exit_reason::error({"t", "v", {}}));
  CHECK_FALSE(exit_reason::error({"t", "w", {}}) == exit_reason::of(error_info{"t", "w", {}}));
}

TEST_CASE("exit_reason: value gives back what was given, as its own type only", "[L17]") {
  const auto number = exit_reason::of(42);
  REQUIRE(number.value<int>() != nullptr);
  CHECK(*number.value<int>() == 42);
  CHECK(number.value<long>() == nullptr);
  CHECK(number.error() == nullptr);
  CHECK(number.which() == kind::other);
  const exit_reason copy = number;
  CHECK(copy.value<int>() == number.value<int>());  // shared
  const auto detail = exit_reason::shutdown_with(std::string{"update"});
  CHECK(*detail.value<std::string>() == "update");
  CHECK(detail.which() == kind::shutdown);
  CHECK(exit_reason::normal.value<int>() == nullptr);
}

TEST_CASE("exit_reason: an error gives its error_info by error(), not as a value of the user's", "[L18]") {
  const auto failed = exit_reason::error({"type", "what", {}});
  REQUIRE(failed.error() != nullptr);
  CHECK(failed.error()->type == "type");
  CHECK(failed.error()->what == "what");
  CHECK(failed.which() == kind::error);
  CHECK(failed.value<error_info>() == nullptr);
  exit_reason moved = failed;
  const exit_reason taken = std::move(moved);
  CHECK(taken.error() == failed.error());
}

TEST_CASE("exit_reason: prints its kind and its value", "[L18]") {
  CHECK(exit_reason::normal.to_string() == "normal");
  CHECK(exit_reason::killed.to_string() == "killed");
  CHECK(exit_reason::noproc.to_string() == "noproc");
  CHECK(exit_reason::timeout.to_string() == "timeout");
  CHECK(exit_reason::of(5).to_string() == "5");
  CHECK(exit_reason::of("five").to_string() == "five");
  CHECK(exit_reason::shutdown_with(5).to_string() == "shutdown (5)");
  CHECK(exit_reason::error({"std::runtime_error", "no", {}}).to_string() == "error (std::runtime_error: no)");
  CHECK(exit_reason::error({"std::runtime_error", "", {}}).to_string() == "error (std::runtime_error)");
  CHECK(exit_reason::of(plain{1}).to_string().find("plain") != std::string::npos);
  CHECK(fmt::format("{}", exit_reason::shutdown) == "shutdown");
}

TEST_CASE("exit_reason: a large one is shared, not copied, on its way along a chain", "[L17]") {
  support::everywhere([] {
    const auto reason = exit_reason::of(std::vector<int>(10000, 1));
    trap_exit(true);
    const auto last = spawn_link([reason] {
      (void)spawn_link([reason] { joist::exit(reason); });
      support::wait_for_ever();
    });
    const exited message = receive<exited>();
    EXPECT(message.process == last);
    EXPECT(message.reason.value<std::vector<int>>() == reason.value<std::vector<int>>());
  });
}

TEST_CASE("exit_reason: symbolize names the function that threw", "[L18]") {
  CHECK(symbolize({}).empty());
  CHECK(symbolize({nullptr}).size() == 1);
}
