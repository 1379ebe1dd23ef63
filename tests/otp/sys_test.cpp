#include <joist/otp/sys.hpp>

#include <joist/otp/gen_server.hpp>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
namespace sys = joist::sys;

namespace {

struct counter : joist::gen_server<counter> {
  struct add {
    int n;
  };
  struct get {
    using reply = int;
  };
  void handle_cast(add a) { state += a.n; }
  int handle_call(get) const { return state; }
  std::string format_status() const {
    if (state == 13) throw std::runtime_error{"unlucky"};
    return "hidden";
  }
  int state = 0;
};
struct other : joist::gen_server<other> {};

}  // namespace

TEST_CASE("sys: the state can be seen and replaced, also while suspended; a replacement that throws changes nothing",
          "[Y01]") {
  everywhere([] {
    const auto server = joist::start<counter>();
    server.cast(counter::add{3});
    auto look = [](const counter& c) { return c.state; };
    EXPECT(sys::get_state(server, look) == 3);
    sys::suspend(server);
    sys::replace_state(server, [](int& n) { n = 40; });
    EXPECT(sys::get_state(server, look) == 40);
    const exit_reason why = reason_after([server] {
      sys::replace_state(server, [](int& n) {
        n = 99;
        throw std::runtime_error{"no"};
      });
    });
    EXPECT(why.error() != nullptr && why.error()->what == "no");
    EXPECT(sys::get_state(server, look) == 40);
    sys::resume(server);
    EXPECT(server.call(counter::get{}) == 40);
    const joist::server_ref<other> wrong{server.process()};
    const exit_reason wrong_class = reason_after([wrong] { sys::get_state(wrong, [](const other&) { return 1; }); });
    EXPECT(wrong_class.error() != nullptr &&
           wrong_class.error()->what.find("expected a server of class") != std::string::npos);
    server.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("sys: a suspended server handles no message until it is resumed, and can be stopped", "[Y02]") {
  everywhere([] {
    const auto server = joist::start<counter>();
    sys::suspend(server);
    sys::suspend(server);
    EXPECT(sys::get_status(server).suspended);
    server.cast(counter::add{1});
    EXPECT(server.try_call(counter::get{}, 5ms).error() == exit_reason::timeout);
    EXPECT(sys::get_state(server, [](const counter& c) { return c.state; }) == 0);
    sys::resume(server);
    EXPECT(server.call(counter::get{}) == 1);
    sys::suspend(server);
    server.stop();
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("sys: status names class and parent, and shows the state in the server's own words, or that these crashed",
          "[Y05]") {
  everywhere([] {
    const auto server = joist::start_link<counter>(joist::server_options{.name = "the counter"});
    const sys::status s = sys::get_status(server);
    EXPECT(s.type.find("counter") != std::string::npos);
    EXPECT(s.name == "the counter" && s.parent == joist::self() && s.state == "hidden" && !s.suspended);
    server.cast(counter::add{13});
    EXPECT(sys::get_status(server).state.find("unlucky") != std::string::npos);
    EXPECT(server.call(counter::get{}) == 13);
    server.stop();
  });
}

TEST_CASE("sys: counts, events and spies, for as long as they are wanted", "[Y03]") {
  everywhere([] {
    const auto server = joist::start<counter>();
    EXPECT(!sys::statistics(server));
    sys::count(server, true);
    sys::keep_events(server, 2);
    const joist::pid me = joist::self();
    sys::install(server, "spy", [me](const sys::server_event& e) {
      joist::send(me, e);
      return e.type != "void";
    });
    sys::install(server, "thrower", [](const sys::server_event&) -> bool { throw 1; });
    for (int i = 0; i < 3; ++i) server.cast(counter::add{1});
    EXPECT(server.call(counter::get{}) == 3);
    const auto counts = sys::statistics(server);
    EXPECT(counts && counts->messages_in == 4 && counts->messages_out == 1);
    const auto kept = sys::events(server);
    EXPECT(kept.size() == 2 && kept[0].in && kept[0].whom == me && !kept[1].in);
    for (int i = 0; i < 5; ++i) (void)joist::receive<sys::server_event>();
    sys::remove(server, "spy");
    sys::count(server, false);
    sys::keep_events(server, 0);
    server.cast(counter::add{1});
    EXPECT(server.call(counter::get{}) == 4);
    EXPECT(!sys::statistics(server) && sys::events(server).empty());
    EXPECT(mailbox_stays_empty());
    server.stop();
  });
}

TEST_CASE("sys: without a server the caller exits", "[Y02]") {
  everywhere([] {
    const auto server = joist::start<counter>();
    server.stop();
    EXPECT(reason_after([server] { sys::suspend(server); }) == exit_reason::noproc);
  });
}
