#include "web/http/input.hpp"

#include <random>
#include <string>

#include "support/catch.hpp"

using joist::web::http::input;

namespace {

std::string unread(const input& in) {
  const auto bytes = in.unread();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("input: what has come is unread until it is used, however it comes and is used") {
  std::mt19937 random{20261128};
  for (int round = 0; round < 20; ++round) {
    input in{static_cast<std::size_t>(1 + random() % 100)};
    std::string model;
    for (int step = 0; step < 200; ++step) {
      const auto room = in.room();
      REQUIRE_FALSE(room.empty());
      const std::size_t bytes = random() % 3 == 0 ? room.size() : random() % (room.size() + 1);
      for (std::size_t i = 0; i < bytes; ++i) {
        room[i] = static_cast<std::byte>(random());
        model += static_cast<char>(room[i]);
      }
      in.came(bytes);
      if (unread(in) != model) FAIL("after " << step << " steps");
      const std::size_t used = random() % 3 == 0 ? model.size() : random() % (model.size() + 1);
      in.use(used);
      model.erase(0, used);
      if (unread(in) != model || in.empty() != model.empty()) FAIL("used, after " << step << " steps");
      if (random() % 20 == 0) {
        input moved{std::move(in)};
        in = std::move(moved);
      }
    }
  }
}

TEST_CASE("input: of a peer that fills the room, larger pieces are read, 64 KiB at most; another keeps its block") {
  input in;
  const std::size_t first = in.room().size();
  for (int i = 0; i < 20; ++i) {
    in.came(1);
    in.use(1);
    CHECK(in.room().size() == first);
  }
  std::size_t before = first;
  for (int i = 0; i < 20; ++i) {
    const auto all = in.room();
    CHECK(all.size() <= std::size_t{64} * 1024);
    CHECK(all.size() >= before);
    before = all.size();
    in.came(all.size());
    in.use(all.size());
  }
  CHECK(before == std::size_t{64} * 1024);
}
