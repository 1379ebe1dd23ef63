#include <joist/otp/observer.hpp>

#include <joist/otp/dynamic_supervisor.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>

#include "support/employees.hpp"

using namespace support;
using joist::observer::entry;
using joist::observer::snapshot;

namespace {

const entry* found(const snapshot& s, pid process) {
  const auto at =
      std::find_if(s.processes.begin(), s.processes.end(), [process](const entry& e) { return e.process == process; });
  return at != s.processes.end() ? &*at : nullptr;
}

}  // namespace

TEST_CASE("observer: each process stands after the one that started it, with what it is and has") {
  everywhere([] {
    joist::trap_exit(true);
    supervisor_options named_top = often();
    named_top.name = "top";
    const supervisor_ref top = joist::start_supervisor(
        named_top, {employ("a"), joist::child_supervisor("inner", often(), {employ("b")}), employ("c")});
    const pid a = begins("a");
    const pid b = begins("b");
    const pid c = begins("c");
    const snapshot s = joist::observer::take_snapshot(1s);
    const entry* const me = found(s, joist::self());
    const entry* const at = found(s, top);
    EXPECT(me != nullptr && at != nullptr && at->depth == me->depth + 1 && at->details->name == "top");
    std::vector<pid> below;
    for (const entry* e = at + 1; e != s.processes.data() + s.processes.size() && e->depth > at->depth; ++e)
      below.push_back(e->process);
    EXPECT(below.size() == 4 && std::count(below.begin(), below.end(), a) == 1 &&
           std::count(below.begin(), below.end(), c) == 1);
    EXPECT(found(s, b)->depth == at->depth + 2 && found(s, b)->last && found(s, b)[-1].process == process_of(top, "inner"));
    EXPECT(std::count_if(at, at + 5, [at](const entry& e) { return e.depth == at->depth + 1 && e.last; }) == 1);
    EXPECT(found(s, a)->details->status != joist::process_status::suspended);
    EXPECT(s.to_text().find(" top") != std::string::npos);
    EXPECT(s.to_text().find("   `- ") != std::string::npos || s.to_text().find("|  `- ") != std::string::npos);
    EXPECT(s.to_json().find("\"name\":\"top\",\"status\":\"") != std::string::npos);
    top.stop();
    for (const char* id : {"c", "b", "a"}) stops(id, exit_reason::shutdown);
    EXPECT(joist::receive<joist::exited>().reason == exit_reason::normal);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("observer: one that computes is busy, and holds up nobody") {
  static std::atomic<bool> enough;
  enough = false;
  on_workers(
      [] {
        const auto loops = joist::spawn_monitor([main = joist::self()] {
          joist::send(main, 'l');
          while (!enough) {
          }
        });
        (void)joist::receive<char>();
        const snapshot s = joist::observer::take_snapshot(20ms);
        EXPECT(found(s, loops.process) != nullptr && !found(s, loops.process)->details);
        EXPECT(s.to_text().find("busy") != std::string::npos);
        EXPECT(s.to_json().find("\"status\":\"busy\"") != std::string::npos);
        enough = true;
        EXPECT(joist::receive<joist::down>().reason == exit_reason::normal);
        EXPECT(mailbox_stays_empty());
      },
      1);
}

TEST_CASE("observer: words are quoted as JSON wants them, a tree as deep as it is long is no matter") {
  on_workers(
      [] {
        struct deeper {
          static void run(pid main, int more) {
            if (more == 0) {
              joist::send(main, 'd');
            } else {
              joist::spawn([main, more] { run(main, more - 1); });
            }
            wait_for_ever();
          }
        };
        const pid odd = joist::spawn({.label = "a \"quoted\"\\\n label"}, [] { wait_for_ever(); });
        const pid first = joist::spawn([main = joist::self()] { deeper::run(main, 2000); });
        (void)joist::receive<char>();
        const snapshot s = joist::observer::take_snapshot(5s);
        EXPECT(s.to_json().find("\"label\":\"a \\\"quoted\\\"\\\\\\u000a label\"") != std::string::npos);
        const entry& deepest = *std::max_element(s.processes.begin(), s.processes.end(),
                                                 [](const entry& a, const entry& b) { return a.depth < b.depth; });
        EXPECT(deepest.depth >= found(s, first)->depth + 2000);
        std::FILE* file = std::tmpfile();
        joist::print_tree(file);
        EXPECT(std::ftell(file) > 2000);
        std::fclose(file);
        for (const entry& e : s.processes) {
          if (e.depth >= found(s, first)->depth && e.process != joist::self() && e.process != odd)
            joist::exit(e.process, exit_reason::kill);
        }
        joist::exit(odd, exit_reason::kill);
      },
      1);
}
