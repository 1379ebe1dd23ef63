// joist/message.hpp
#include <array>
#include <memory>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

struct numbered {
  int from;
  int number;
};

struct alignas(64) aligned {
  std::array<unsigned char, 100> bytes;
};

// The uses of what it points to tell how many copies there are anywhere.
using payload = std::shared_ptr<const int>;

}  // namespace

TEST_CASE("send: messages from one process arrive in the order they were sent") {
  support::everywhere([] {
    const pid main = self();
    for (int from = 0; from < 3; ++from) {
      spawn([main, from] {
        for (int i = 0; i < 50; ++i) send(main, numbered{from, i});
      });
    }
    std::array<int, 3> next{};
    for (int i = 0; i < 150; ++i) {
      const auto n = receive<numbered>();
      EXPECT(n.number == next[static_cast<std::size_t>(n.from)]++);
    }
  });
}

TEST_CASE("send: what is sent to the dead is destroyed at once") {
  support::everywhere([] {
    const payload p = std::make_shared<const int>(1);
    const auto child = spawn_monitor([] {});
    (void)support::reason_of(child);
    send(child.process, p);
    send(pid{}, p);
    send(pid{3, 999999, 77}, p);
    send(make_alias(), p);
    EXPECT(unalias(ref{1}) == false);
    EXPECT(p.use_count() == 2);  // the one to the alias is in this mailbox
  });
}

TEST_CASE("send: a payload is destroyed exactly once, whoever dies when") {
  support::everywhere([] {
    const payload p = std::make_shared<const int>(1);
    const auto unread = spawn_monitor([] { receive<support::go>(); });
    const auto killed = spawn_monitor([] { receive<support::go>(); });
    const auto holding = spawn_monitor([] { receive([](payload) { receive<support::go>(); }); });
    for (const auto& m : {unread, killed, holding}) {
      for (int i = 0; i < 3; ++i) send(m.process, p);
    }
    send(unread.process, support::go{});
    joist::exit(killed.process, exit_reason::kill);
    joist::exit(holding.process, exit_reason::of(1));
    for (const auto& m : {unread, killed, holding}) (void)support::reason_of(m);
    while (p.use_count() > 1) yield();  // the killed are unwound after their end is announced
  });
}

TEST_CASE("send: values of any size and alignment arrive whole") {
  support::everywhere([] {
    aligned a{};
    a.bytes.fill(7);
    send(self(), a);
    receive([&](const aligned& got) {
      EXPECT(reinterpret_cast<std::uintptr_t>(&got) % alignof(aligned) == 0);
      EXPECT(got.bytes == a.bytes);
    });
    send(self(), std::array<int, 5000>{{1, 2, 3}});
    EXPECT((receive<std::array<int, 5000>>()[2] == 3));
    send(self(), std::make_unique<std::string>("moved"));
    EXPECT(*receive<std::unique_ptr<std::string>>() == "moved");
  });
}

TEST_CASE("send: by name, and to nobody of that name") {
  support::everywhere([] {
    register_name("inbox");
    send("inbox", 5);
    EXPECT(receive<int>() == 5);
    EXPECT(support::refuses(errc::name_unknown, [] { send("outbox", 5); }));
    unregister_name("inbox");
  });
}

TEST_CASE("send: from threads, and between two runtimes") {
  joist::runtime one{support::quiet(1)};
  joist::runtime two{support::quiet(1)};
  const pid echo = one.spawn([] {
    for (;;) {
      receive([](std::pair<pid, int> m) { send(m.first, m.second); });
    }
  });
  CHECK(two.ask([echo] {
    send(echo, std::pair{self(), 7});
    return receive<int>();
  }) == 7);
  CHECK(send(echo, 1) == send_result::sent);
}
