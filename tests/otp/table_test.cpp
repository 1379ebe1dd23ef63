// joist/otp/table.hpp
#include <joist/otp/table.hpp>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::errc;
using joist::exit_reason;
using joist::table_access;

namespace {

using words = joist::table<std::string, int>;
using numbers = joist::table<int, int>;
using in_order = joist::ordered_table<int, int>;

const joist::table_options open_to_all{{}, table_access::public_};

joist::table_options named(const char* name, table_access access = table_access::protected_) { return {name, access}; }

template <class Table>
struct have {
  Table table;
};

/// A process that makes a table, tells `to` of it, and lives until it is told to go.
template <class Table>
joist::monitored owner_of(joist::table_options options = open_to_all, joist::pid heir = {}) {
  return joist::spawn_monitor([options, heir, to = joist::self()] {
    auto made = Table::create(options);
    made.insert(1, 10);
    if (heir) made.set_heir(heir, std::string{"from its owner"});
    joist::send(to, have<Table>{made});
    joist::receive<go>();
  });
}

template <class Table>
void await_gone(const Table& t) {
  while (!refuses(errc::no_table, [&] { (void)t.member(1); })) joist::yield();
}

/// Keepers end after their tables.
void await_processes(std::size_t count) {
  while (joist::processes().size() > count) joist::yield();
}

template <class Table>
void keeps_entries() {
  everywhere([] {
    const auto t = Table::create();
    EXPECT(t.size() == 0 && !t.member(1) && !t.lookup(1) && !t.erase(1) && !t.take(1));
    t.insert(1, 10);
    EXPECT(t.lookup(1) == 10 && t.member(1) && t.size() == 1);
    t.insert(1, 11);
    EXPECT(t.lookup(1) == 11 && t.size() == 1);
    EXPECT(!t.insert_new(1, 12) && t.lookup(1) == 11);
    EXPECT(t.insert_new(2, 20) && t.size() == 2);
    EXPECT(t.take(1) == 11 && !t.member(1));
    EXPECT(t.erase(2) && !t.erase(2) && t.size() == 0);
    for (int i = 0; i < 100; ++i) t.insert(i, i);
    EXPECT(t.size() == 100);
    t.clear();
    EXPECT(t.size() == 0 && t.to_vector().empty());
    t.insert(1, 1);
    EXPECT(t.to_vector() == (std::vector<typename Table::entry>{{1, 1}}));
    EXPECT(mailbox_stays_empty());
  });
}

}  // namespace

TEST_CASE("table: an entry is put in, replaced, copied, taken and erased", "[ET01][ET05]") { keeps_entries<numbers>(); }
TEST_CASE("ordered_table: the same", "[ET01][ET05]") { keeps_entries<in_order>(); }

TEST_CASE("table: values are seen without a copy, and need not have one", "[ET02]") {
  everywhere([] {
    const auto t = joist::table<std::string, std::unique_ptr<int>>::create();
    t.insert("a", std::make_unique<int>(3));
    EXPECT(t.lookup("a", [](const std::unique_ptr<int>& p) { return *p; }) == 3);
    EXPECT(!t.lookup("b", [](const std::unique_ptr<int>& p) { return *p; }));
    bool seen = false;
    EXPECT(t.lookup("a", [&seen](const std::unique_ptr<int>&) { seen = true; }) && seen);
    EXPECT(!t.lookup("b", [](const std::unique_ptr<int>&) {}));
    EXPECT(**t.take("a") == 3 && t.size() == 0);
  });
}

