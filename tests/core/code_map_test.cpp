#include "core/code_map.hpp"

#include <cstring>
#include <vector>

#include "support/catch.hpp"

using joist::core::code_map;

namespace {

[[gnu::noinline]] std::uintptr_t where_it_returns_to() {
  return reinterpret_cast<std::uintptr_t>(__builtin_extract_return_addr(__builtin_return_address(0)));
}

}  // namespace

TEST_CASE("code map: a return address is known from numbers, data, and places that follow no call") {
  const code_map code;
  const std::uintptr_t here = where_it_returns_to();
  const auto of_call = reinterpret_cast<std::uintptr_t>(&where_it_returns_to);
  CHECK(code.is_code(here));
  CHECK(code.follows_call(here));
  CHECK_FALSE(code.is_code(reinterpret_cast<std::uintptr_t>(&code)));
  CHECK_FALSE(code.is_code(0));
  const std::vector<std::uintptr_t> stack{0,    here + 1,    42,  reinterpret_cast<std::uintptr_t>(&stack),
                                          here, UINTPTR_MAX, here};
  CHECK(code.return_addresses(stack, 9) == std::vector{here, here});
  CHECK(code.return_addresses(stack, 1) == std::vector{here});
  CHECK(code.is_code(of_call));
}

TEST_CASE("code map: names are module and offset; what belongs to no module is a number") {
  const code_map code;
  const std::string name = code.name(where_it_returns_to());
  CHECK(name.find("code_map_test+0x") != std::string::npos);
  CHECK(code.name(0x10) == "0x10");
}

TEST_CASE("code map: memory that is gone is not copied") {
  int to = 7;
  const int from = 9;
  CHECK(joist::core::copy_what_is_there(&to, reinterpret_cast<std::uintptr_t>(&from), sizeof from) == sizeof from);
  CHECK(to == 9);
  CHECK(joist::core::copy_what_is_there(&to, 0x10, sizeof to) == 0);
}
