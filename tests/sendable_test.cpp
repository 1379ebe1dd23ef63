// joist/sendable.hpp. What the compiler says of wrong sends: tests/compile_fail.
#include <any>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <queue>
#include <span>
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
struct bit_fields {
  unsigned urgent : 1;
  unsigned kind : 5;
};
struct pointer_beside_bit_fields {
  unsigned urgent : 1;
  unsigned kind : 5;
  int* pointer;
};
struct array_of_pointers {
  int number;
  const char* texts[2];
};
struct reference_inside {
  int& number;
};
struct const_view_inside {
  const std::string_view text;
  int number;
};
struct without_default {
  explicit without_default(int) {}
};
struct pointer_after_without_default {
  without_default first;
  int* pointer;
};
struct const_member {
  const int number;
  std::unique_ptr<int> owned;
};
struct atomic_inside {
  int number;
  std::atomic<int> count;
};
struct unknown;
struct hidden {
  std::unique_ptr<unknown, void (*)(unknown*)> inside;
};
struct large_buffer {
  char bytes[4096];
};
struct derived_pointer : pointer_inside {
  int more;
};
struct pointer_after_any {
  std::optional<std::any> first;
  int* pointer;
};
struct loop_b;
struct loop_a {
  std::vector<loop_b> bs;
};
struct loop_b {
  std::unique_ptr<loop_a> a;
  int* pointer;
};
struct own_view : std::ranges::view_base {
  int* first;
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
  STATIC_REQUIRE(sendable<bit_fields>);
  STATIC_REQUIRE(sendable<std::array<int, 100'000>>);
  STATIC_REQUIRE(sendable<const_member>);
  STATIC_REQUIRE(sendable<hidden>);
  STATIC_REQUIRE(sendable<std::queue<std::string>>);
  STATIC_REQUIRE(sendable<std::map<std::unique_ptr<int>, int>>);
}

TEST_CASE("sendable: refuses pointers, references, views and shared mutable state, wherever they hide") {
  STATIC_REQUIRE_FALSE(sendable<int*>);
  STATIC_REQUIRE_FALSE(sendable<int&>);
  STATIC_REQUIRE_FALSE(sendable<const int>);
  STATIC_REQUIRE_FALSE(sendable<void>);
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
  STATIC_REQUIRE_FALSE(sendable<std::unique_ptr<int*[]>>);
  STATIC_REQUIRE_FALSE(sendable<std::queue<int*>>);
  STATIC_REQUIRE_FALSE(sendable<std::map<int*, int>>);
  STATIC_REQUIRE_FALSE(sendable<std::initializer_list<int>>);
  STATIC_REQUIRE_FALSE(sendable<own_view>);
}

TEST_CASE("sendable: no kind of member hides a pointer: const, references, bit-fields, C arrays, no default") {
  STATIC_REQUIRE_FALSE(sendable<const_view_inside>);
  STATIC_REQUIRE_FALSE(sendable<reference_inside>);
  STATIC_REQUIRE_FALSE(sendable<pointer_beside_bit_fields>);
  STATIC_REQUIRE_FALSE(sendable<array_of_pointers>);
  STATIC_REQUIRE_FALSE(sendable<pointer_after_without_default>);
  STATIC_REQUIRE_FALSE(sendable<pointer_after_any>);
}

TEST_CASE("sendable: types that contain each other are looked into once, and a pointer among them is found") {
  STATIC_REQUIRE(sendable<tree>);
  STATIC_REQUIRE_FALSE(sendable<loop_a>);
  STATIC_REQUIRE_FALSE(sendable<loop_b>);
}

TEST_CASE("sendable: refuses what cannot be moved, but not when it is owned through a pointer or a container") {
  STATIC_REQUIRE_FALSE(sendable<std::atomic<int>>);
  STATIC_REQUIRE_FALSE(sendable<atomic_inside>);
  STATIC_REQUIRE_FALSE(sendable<std::array<std::mutex, 2>>);
  STATIC_REQUIRE(sendable<std::unique_ptr<std::mutex>>);
  STATIC_REQUIRE(sendable<std::map<int, std::atomic<int>>>);
}

TEST_CASE("sendable: classes that encapsulate, aggregates with bases or too many initializers, are taken at their word") {
  STATIC_REQUIRE(sendable<closed>);
  STATIC_REQUIRE(sendable<with_array>);
  STATIC_REQUIRE(sendable<derived>);
  STATIC_REQUIRE(sendable<derived_pointer>);
  STATIC_REQUIRE(sendable<large_buffer>);
}

TEST_CASE("sendable: enable_sendable says otherwise, either way") {
  STATIC_REQUIRE(sendable<vouched>);
  STATIC_REQUIRE_FALSE(sendable<refused>);
}