TEST_CASE("table: update changes a value in its place, and gives what the function returns", "[ET03]") {
  everywhere([] {
    const auto t = joist::table<int, std::vector<int>>::create();
    EXPECT(!t.update(1, [](std::vector<int>& v) { v.push_back(1); }));
    EXPECT(!t.update(1, [](std::vector<int>& v) { return v.size(); }));
    EXPECT(!t.member(1));
    EXPECT(t.update(1, {7}, [](std::vector<int>& v) { return v.size(); }) == 1U);
    EXPECT(t.update(1, {8}, [](std::vector<int>& v) { v.push_back(9); }));
    EXPECT(t.lookup(1) == (std::vector<int>{7, 9}));
    auto fails = [](std::vector<int>& v) {
      v.clear();
      throw std::runtime_error{"no"};
    };
    bool thrown = false;
    try {
      t.update(1, fails);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT(thrown && t.lookup(1)->empty());
    try {
      t.update(2, {1}, fails);
    } catch (const std::runtime_error&) {
      thrown = false;
    }
    EXPECT(!thrown && !t.member(2) && t.size() == 1);
  });
}

TEST_CASE("table: counters are changed at once, of many that count none is lost", "[ET03][ET04]") {
  everywhere([] {
    const auto t = words::create(open_to_all);
    EXPECT(!t.update_counter("a", 1) && !t.member("a"));
    EXPECT(t.update_counter("a", 2, 40) == 42);
    EXPECT(t.update_counter("a", -2) == 40);
    EXPECT(refuses(errc::bad_argument, [&] { t.update_counter("a", std::numeric_limits<int>::max()); }));
    EXPECT(refuses(errc::bad_argument, [&] { t.update_counter("b", 1, std::numeric_limits<int>::max()); }));
    EXPECT(t.lookup("a") == 40 && !t.member("b"));
    std::vector<joist::monitored> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(joist::spawn_monitor([t] {
        for (int n = 0; n < 25; ++n) {
          t.update_counter("n", 1, 0);
          t.update("m", 0, [](int& m) { ++m; });
        }
      }));
    }
    for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
    EXPECT(t.lookup("n") == 100 && t.lookup("m") == 100);
  });
}

TEST_CASE("table: a counter may be a member of the value", "[ET04]") {
  struct stats {
    std::string of;
    int hits = 0;
    unsigned char misses = 0;
  };
  everywhere([] {
    const auto t = joist::ordered_table<int, stats>::create();
    EXPECT(!t.update_counter(1, &stats::hits, 1));
    EXPECT(t.update_counter(1, &stats::hits, 1, stats{"x", 1, 255}) == 2);
    EXPECT(t.update_counter(1, &stats::hits, 1) == 3);
    EXPECT(refuses(errc::bad_argument, [&] { t.update_counter(1, &stats::misses, 1); }));
    EXPECT(t.lookup(1)->misses == 255 && t.lookup(1)->of == "x");
  });
}

TEST_CASE("table: several entries are put in at once, or none", "[ET06]") {
  everywhere([] {
    const auto t = numbers::create(open_to_all);
    std::vector<joist::monitored> writers;
    for (int i = 0; i < 3; ++i) {
      writers.push_back(joist::spawn_monitor([t, i] {
        for (int n = 0; n < 10; ++n) t.insert({{1, i}, {2, i}, {3, i}, {4, i}});
        for (int n = 0; n < 10; ++n) {
          if (t.insert_new({{7, i}, {8, i}})) EXPECT(t.take(8) == i && t.take(7) == i);
        }
      }));
    }
    for (const auto& w : writers) EXPECT(reason_of(w) == exit_reason::normal);
    const int last = t.lookup(1).value();
    EXPECT(t.size() == 4 && t.select_count([last](int, int n) { return n == last; }) == 4);
    t.clear();
    t.insert({{1, 1}, {1, 2}});
    EXPECT(t.lookup(1) == 2 && t.size() == 1);
    EXPECT(!t.insert_new({{5, 5}, {1, 1}}) && !t.member(5));
    EXPECT(t.insert_new({{5, 5}, {6, 6}}) && t.size() == 3);
  });
}

TEST_CASE("ordered_table: first, last, next and prev go through the keys, also from one that is not there", "[ET07]") {
  everywhere([] {
    const auto t = in_order::create();
    EXPECT(!t.first() && !t.last() && !t.next(0) && !t.prev(0) && !t.first_lookup() && !t.last_lookup());
    for (const int n : {30, 10, 20}) t.insert(n, -n);
    EXPECT(t.first() == 10 && t.last() == 30);
    EXPECT(t.next(10) == 20 && t.next(15) == 20 && !t.next(30));
    EXPECT(t.prev(30) == 20 && t.prev(25) == 20 && !t.prev(10) && t.prev(99) == 30);
    EXPECT(t.next_lookup(10) == std::pair(20, -20) && t.prev_lookup(30) == std::pair(20, -20));
    EXPECT(t.first_lookup() == std::pair(10, -10) && t.last_lookup() == std::pair(30, -30));
    const auto keys = t.fold(std::vector<int>{}, [](std::vector<int> sum, int key, int) {
      sum.push_back(key);
      return sum;
    });
    EXPECT(keys == (std::vector<int>{10, 20, 30}));
  });
}

