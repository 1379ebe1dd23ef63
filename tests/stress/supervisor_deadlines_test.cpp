// Supervisors of children who do not want to end, on real workers: whatever these do, a supervisor has stopped them when
// their time is over, starts them again, and others go on meanwhile. Margins are for slow machines: without the deadline
// each of these tests would wait for ever.
#include <joist/blocking.hpp>
#include <joist/otp/dynamic_supervisor.hpp>
#include <joist/otp/gen_server.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/employees.hpp"

using namespace support;

namespace {

constexpr auto margin = 30s;
constexpr auto its_time = 100ms;

enum class misdeed : std::uint8_t {
  loops,
  traps_and_loops,
  blocks,         // in a system call
  blocks_openly,  // in joist::blocking
  swallows,       // what ends it
  unlinks,        // from its supervisor
  unlinks_and_traps,
  traps,  // and ignores what it is told
};
constexpr std::array all_misdeeds{
    misdeed::loops,   misdeed::traps_and_loops,   misdeed::blocks, misdeed::blocks_openly, misdeed::swallows,
    misdeed::unlinks, misdeed::unlinks_and_traps, misdeed::traps};

/// What goes on until the end of a test, when those who were declared dead may go home.
class mischief {
 public:
  mischief() { EXPECT(::pipe(ends_.data()) == 0); }
  mischief(const mischief&) = delete;
  mischief& operator=(const mischief&) = delete;
  ~mischief() { ::close(ends_[0]); }
  void end() {
    over_ = true;
    ::close(ends_[1]);  // all that read return
  }

  /// Until it is over, or by a call of the runtime.
  void commit(misdeed what) const {
    switch (what) {
      case misdeed::traps_and_loops: joist::trap_exit(true); [[fallthrough]];
      case misdeed::loops:
        while (!over_.load(std::memory_order_relaxed)) {
        }
        return;
      case misdeed::blocks: return block();
      case misdeed::blocks_openly: return joist::blocking([this] { block(); });
      case misdeed::swallows: return swallow();
      case misdeed::unlinks_and_traps: joist::trap_exit(true); [[fallthrough]];
      case misdeed::unlinks: joist::unlink(joist::parent()); break;
      case misdeed::traps: joist::trap_exit(true); break;
    }
    for (;;) joist::receive([](joist::any_message) {});
  }

 private:
  void block() const {
    char byte = 0;
    (void)!::read(ends_[0], &byte, 1);
  }
  void swallow() const {
    while (!over_.load(std::memory_order_relaxed)) {
      try {
        joist::receive<go>();
      } catch (...) {
      }
    }
  }

  std::array<int, 2> ends_{};
  std::atomic<bool> over_{false};
};
using mischief_ptr = std::shared_ptr<mischief>;

struct never_begun : joist::gen_server<never_begun> {
  never_begun(const mischief_ptr& m, misdeed what) { m->commit(what); }
};

child_spec culprit(const mischief_ptr& m, misdeed what, const std::string& id, shutdown_policy policy) {
  child_spec spec = joist::child_process(id, [m, what, to = joist::self(), id] {
    joist::send(to, began{id, joist::self()});
    m->commit(what);
  });
  spec.shutdown = policy;
  return spec;
}

/// One of each kind, "0", "1", ...
std::vector<child_spec> one_of_each(const mischief_ptr& m, shutdown_policy policy) {
  std::vector<child_spec> specs;
  for (const misdeed what : all_misdeeds) specs.push_back(culprit(m, what, std::to_string(specs.size()), policy));
  return specs;
}
std::vector<pid> all_begin() {
  std::vector<pid> begun;
  for (std::size_t i = 0; i < all_misdeeds.size(); ++i) begun.push_back(begins_by_and_by(std::to_string(i).c_str()));
  return begun;
}
void have_ended(const std::vector<pid>& processes) {
  for (const pid p : processes) EXPECT(!joist::is_alive(p));
}

/// Runs a test, then lets all go home that have been declared dead.
template <class Test>
void among_culprits(Test test) {
  joist::runtime_options o = quiet();
  o.kill_after = 20ms;
  const auto m = std::make_shared<mischief>();
  joist::runtime rt{o};
  std::string problem;
  try {
    rt.ask([m, test] { test(m); }, 240s);
  } catch (const joist::ask_failed& failure) {
    problem = failure.reason().to_string();
  }
  m->end();
  if (!problem.empty()) FAIL(problem);
  while (rt.info().zombies > 0) std::this_thread::yield();
  CHECK(rt.stop(20s).clean());
}

/// Kills a child of a supervisor, and waits until it has been started again, some times.
void restart_often(pid child, const char* id, int n) {
  for (int i = 0; i < n; ++i) {
    joist::exit(child, exit_reason::kill);
    child = begins_by_and_by(id);
  }
}

}  // namespace

TEST_CASE("supervisor deadlines: children of all kinds are stopped within the sum of their times") {
  for (const bool kills : {false, true}) {
    among_culprits([kills](const mischief_ptr& m) {
      const shutdown_policy policy = kills ? shutdown_policy::brutal_kill() : shutdown_policy{its_time};
      const supervisor_ref s = joist::start_supervisor(often(), one_of_each(m, policy));
      const std::vector<pid> children = all_begin();
      const auto begin = joist::clock::now();
      s.stop();
      EXPECT(joist::clock::now() - begin < all_misdeeds.size() * its_time + margin);
      have_ended(children);
    });
  }
}

