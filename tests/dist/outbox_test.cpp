#include "dist/outbox.hpp"

#include <joist/joist.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace support;
using joist::dist::detail::frame_too_large;
using joist::dist::detail::frames_wait;
using joist::dist::detail::outbox;
using joist::dist::detail::waiting_frame;

namespace {

joist::pubsub_frame frame(std::size_t bytes) { return std::make_shared<const std::string>(bytes, 'x'); }
bool is_told() {
  return joist::receive([](frames_wait) { return true; }, joist::after(std::chrono::milliseconds{0}, [] { return false; }));
}

}  // namespace

TEST_CASE("outbox: frames are refused until it is open, and again when it is closed") {
  everywhere([] {
    outbox out{100};
    EXPECT(!out.offer("", frame(1)));
    out.open(100);
    EXPECT(out.offer("", frame(1)) && out.offer("b", frame(1)));
    EXPECT(out.close() == 2);
    EXPECT(!out.offer("", frame(1)));
    out.open(100);
    std::vector<waiting_frame> taken;
    EXPECT(!out.take(taken) && taken.empty());
  });
}

TEST_CASE("outbox: the connection is told once, and then only when it has found nothing") {
  everywhere([] {
    outbox out{100};
    out.open(100);
    EXPECT(out.offer("", frame(1)) && out.offer("b", frame(2)));
    EXPECT(is_told() && !is_told());
    EXPECT(!out.rouse());
    std::vector<waiting_frame> taken;
    EXPECT(out.take(taken) && taken.size() == 2 && taken[0].to.empty() && taken[1].to == "b");
    taken.clear();
    EXPECT(out.offer("", frame(1)) && !is_told());
    EXPECT(out.take(taken));
    taken.clear();
    EXPECT(!out.take(taken));
    EXPECT(out.offer("", frame(1)) && is_told());
    EXPECT(out.take(taken));
    taken.clear();
    EXPECT(!out.take(taken));
    EXPECT(out.rouse() && !out.rouse());
  });
}

TEST_CASE("outbox: O2: what is taken counts until it is sent") {
  everywhere([] {
    outbox out{100};
    out.open(100);
    EXPECT(out.offer("", frame(60)) && !out.offer("", frame(41)) && out.offer("", frame(40)));
    std::vector<waiting_frame> taken;
    EXPECT(out.take(taken) && !out.offer("", frame(1)));
    out.release(60);
    EXPECT(out.offer("", frame(60)) && !out.offer("", frame(1)));
  });
}

TEST_CASE("outbox: a frame that is too large is refused, and told once") {
  everywhere([] {
    outbox out{100};
    out.open(10);
    EXPECT(!out.offer("", frame(11)) && !out.offer("", frame(12)) && out.offer("", frame(10)));
    EXPECT(joist::receive<frame_too_large>().bytes == 11);
    EXPECT(is_told());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("outbox: the limit of a frame may change while it is open") {
  everywhere([] {
    outbox out{100};
    out.open(10);
    EXPECT(out.offer("", frame(10)));
    out.limit(5);
    EXPECT(!out.offer("", frame(6)) && out.offer("", frame(5)));
    out.limit(20);
    EXPECT(out.offer("", frame(20)));
  });
}

TEST_CASE("outbox: what a process that has been replaced still does changes nothing") {
  everywhere([] {
    const auto out = std::make_shared<outbox>(100);
    const auto old = joist::spawn_monitor([out, parent = joist::self()] {
      out->open(100);
      joist::send(parent, go{});
      (void)joist::receive<go>();
      std::vector<waiting_frame> taken;
      EXPECT(out->close() == 0 && !out->rouse() && !out->take(taken));
      out->release(7);
    });
    (void)joist::receive<go>();
    EXPECT(out->offer("", frame(7)));
    out->open(100);
    EXPECT(out->offer("", frame(3)) && is_told());
    joist::send(old.process, go{});
    EXPECT(reason_of(old) == joist::exit_reason::normal);
    std::vector<waiting_frame> taken;
    EXPECT(out->take(taken) && taken.size() == 1);
    EXPECT(!out->offer("", frame(98)) && out->offer("", frame(97)));
  });
}

TEST_CASE("outbox: O1: of many who offer none is left waiting") {
  everywhere([] {
    constexpr int publishers = 4, each = 50;
    const auto out = std::make_shared<outbox>(1 << 20);
    out->open(100);
    for (int p = 0; p < publishers; ++p) {
      joist::spawn_link([out] {
        for (int i = 0; i < each; ++i) EXPECT(out->offer("", frame(1)));
      });
    }
    std::size_t come = 0;
    while (come < publishers * each) {
      (void)joist::receive<frames_wait>();
      for (std::vector<waiting_frame> taken; out->take(taken); taken.clear()) come += taken.size();
    }
    EXPECT(come == publishers * each);
  });
}