namespace {

/// What is there all the time is seen once, whatever others do.
template <class Table>
void is_gone_through_while_others_write(int entries) {
  const auto t = Table::create(open_to_all);
  for (int i = 0; i < entries; ++i) t.insert(2 * i, 0);
  const auto writer = joist::spawn_monitor([t, entries] {
    for (int i = 0; i < entries; ++i) {
      t.insert(2 * i + 1, 1);
      t.update(2 * i, [](int& n) { ++n; });
      if (i % 2 == 0) t.erase(2 * i + 1);
    }
  });
  std::multiset<int> seen;
  t.for_each([&seen](int key, int) {
    if (key % 2 == 0) seen.insert(key);
    joist::yield();  // it may do anything
  });
  const std::set<int> unique(seen.begin(), seen.end());
  EXPECT(static_cast<int>(seen.size()) == entries && static_cast<int>(unique.size()) == entries);
  auto even = [](int key, int) { return key % 2 == 0; };
  EXPECT(static_cast<int>(t.select_count(even)) == entries);
  EXPECT(static_cast<int>(t.select(even).size()) == entries);
  EXPECT(reason_of(writer) == exit_reason::normal);
  EXPECT(static_cast<int>(t.select_delete(even)) == entries);
  EXPECT(t.select_count(even) == 0 && static_cast<int>(t.size()) == entries / 2);
  EXPECT(t.fold(0, [](int sum, int, int n) { return sum + n; }) == entries / 2);
}

}  // namespace

TEST_CASE("table: whoever goes through a table sees what is there all the time once, while others write", "[ET08]") {
  in_simulation([] { is_gone_through_while_others_write<numbers>(40); }, usual_seeds / 2);
  on_workers([] { is_gone_through_while_others_write<numbers>(2000); }, 5);
}
TEST_CASE("ordered_table: whoever goes through a table sees what is there all the time once, while others write", "[ET08]") {
  in_simulation([] { is_gone_through_while_others_write<in_order>(40); }, usual_seeds / 2);
  on_workers([] { is_gone_through_while_others_write<in_order>(2000); }, 5);  // several steps
}

TEST_CASE("table: access is public, protected or private; what is refused changes nothing", "[ET09]") {
  everywhere([] {
    for (const auto access : {table_access::public_, table_access::protected_, table_access::private_}) {
      const auto t = numbers::create({{}, access});
      t.insert(1, 1);
      EXPECT(t.lookup(1) == 1);
      EXPECT(reason_after([t, access] {
               const auto denied = [](auto call) { return refuses(errc::access_denied, call); };
               const bool reads = access != table_access::private_;
               const bool writes = access == table_access::public_;
               EXPECT(denied([&] { (void)t.lookup(1); }) == !reads);
               EXPECT(denied([&] { (void)t.to_vector(); }) == !reads);
               EXPECT(denied([&] { t.insert(2, 2); }) == !writes);
               EXPECT(denied([&] { t.insert({{2, 2}}); }) == !writes);
               EXPECT(denied([&] { t.update_counter(2, 0); }) == !writes);
               EXPECT(denied([&] { t.erase(2); }) == !writes);
               EXPECT(denied([&] { t.clear(); }) == !writes);
               EXPECT(denied([&] { t.select_delete([](int, int) { return false; }); }) == !writes);
               EXPECT(denied([&] { t.give_away(joist::parent()); }));
               EXPECT(denied([&] { t.set_heir(joist::self()); }));
               EXPECT(denied([&] { t.delete_table(); }) == !writes);
             }) == exit_reason::normal);
      if (access == table_access::public_) {
        EXPECT(refuses(errc::no_table, [&] { t.insert(1, 1); }));
      } else {
        EXPECT(t.to_vector() == (std::vector<numbers::entry>{{1, 1}}));
      }
    }
  });
}

