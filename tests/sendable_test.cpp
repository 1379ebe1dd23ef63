// joist/sendable.hpp. What the compiler says of wrong sends: tests/compile_fail.
#include <atomic>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "support/world.hpp"

using namespace joist;

namespace {

struct plain {
  int number;
  std::string text;
  std::vector<std::map<std::string, int>> deep;
  std::optional<int> maybe;
  std::variant<int, std::string> either;
  std::unique_ptr<int> owned;
  std::shared_ptr<const int> shared;
};
struct tree {
  int value;
  std::vector<tree> kids;
};
struct with_array {
  char name[16];
  int number;
};
struct empty_base {};
struct derived : empty_base {
  int number;
};
struct pointer_inside {
  int number;
  const char* text;
};
struct nested {
  std::string fine;
  pointer_inside wrong;
};
struct view_inside {
  std::string_view text;
};
struct mutable_inside {
  std::shared_ptr<int> shared;
};
class closed {
 public:
  explicit closed(int* p) : pointer_{p} {}

 private:
  [[maybe_unused]] int* pointer_;
};
struct vouched {
  int* pointer;
};
struct refused {
  int number;
};

}  // namespace

template <>
struct joist::enable_sendable<vouched> : std::true_type {};
template <>
struct joist::enable_sendable<refused> : std::false_type {};

TEST_CASE("sendable: values that share nothing, looked into member by member") {
  STATIC_REQUIRE(sendable<int>);
  STATIC_REQUIRE(sendable<plain>);
  STATIC_REQUIRE(sendable<tree>);
  STATIC_REQUIRE(sendable<pid>);
  STATIC_REQUIRE(sendable<exit_reason>);
  STATIC_REQUIRE(sendable<void (*)(int)>);
}

TEST_CASE("sendable: refuses pointers, references, views and shared mutable state, wherever they hide") {
  STATIC_REQUIRE_FALSE(sendable<int*>);
  STATIC_REQUIRE_FALSE(sendable<int&>);
  STATIC_REQUIRE_FALSE(sendable<const int>);
  STATIC_REQUIRE_FALSE(sendable<std::string_view>);
  STATIC_REQUIRE_FALSE(sendable<std::span<int>>);
  STATIC_REQUIRE_FALSE(sendable<std::reference_wrapper<int>>);
  STATIC_REQUIRE_FALSE(sendable<std::shared_ptr<int>>);
  STATIC_REQUIRE_FALSE(sendable<std::weak_ptr<int>>);
  STATIC_REQUIRE_FALSE(sendable<pointer_inside>);
  STATIC_REQUIRE_FALSE(sendable<nested>);
  STATIC_REQUIRE_FALSE(sendable<view_inside>);
  STATIC_REQUIRE_FALSE(sendable<mutable_inside>);
  STATIC_REQUIRE_FALSE(sendable<std::vector<int*>>);
  STATIC_REQUIRE_FALSE(sendable<std::optional<view_inside>>);
  STATIC_REQUIRE_FALSE(sendable<std::variant<int, int*>>);
  STATIC_REQUIRE_FALSE(sendable<std::pair<int, std::string_view>>);
  STATIC_REQUIRE_FALSE(sendable<std::array<int*, 2>>);
  STATIC_REQUIRE_FALSE(sendable<std::unique_ptr<pointer_inside>>);
  STATIC_REQUIRE_FALSE(sendable<std::atomic<int>>);
}

TEST_CASE("sendable: classes that encapsulate, aggregates with bases or C arrays, are taken at their word") {
  STATIC_REQUIRE(sendable<closed>);
  STATIC_REQUIRE(sendable<with_array>);
  STATIC_REQUIRE(sendable<derived>);
}

TEST_CASE("sendable: enable_sendable says otherwise, either way") {
  STATIC_REQUIRE(sendable<vouched>);
  STATIC_REQUIRE_FALSE(sendable<refused>);
}
