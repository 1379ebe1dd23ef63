// joist/message.hpp
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace joist;

namespace {

struct numbered {
  int from;
  int number;
};

template <std::size_t Alignment, std::size_t Size>
struct alignas(Alignment) aligned {
  std::array<unsigned char, Size> bytes{};
  [[nodiscard]] bool in_place() const { return reinterpret_cast<std::uintptr_t>(this) % Alignment == 0; }
};

template <class Aligned>
void arrives_whole() {
  Aligned a;
  a.bytes.fill(7);
  send(self(), a);
  send(self(), std::pair{std::make_shared<const int>(1), a});  // one whose destructor has something to do
  receive([&](const Aligned& got) { EXPECT(got.in_place() && got.bytes == a.bytes); });
  receive([&](const std::pair<std::shared_ptr<const int>, Aligned>& got) {
    EXPECT(got.second.in_place() && got.second.bytes == a.bytes);
  });
  EXPECT(support::reason_after([a] { EXPECT(a.in_place() && a.bytes[0] == 7); }) == exit_reason::normal);
}

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

namespace {

/// Tells its owner when it is dropped.
class told_when_dropped {
 public:
  explicit told_when_dropped(pid owner) : owner_{owner} {}
  told_when_dropped(told_when_dropped&& from) noexcept : owner_{std::exchange(from.owner_, pid{})} {}
  told_when_dropped& operator=(told_when_dropped&&) = delete;
  ~told_when_dropped() {
    if (owner_) send(owner_, support::go{});
  }

 private:
  pid owner_;
};

}  // namespace

TEST_CASE("send: a message that sends when it is dropped may move its sender to another thread") {
  auto body = [] {
    const pid dead = spawn([] {});
    (void)support::await_end(dead);
    std::vector<monitored> all;
    for (int k = 0; k < 8; ++k) {
      all.push_back(spawn_monitor([dead] {
        for (int i = 0; i < 200; ++i) {
          send(dead, told_when_dropped{self()});
          receive<support::go>();
          const alias off = make_alias();
          unalias(off);
          send(off, told_when_dropped{self()});
          receive<support::go>();
          cancel_timer(send_after(std::chrono::hours{1}, self(), told_when_dropped{self()}));
          receive<support::go>();
        }
      }));
    }
    for (const auto& m : all) EXPECT(support::reason_of(m).to_string() == "normal");
  };
  support::in_simulation(body, 20);
  auto options = support::quiet();
  options.reductions = 5;
  runtime rt{options};
  rt.ask(body);
}

TEST_CASE("send: values of any size and alignment arrive whole") {
  support::everywhere([] {
    arrives_whole<aligned<1, 1>>();
    arrives_whole<aligned<32, 32>>();
    arrives_whole<aligned<64, 100>>();
    arrives_whole<aligned<64, 3000>>();
    arrives_whole<aligned<128, 50>>();
    arrives_whole<aligned<1024, 5000>>();
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

namespace {

struct shape {
  int corners;
};
struct square : shape {
  using message_base = shape;
  std::string color;
};
struct line {
  int length;
};

}  // namespace

TEST_CASE("message: types that name a common base are told from all others, and are that base") {
  support::everywhere([] {
    joist::send(joist::self(), square{{4}, "red"});
    joist::send(joist::self(), line{7});
    const auto corners = [](const joist::any_message& m) {
      const shape* s = m.base_if<shape>();
      return s != nullptr ? s->corners : 0;
    };
    joist::any_message first = joist::receive<joist::any_message>();
    EXPECT(corners(first) == 4 && first.get_if<square>()->color == "red");
    first.base_if<shape>()->corners = 5;
    EXPECT(corners(first) == 5);
    const joist::any_message second = joist::receive<joist::any_message>();
    EXPECT(corners(second) == 0 && second.base_if<line>() == nullptr);
  });
}

TEST_CASE("message: an any_message that has been passed on is not there to be passed on again, and the error says so") {
  support::everywhere([] {
    joist::send(joist::self(), 7);
    joist::any_message m = joist::receive<joist::any_message>();
    joist::send(joist::self(), std::move(m));
    EXPECT(support::refuses(joist::errc::bad_argument,
                            [&] { joist::send(joist::self(), std::move(m)); }));  // NOLINT(bugprone-use-after-move)
    EXPECT(joist::receive<int>() == 7);
  });
}