TEST_CASE("supervisor deadlines: a dynamic supervisor stops all at once: within the longest of their times") {
  among_culprits([](const mischief_ptr& m) {
    constexpr auto long_time = 2s;
    const auto s = joist::start_dynamic_supervisor();
    std::vector<pid> children;
    for (int i = 0; i < 40; ++i) {  // few that use a processor
      const misdeed what = all_misdeeds[i < 8 ? static_cast<std::size_t>(i) : i % 2 == 0 ? 6 : 7];
      children.push_back(s.start_child(culprit(m, what, "culprit", long_time))->process);
      EXPECT(begins_by_and_by("culprit") == children.back());
    }
    const auto begin = joist::clock::now();
    s.stop();
    EXPECT(joist::clock::now() - begin < long_time + margin);
    have_ended(children);
  });
}

TEST_CASE("supervisor deadlines: a dynamic supervisor that is to end a stranger who loops goes on") {
  among_culprits([](const mischief_ptr& m) {
    const auto s = joist::start_dynamic_supervisor();
    const pid me = joist::self();
    const pid stranger = joist::spawn([m, me] {
      joist::send(me, go{});
      m->commit(misdeed::loops);
    });
    joist::receive<go>();
    joist::spawn([s, stranger, me] {
      joist::send(me, go{});
      (void)s.terminate_child(stranger);
    });
    joist::receive<go>();
    for (int i = 0; i < 100; ++i) EXPECT(s.count_children().specs == 0);
    s.stop();
  });
}

TEST_CASE("supervisor deadlines: a culprit that is killed is started again, though what it did goes on") {
  among_culprits([](const mischief_ptr& m) {
    const supervisor_ref s = joist::start_supervisor(often(), one_of_each(m, its_time));
    const std::vector<pid> first = all_begin();
    for (const pid p : first) joist::exit(p, exit_reason::kill);
    for (std::size_t i = 0; i < first.size(); ++i) {
      const bool unlinks = all_misdeeds[i] == misdeed::unlinks || all_misdeeds[i] == misdeed::unlinks_and_traps;
      if (!unlinks) (void)begins_by_and_by(std::to_string(i).c_str());  // of the others nobody hears
    }
    EXPECT(joist::system_info().zombies >= 3);
    s.stop();
  });
}

TEST_CASE("supervisor deadlines: where one fails all are started again, within the sum of their times") {
  for (const supervision strategy : {supervision::one_for_all, supervision::rest_for_one}) {
    among_culprits([strategy](const mischief_ptr& m) {
      std::vector<child_spec> specs = one_of_each(m, its_time);
      specs.insert(specs.begin(), employ("good"));
      const supervisor_ref s = joist::start_supervisor(often(strategy), std::move(specs));
      const pid good = begins("good");
      const std::vector<pid> first = all_begin();
      const auto begin = joist::clock::now();
      end(good);
      (void)begins_by_and_by("good");
      EXPECT(joist::clock::now() - begin < all_misdeeds.size() * its_time + margin);
      have_ended(first);
      const std::vector<pid> second = all_begin();
      s.stop();
      have_ended(second);
    });
  }
}

TEST_CASE("supervisor deadlines: a child whose constructor does not return is given up after its init_limit") {
  among_culprits([](const mischief_ptr& m) {
    for (const misdeed what : {misdeed::loops, misdeed::blocks, misdeed::swallows, misdeed::traps}) {
      joist::server_options o;
      o.init_limit = its_time;
      const auto begin = joist::clock::now();
      const auto started = joist::try_start_supervisor({}, {{"never begun", joist::starts<never_begun>(o, m, what)}});
      EXPECT(!started && joist::clock::now() - begin < its_time + margin);
    }
  });
}

TEST_CASE("supervisor deadlines: while one supervisor stops its children, another starts its own again") {
  among_culprits([](const mischief_ptr& m) {
    std::vector<child_spec> specs = one_of_each(m, its_time);
    child_spec last = joist::child_process("last", [to = joist::self()] {  // it is stopped last
      joist::trap_exit(true);
      joist::send(to, began{"last", joist::self()});
      joist::receive<go>();
    });
    last.shutdown = joist::infinity;
    specs.insert(specs.begin(), last);
    const supervisor_ref slow = joist::start_supervisor(often(), std::move(specs));
    const pid goes_last = begins_by_and_by("last");
    const std::vector<pid> children = all_begin();

    supervisor_options o = often();
    o.intensity = 1000;
    child_spec victim = joist::child_process("victim", [to = joist::self()] {
      joist::send(to, began{"victim", joist::self()});
      wait_for_ever();
    });
    const supervisor_ref other = joist::start_supervisor(o, {victim});
    joist::unlink(slow);
    const pid stopping = joist::spawn([slow] { slow.stop(); });
    restart_often(begins_by_and_by("victim"), "victim", 100);
    EXPECT(joist::is_alive(slow));
    joist::send(goes_last, go{});
    (void)await_end(stopping);
    have_ended(children);
    other.stop();
  });
}