TEST_CASE("table: threads of the program use one that is public, and read one that is protected", "[ET09]") {
  joist::runtime rt{quiet()};
  const auto [open, guarded] = rt.ask([] {
    const auto all = numbers::create(open_to_all);
    const auto ours = numbers::create();
    ours.insert(1, 1);
    const auto keeper = joist::spawn([] { wait_for_ever(); });
    all.give_away(keeper);
    ours.give_away(keeper);
    return std::pair{all, ours};
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([table = open] {
      for (int n = 0; n < 1000; ++n) table.update_counter(n % 7, 1, 0);
    });
  }
  for (auto& t : threads) t.join();
  CHECK(open.fold(0, [](int sum, int, int n) { return sum + n; }) == 4000);
  CHECK(guarded.lookup(1) == 1);
  CHECK(refuses(errc::access_denied, [&table = guarded] { table.insert(1, 2); }));
  CHECK(refuses(errc::not_a_process, [] { (void)numbers::create(); }));
  CHECK(rt.stop(20s).clean());
  CHECK(refuses(errc::no_table, [&table = open] { (void)table.size(); }));
}

TEST_CASE("table: is found by name and type, and a name belongs to one table", "[ET10]") {
  everywhere([] {
    EXPECT(!words::find("words"));
    const auto t = words::create(named("words"));
    t.insert("a", 1);
    EXPECT(words::find("words") == t && words::find("words")->lookup("a") == 1);
    EXPECT(refuses(errc::bad_argument, [] { (void)numbers::find("words"); }));
    EXPECT(refuses(errc::name_taken, [] { (void)words::create(named("words")); }));
    EXPECT(refuses(errc::name_taken, [] { (void)numbers::create(named("words")); }));
    EXPECT(!joist::whereis("words"));  // names of processes are others
    t.delete_table();
    EXPECT(!words::find("words"));
    const auto other = numbers::create(named("words"));
    EXPECT(numbers::find("words") == other);
    EXPECT(refuses(errc::bad_argument, [] { (void)words::find(""); }));
    const std::string longest(joist::longest_table_name, 'x');
    const auto with_longest = words::create({longest});
    EXPECT(words::find(longest) == with_longest);
    EXPECT(refuses(errc::bad_argument, [&] { (void)words::create({longest + "x"}); }));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: of several that make a table by one name one does, and the others find that", "[ET10]") {
  everywhere([] {
    const joist::pid me = joist::self();
    std::vector<joist::monitored> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(joist::spawn_monitor([me] {
        bool made = true;
        std::optional<numbers> mine;
        try {
          mine = numbers::create(named("one"));
        } catch (const joist::error& e) {
          EXPECT(e.code() == errc::name_taken && numbers::find("one"));
          made = false;
        }
        joist::send(me, made);
        joist::receive<go>();
      }));
    }
    int made = 0;
    for (int i = 0; i < 3; ++i) made += joist::receive<bool>() ? 1 : 0;
    EXPECT(made == 1);
    for (const auto& m : all) joist::send(m.process, go{});
    for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
  });
}

TEST_CASE("table: a renamed one is found by its new name only", "[ET11]") {
  everywhere([] {
    const auto t = numbers::create(named("old"));
    const auto other = numbers::create(named("other"));
    t.rename("new");
    EXPECT(!numbers::find("old") && numbers::find("new") == t && t.info().name == "new");
    EXPECT(refuses(errc::name_taken, [&] { t.rename("other"); }));
    EXPECT(numbers::find("new") == t && numbers::find("other") == other);
    t.rename("new");
    const auto nameless = numbers::create();
    nameless.rename("old");
    EXPECT(numbers::find("old") == nameless);
    EXPECT(refuses(errc::bad_argument, [&] { t.rename(""); }));
  });
}

TEST_CASE("table: is gone when its owner has ended, however that ends, with its entries and its keeper", "[ET12][ET13]") {
  everywhere([] {
    const auto before = joist::processes().size();
    for (const auto& reason : {exit_reason::normal, named_reason("boom"), exit_reason::kill}) {
      const auto owner = owner_of<numbers>();
      const auto t = joist::receive<have<numbers>>().table;
      EXPECT(t.lookup(1) == 10 && t.info().owner == owner.process);
      if (reason == exit_reason::normal) {
        joist::send(owner.process, go{});
      } else {
        joist::exit(owner.process, reason);
      }
      (void)reason_of(owner);
      if (reason != exit_reason::normal) await_gone(t);
      EXPECT(refuses(errc::no_table, [&] { (void)t.lookup(1); }));
      EXPECT(refuses(errc::no_table, [&] { t.insert(1, 1); }));
      EXPECT(refuses(errc::no_table, [&] { (void)t.size(); }));
      EXPECT(refuses(errc::no_table, [&] { t.delete_table(); }));
      await_processes(before);
      EXPECT(t.info().size == 0);
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: whoever hears of the end of an owner that crashed finds no table any more", "[ET12]") {
  everywhere([] {
    const auto owner = joist::spawn_monitor([to = joist::self()] {
      joist::send(to, have<numbers>{numbers::create(open_to_all)});
      throw std::runtime_error{"crash"};
    });
    const auto t = joist::receive<have<numbers>>().table;
    EXPECT(reason_of(owner).error() != nullptr);
    EXPECT(refuses(errc::no_table, [&] { (void)t.member(1); }));
  });
}

TEST_CASE("table: whoever hears of the end of an owner, also of its kill, can use the name at once", "[ET12]") {
  everywhere([] {
    for (int i = 0; i < 3; ++i) {
      const auto owner = owner_of<numbers>(named("again"));
      const auto t = joist::receive<have<numbers>>().table;
      EXPECT(numbers::find("again") == t);
      joist::exit(owner.process, exit_reason::kill);
      EXPECT(reason_of(owner) == exit_reason::killed);
      if (i == 1) EXPECT(!numbers::find("again"));
    }
    const auto mine = numbers::create(named("again"));
    EXPECT(numbers::find("again") == mine);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: what is in it is destroyed once, with the table or before, and not under its lock", "[ET13]") {
  struct asks {  // destroys itself by asking a table
    std::shared_ptr<const int> alive;
    numbers about;
    asks(std::shared_ptr<const int> a, numbers n) : alive{std::move(a)}, about{std::move(n)} {}
    asks(asks&&) noexcept = default;
    asks& operator=(asks&&) noexcept = default;
    ~asks() {
      if (alive != nullptr) about.update_counter(0, 1, 0);
    }
  };
  everywhere([] {
    const auto alive = std::make_shared<const int>(0);
    const auto count = numbers::create(open_to_all);
    const auto owner = joist::spawn_monitor([alive, count] {
      const auto t = joist::table<int, asks>::create();
      for (int i = 0; i < 50; ++i) t.insert(i, asks{alive, count});
      t.insert(0, asks{alive, count});
      EXPECT(count.lookup(0) == 1);
      EXPECT(!t.insert_new(1, asks{alive, count}) && t.erase(1) && t.take(2));
      EXPECT(t.select_delete([](int key, const asks&) { return key < 10; }) == 8);
      t.clear();
      EXPECT(count.lookup(0) == 52);
      for (int i = 0; i < 50; ++i) t.insert(i, asks{alive, count});
    });
    EXPECT(reason_of(owner) == exit_reason::normal);
    while (count.lookup(0) < 102) joist::yield();
    EXPECT(alive.use_count() == 1);
  });
}

TEST_CASE("table: delete_table ends it for all, while others use it", "[ET14]") {
  everywhere([] {
    const auto before = joist::processes().size();
    const auto t = numbers::create(named("short", table_access::public_));
    std::vector<joist::monitored> users;
    for (int i = 0; i < 3; ++i) {
      users.push_back(joist::spawn_monitor([t] {
        for (int n = 0;; ++n) t.update_counter(n % 5, 1, 0);
      }));
    }
    joist::yield();
    t.delete_table();
    EXPECT(!numbers::find("short"));
    for (const auto& u : users) {
      const exit_reason end = reason_of(u);
      EXPECT(end.error() != nullptr && end.error()->what.find("is gone") != std::string::npos);
    }
    EXPECT(refuses(errc::no_table, [&] { t.delete_table(); }));
    await_processes(before);
    EXPECT(t.info().size == 0);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: an heir becomes the owner when that has ended, and hears of it", "[ET15]") {
  everywhere([] {
    for (const auto& reason : {exit_reason::normal, exit_reason::kill}) {
      const auto owner = owner_of<numbers>(named("kept"), joist::self());
      const auto t = joist::receive<have<numbers>>().table;
      EXPECT(t.info().heir == joist::self());
      EXPECT(refuses(errc::access_denied, [&] { t.insert(2, 2); }));
      if (reason == exit_reason::normal) {
        joist::send(owner.process, go{});
      } else {
        joist::exit(owner.process, reason);
      }
      const auto given = joist::receive<joist::table_transfer<numbers, std::string>>();
      EXPECT(given.table == t && given.from == owner.process && given.data == "from its owner");
      EXPECT(t.info().owner == joist::self() && t.lookup(1) == 10 && numbers::find("kept") == t);
      t.insert(2, 2);
      (void)reason_of(owner);
      EXPECT(refuses(errc::name_taken, [] { (void)numbers::create(named("kept")); }));
      t.delete_table();
    }
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: with an heir that has ended, or none any more, it is gone with its owner", "[ET15]") {
  everywhere([] {
    const joist::pid dead = joist::spawn([] {});
    (void)await_end(dead);
    const auto owner = owner_of<numbers>(open_to_all, dead);
    const auto t = joist::receive<have<numbers>>().table;
    joist::send(owner.process, go{});
    (void)reason_of(owner);
    await_gone(t);

    const auto changed = joist::spawn_monitor([to = joist::self()] {
      const auto made = numbers::create();
      made.set_heir(to);
      made.set_heir({});
      joist::send(to, have<numbers>{made});
    });
    const auto second = joist::receive<have<numbers>>().table;
    EXPECT(reason_of(changed) == exit_reason::normal);
    EXPECT(refuses(errc::no_table, [&] { (void)second.size(); }));
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: heir and owner that end together leave nothing", "[ET15]") {
  everywhere([] {
    const auto before = joist::processes().size();
    const auto heir = joist::spawn_monitor([] { wait_for_ever(); });
    const auto owner = owner_of<numbers>(named("both"), heir.process);
    const auto t = joist::receive<have<numbers>>().table;
    joist::exit(owner.process, exit_reason::kill);
    joist::exit(heir.process, exit_reason::kill);
    (void)reason_of(owner);
    (void)reason_of(heir);
    EXPECT(!numbers::find("both"));
    await_gone(t);
    await_processes(before);
  });
}

TEST_CASE("table: give_away makes another process the owner, which receives it before what comes after", "[ET16]") {
  everywhere([] {
    const auto t = numbers::create();
    t.insert(1, 1);
    const auto taker = joist::spawn_monitor([t] {
      bool first = true;
      joist::receive([&first](const go&) { first = false; }, [](const joist::table_transfer<numbers>&) {});
      EXPECT(first);
      EXPECT(t.info().owner == joist::self());
      t.insert(2, 2);
      joist::receive<go>();
      joist::receive<std::string>();
    });
    t.give_away(taker.process);
    joist::send(taker.process, go{});
    EXPECT(refuses(errc::access_denied, [&] { t.insert(3, 3); }));
    EXPECT(refuses(errc::access_denied, [&] { t.give_away(taker.process); }));
    EXPECT(t.lookup(1) == 1);
    joist::send(taker.process, std::string{"end"});
    EXPECT(reason_of(taker) == exit_reason::normal);
    await_gone(t);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: it cannot be given to oneself, nor to the dead, and then stays where it is", "[ET16]") {
  everywhere([] {
    const auto t = numbers::create();
    EXPECT(refuses(errc::bad_argument, [&] { t.give_away(joist::self()); }));
    const joist::pid dead = joist::spawn([] {});
    (void)await_end(dead);
    EXPECT(refuses(errc::no_process, [&] { t.give_away(dead, 7); }));
    EXPECT(refuses(errc::no_process, [&] { t.give_away({}); }));
    t.insert(1, 1);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: the end of who gave it away does not matter, that of who was given it does, also unread", "[ET16]") {
  everywhere([] {
    const auto taker = joist::spawn_monitor([] { wait_for_ever(); });
    const auto giver = joist::spawn_monitor([taker, to = joist::self()] {
      const auto t = numbers::create();
      t.insert(1, 1);
      t.give_away(taker.process, 5);
      joist::send(to, have<numbers>{t});
    });
    EXPECT(reason_of(giver) == exit_reason::normal);
    const auto t = joist::receive<have<numbers>>().table;
    EXPECT(t.lookup(1) == 1);
    joist::exit(taker.process, exit_reason::kill);
    (void)reason_of(taker);
    await_gone(t);
  });
}

TEST_CASE("table: within a function that a table calls one does not wait, nor ask a table", "[ET17]") {
  everywhere([] {
    const auto t = numbers::create();
    const auto other = in_order::create();
    t.insert(1, 1);
    const auto refused = [](auto call) { return refuses(errc::bad_wait, call); };
    t.update(1, [&](int&) {
      EXPECT(refused([&] { (void)t.lookup(2); }));
      EXPECT(refused([&] { (void)other.lookup(2); }));
      EXPECT(refused([] { joist::receive<go>(); }));
      EXPECT(refused([] { joist::yield(); }));
      joist::send(joist::self(), go{});
    });
    joist::receive<go>();
    EXPECT(refused([&] { t.lookup(1, [&](int) { other.insert(1, 1); }); }));
    EXPECT(refused([&] { (void)t.select([&](int, int) { return other.member(1); }); }));
    other.insert(1, 1);  // all of this is over
    t.for_each([&](int key, int) { EXPECT(other.take(key) == 1 && t.erase(key)); });
    EXPECT(t.size() == 0 && other.size() == 0);
  });
}

TEST_CASE("table: what a function throws, also a kill, leaves no lock behind", "[ET17]") {
  everywhere([] {
    const auto t = numbers::create(open_to_all);
    t.insert(1, 1);
    const auto user = joist::spawn_monitor([t] {
      for (;;)
        t.update(1, [](int& n) {
          joist::checkpoint();
          ++n;
        });
    });
    joist::yield();
    joist::exit(user.process, exit_reason::kill);
    EXPECT(reason_of(user) == exit_reason::killed);
    t.update(1, [](int& n) { n = 7; });
    EXPECT(t.lookup(1) == 7);
  });
}

TEST_CASE("table: destructors of who is being ended may erase and count, and find nothing in a table that is gone",
          "[ET18]") {
  struct session {
    words t;
    explicit session(words table) : t{std::move(table)} { t.update_counter("open", 1, 0); }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() {
      t.update_counter("open", -1);
      t.erase("mine");
    }
  };
  everywhere([] {
    const auto t = words::create(open_to_all);
    t.insert("mine", 1);
    const auto user = joist::spawn_monitor([t] {
      const session open{t};
      wait_for_ever();
    });
    while (t.lookup("open") != 1) joist::yield();
    joist::exit(user.process, exit_reason::kill);
    (void)reason_of(user);
    while (t.lookup("open") != 0 || t.member("mine")) joist::yield();

    const auto abandoned = joist::system_info().abandoned_stacks;
    const auto owner = joist::spawn_monitor([to = joist::self()] {
      const auto own = words::create(open_to_all);
      const session open{own};
      joist::send(to, go{});
      wait_for_ever();
    });
    joist::receive<go>();
    joist::exit(owner.process, exit_reason::kill);
    EXPECT(reason_of(owner) == exit_reason::killed);
    for (int i = 0; i < 10; ++i) joist::yield();
    EXPECT(joist::system_info().abandoned_stacks == abandoned);
  });
}

TEST_CASE("table: a process that does nothing but ask tables lets others run, and can be killed", "[ET18]") {
  everywhere([] {
    const auto t = numbers::create(open_to_all);
    for (int i = 0; i < 4; ++i) {
      const auto busy = joist::spawn_monitor([t, i] {
        for (;;) {
          if (i == 0) t.insert(1, 1);
          if (i == 1) (void)t.lookup(1);
          if (i == 2) t.erase(1);
          if (i == 3) (void)t.select_count([](int, int) { return true; });
        }
      });
      joist::yield();
      joist::exit(busy.process, exit_reason::kill);
      EXPECT(reason_of(busy) == exit_reason::killed);
    }
  });
}

TEST_CASE("table: handles are values, and one that names no table says so", "[ET19]") {
  everywhere([] {
    const numbers nothing;
    EXPECT(refuses(errc::no_table, [&] { (void)nothing.lookup(1); }));
    EXPECT(refuses(errc::no_table, [&] { nothing.delete_table(); }));
    const auto t = numbers::create(open_to_all);
    const auto copy = t;
    EXPECT(copy == t && !(nothing == t) && !(numbers::create() == t));
    const auto other = joist::spawn_monitor([] { joist::receive<numbers>().insert(1, 1); });
    joist::send(other.process, t);
    EXPECT(reason_of(other) == exit_reason::normal && copy.lookup(1) == 1);
    const joist::table_info info = t.info();
    EXPECT(info.owner == joist::self() && !info.heir && info.size == 1 && info.access == table_access::public_ &&
           info.name.empty() && info.type.find("hashed_entries<int, int") != std::string::npos);
  });
}

TEST_CASE("table: readers and writers on many workers see whole values", "[ET20]") {
  using pairs = joist::table<int, std::pair<std::string, std::string>>;
  on_workers(
      [] {
        const auto t = pairs::create(open_to_all);
        std::vector<joist::monitored> all;
        for (int p = 0; p < 6; ++p) {
          all.push_back(joist::spawn_monitor([t, p] {
            for (int i = 0; i < 2000; ++i) {
              const int key = (i * 7 + p) % 50;
              const std::string text = fmt::format("a text that is long enough for the heap {}", i);
              if (p < 2) {
                t.insert(key, {text, text});
              } else if (p == 2) {
                t.update(key, [&](auto& v) { v = {text, text}; });
              } else if (p == 3) {
                t.erase(key);
              } else if (const auto v = t.lookup(key)) {
                EXPECT(v->first == v->second);
              }
            }
          }));
        }
        for (int i = 0; i < 20; ++i) t.for_each([](int, const auto& v) { EXPECT(v.first == v.second); });
        for (const auto& m : all) EXPECT(reason_of(m) == exit_reason::normal);
        EXPECT(t.size() == t.to_vector().size());
      },
      5);
}

namespace {

/// Data for who is given a table; its copy may fail.
class fragile {
 public:
  explicit fragile(std::shared_ptr<std::atomic<bool>> fails) : fails_{std::move(fails)} {}
  fragile(const fragile& other) : fails_{other.fails_} {
    if (*fails_) throw std::runtime_error{"no copy"};
  }
  fragile(fragile&&) noexcept = default;
  fragile& operator=(const fragile&) = delete;
  ~fragile() = default;

 private:
  std::shared_ptr<std::atomic<bool>> fails_;
};

/// A key that asks a table when it is destroyed.
struct asking_key {
  int number;
  std::shared_ptr<const int> alive;
  numbers about;
  asking_key(int n, std::shared_ptr<const int> a, numbers t) : number{n}, alive{std::move(a)}, about{std::move(t)} {}
  asking_key(const asking_key&) = default;
  asking_key(asking_key&&) noexcept = default;
  asking_key& operator=(const asking_key&) = default;
  ~asking_key() {
    if (alive != nullptr) about.update_counter(0, 1, 0);
  }
  friend bool operator==(const asking_key& a, const asking_key& b) noexcept { return a.number == b.number; }
};
struct hash_of_number {
  std::size_t operator()(const asking_key& k) const noexcept { return static_cast<std::size_t>(k.number); }
};

}  // namespace

TEST_CASE("table: an heir whose data cannot be copied becomes the owner all the same, and is not told", "[ET15]") {
  everywhere([] {
    const auto fails = std::make_shared<std::atomic<bool>>(false);
    const auto owner = joist::spawn_monitor([fails, to = joist::self()] {
      const auto made = numbers::create(open_to_all);
      made.insert(1, 10);
      made.set_heir(to, fragile{fails});
      joist::send(to, have<numbers>{made});
      joist::receive<go>();
    });
    const auto t = joist::receive<have<numbers>>().table;
    *fails = true;
    joist::send(owner.process, go{});
    (void)reason_of(owner);
    while (t.info().owner != joist::self()) joist::yield();
    EXPECT(t.lookup(1) == 10);
    t.delete_table();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("table: data that cannot be copied fails who gives a table away, whose it stays", "[ET16]") {
  everywhere([] {
    const auto fails = std::make_shared<std::atomic<bool>>(true);
    const auto t = numbers::create();
    t.insert(1, 10);
    const auto taker = joist::spawn_monitor([] { joist::receive<joist::table_transfer<numbers, fragile>>(); });
    bool has_failed = false;
    try {
      t.give_away(taker.process, fragile{fails});
    } catch (const std::runtime_error&) {
      has_failed = true;
    }
    EXPECT(has_failed && t.info().owner == joist::self() && t.lookup(1) == 10);
    *fails = false;
    t.give_away(taker.process, fragile{fails});
    EXPECT(reason_of(taker) == exit_reason::normal);
  });
}

TEST_CASE("table: what take and a failed update take out is destroyed after the lock, keys too", "[ET13]") {
  everywhere([] {
    const auto alive = std::make_shared<const int>(0);
    const auto count = numbers::create(open_to_all);
    const auto t = joist::table<asking_key, int, hash_of_number>::create();
    t.insert(asking_key{1, alive, count}, 10);
    const asking_key one{1, nullptr, {}};
    const auto before = count.lookup(0).value_or(0);
    EXPECT(t.take(one) == 10 && !t.take(one));
    EXPECT(count.lookup(0) == before + 1);
    bool has_failed = false;
    try {
      t.update(asking_key{2, alive, count}, 0, [](int&) { throw std::runtime_error{"no"}; });
    } catch (const std::runtime_error&) {
      has_failed = true;
    }
    EXPECT(has_failed && t.size() == 0);
    EXPECT(alive.use_count() == 1);
  });
}
