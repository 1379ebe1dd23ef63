// A million rounds of registering, killing and looking up: a name never leads to a process that it was not given to.
#include <array>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

constexpr int registrars = 4;
constexpr int rounds_in_all = support::checked_build ? 20'000 : 1'000'000;

std::string name_of(int k) { return "name " + std::to_string(k); }

/// Gives its name to one process after the other, which is killed at about the same time.
void registrar(int k) {
  const std::string name = name_of(k);
  for (int i = 0; i < rounds_in_all / registrars; ++i) {
    const auto victim = spawn_monitor([] { support::wait_for_ever(); });
    if (i % 2 == 0) spawn([victim] { joist::exit(victim.process, exit_reason::kill); });
    try {
      register_name(name, victim.process);
    } catch (const error& e) {
      EXPECT(e.code() == errc::no_process);
    }
    if (i % 2 != 0) joist::exit(victim.process, exit_reason::kill);
    EXPECT(support::reason_of(victim) == exit_reason::killed);
    EXPECT(!whereis(name));  // M04: free by then, and nobody else has it
  }
}

struct over {};

/// Whoever has the name of a registrar is a child of it.
void looker(const std::array<pid, registrars>& parents) {
  while (!receive<over>(after(std::chrono::seconds{0}))) {
    for (int k = 0; k < registrars; ++k) {
      const auto found = whereis(name_of(k));
      if (!found) continue;
      const auto details = process_info(*found);
      EXPECT(!details || details->parent == parents[static_cast<std::size_t>(k)]);
    }
    yield();
  }
}

}  // namespace

TEST_CASE("names: over a million rounds no name leads to a wrong process", "[L23]") {
  runtime rt{support::quiet()};
  const std::string result = rt.ask([] {
    std::vector<monitored> all;
    std::array<pid, registrars> parents;
    for (int k = 0; k < registrars; ++k) {
      all.push_back(spawn_monitor([k] { registrar(k); }));
      parents[static_cast<std::size_t>(k)] = all.back().process;
    }
    const auto looking = spawn_monitor([parents] { looker(parents); });
    for (const auto& m : all) {
      const auto reason = support::reason_of(m);
      if (reason != exit_reason::normal) return reason.to_string();
    }
    send(looking.process, over{});
    return support::reason_of(looking).to_string();
  });
  CHECK(result == "normal");
}
