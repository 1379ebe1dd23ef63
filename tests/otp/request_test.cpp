#include <joist/otp/request.hpp>

#include <joist/otp/gen_server.hpp>
#include <joist/otp/multi_call.hpp>
#include <joist/otp/sys.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/ends.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::server_ref;

namespace {

/// Answers now, later, or never.
struct clerk : joist::gen_server<clerk> {
  struct add {
    using reply = int;
    int n;
  };
  struct keep {
    using reply = int;
  };
  struct touch {
    using reply = void;
  };
  struct answer_kept {
    int n;
  };
  struct leave {
    exit_reason why;
  };

  explicit clerk(int base) : base_{base} {}
  int handle_call(add a) const { return base_ + a.n; }
  void handle_call(keep, const joist::from<int>& client) { kept_.push_back(client); }
  void handle_call(touch) { ++base_; }
  void handle_cast(answer_kept a) {
    for (const auto& client : kept_) reply(client, a.n);
    kept_.clear();
  }
  void handle_cast(leave l) { stop(l.why); }

 private:
  int base_;
  std::vector<joist::from<int>> kept_;
};

/// Its answers can only be moved.
struct packer : joist::gen_server<packer> {
  struct pack {
    using reply = std::unique_ptr<int>;
    int n;
  };
  std::unique_ptr<int> handle_call(pack p) const { return std::make_unique<int>(p.n); }
};

server_ref<clerk> clerk_with(int base) { return joist::start<clerk>(base); }
void dismiss(server_ref<clerk> c) { c.stop(); }

}  // namespace

TEST_CASE("request: answers are told apart, a timeout keeps the request, foreign messages are no answer", "[G18]") {
  everywhere([] {
    const auto c = clerk_with(10);
    auto first = c.send_request(clerk::keep{});
    auto second = c.send_request(clerk::add{1});
    auto nothing = c.send_request(clerk::touch{});
    EXPECT(!first.wait_response(1ms).has_value() && first);
    EXPECT(**second.wait_response() == 11 && !second);
    EXPECT(nothing.receive_response().has_value());
    joist::any_message foreign = [] {
      joist::send(joist::self(), 7);
      return joist::receive([](joist::any_message m) { return m; });
    }();
    EXPECT(!first.check_response(foreign).has_value() && *foreign.get_if<int>() == 7);
    c.cast(clerk::answer_kept{5});
    joist::any_message answer = joist::receive([](joist::any_message m) { return m; });
    EXPECT(**first.check_response(answer) == 5 && !first);
    EXPECT(refuses(joist::errc::bad_argument, [&] { (void)first.wait_response(); }));
    dismiss(c);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request: a server that ends, or is not there, is an outcome", "[G18]") {
  everywhere([] {
    const auto c = clerk_with(0);
    auto kept = c.send_request(clerk::keep{});
    auto seen = c.send_request(clerk::keep{});
    c.cast(clerk::leave{named_reason("tired")});
    EXPECT(kept.receive_response().error() == named_reason("tired"));
    joist::any_message end = joist::receive([](joist::any_message m) { return m; });
    EXPECT(seen.check_response(end)->error() == named_reason("tired"));
    EXPECT(c.send_request(clerk::add{1}).receive_response().error() == exit_reason::noproc);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request: one that is given up, by a timeout, by name or by its scope, leaves nothing behind", "[G13][G20]") {
  everywhere([] {
    const auto c = clerk_with(0);
    EXPECT(c.send_request(clerk::keep{}).receive_response(0ms).error() == exit_reason::timeout);
    auto given_up = c.send_request(clerk::keep{});
    given_up.abandon();
    EXPECT(!given_up);
    { const auto scoped = c.send_request(clerk::keep{}); }
    auto replaced = c.send_request(clerk::keep{});
    replaced = c.send_request(clerk::add{3});
    (void)c.send_request(clerk::add{3}).wait_response(0ms);
    c.cast(clerk::answer_kept{1});
    EXPECT(replaced.receive_response().value() == 3);
    dismiss(c);
    EXPECT(joist::process_info(joist::self())->monitors.empty());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request: is given up also when its process is killed or a handler throws", "[G20]") {
  everywhere([] {
    const auto c = clerk_with(0);
    const auto killed = joist::spawn_monitor([c, main = joist::self()] {
      const auto waiting = c.send_request(clerk::keep{});
      joist::request_set<int, int> several;
      several.add(c.send_request(clerk::keep{}), 1);
      joist::send(main, 'w');
      wait_for_ever();
    });
    (void)joist::receive<char>();
    joist::exit(killed.process, exit_reason::kill);
    EXPECT(joist::receive<joist::down>().reason == exit_reason::killed);
    EXPECT(joist::system_info().abandoned_stacks == 0);
    try {
      const auto waiting = c.send_request(clerk::keep{});
      throw 1;
    } catch (int) {
    }
    c.cast(clerk::answer_kept{1});
    dismiss(c);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request: belongs to the process that asked", "[G18]") {
  everywhere([] {
    const auto c = clerk_with(0);
    const auto mine =
        std::make_unique<joist::request<int>>(c.send_request(clerk::add{1}));  // not on this stack: another looks
    const auto other = joist::spawn_monitor(
        [theirs = mine.get()] { EXPECT(refuses(joist::errc::bad_wait, [&] { (void)theirs->wait_response(); })); });
    EXPECT(joist::receive<joist::down>([&](const joist::down& d) { return d.monitor == other.monitor; }).reason ==
           exit_reason::normal);
    EXPECT(mine->receive_response().value() == 1);
    dismiss(c);
  });
}

TEST_CASE("request: to a full mailbox that says so is an outcome at once, and so is a call", "[G18]") {
  everywhere([] {
    joist::server_options o;
    o.process.mailbox_limit = 1;
    o.process.when_full = joist::mailbox_policy::fail;
    const auto c = joist::start<clerk>(o, 0);
    joist::sys::suspend(c);
    c.cast(clerk::answer_kept{0});
    auto refused = c.send_request(clerk::add{1});
    EXPECT(refused.receive_response().error().to_string().find("mailbox is full") != std::string::npos);
    EXPECT(c.try_call(clerk::add{1}).error().to_string().find("mailbox is full") != std::string::npos);
    { const auto dropped = c.send_request(clerk::add{1}); }
    joist::exit(c, exit_reason::kill);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request_set: answers come by arrival, with their labels; ends are outcomes of their own", "[G19][G20]") {
  everywhere([] {
    const auto slow = clerk_with(0);
    const auto quick = clerk_with(100);
    joist::request_set<int, std::string> all;
    EXPECT(all.empty() && !all.wait_response().has_value());
    all.add(slow.send_request(clerk::keep{}), "slow");
    all.add(quick.send_request(clerk::add{1}), "quick");
    all.add(server_ref<clerk>{joist::pid{}}.send_request(clerk::add{1}), "nobody");
    EXPECT(all.size() == 3 && all.labels().size() == 3);
    bool nobody = false;
    bool answered = false;
    for (int i = 0; i < 2; ++i) {
      auto next = all.wait_response();
      nobody = nobody || (next->label == "nobody" && next->outcome.error() == exit_reason::noproc);
      answered = answered || (next->label == "quick" && next->outcome.value() == 101);
    }
    EXPECT(nobody && answered && all.size() == 1);
    EXPECT(!all.wait_response(1ms).has_value() && all.size() == 1);  // it stays
    slow.cast(clerk::answer_kept{9});
    joist::any_message m = joist::receive([](joist::any_message message) { return message; });
    const auto last = all.check_response(m);
    EXPECT(last && last->label == "slow" && last->outcome.value() == 9 && all.empty());
    joist::request<int> over;
    EXPECT(refuses(joist::errc::bad_argument, [&] { all.add(std::move(over), "over"); }));
    dismiss(slow);
    dismiss(quick);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request_set: receive_response gives all up at its deadline, and late answers vanish", "[G19][G20]") {
  everywhere([] {
    const auto c = clerk_with(0);
    joist::request_set<int, int> all;
    for (int i = 0; i < 5; ++i) all.add(c.send_request(clerk::keep{}), i);
    joist::request_set<int, int> moved = std::move(all);
    const auto until = joist::clock::now() + 1ms;
    EXPECT(!moved.receive_response(until).has_value() && moved.empty());
    c.cast(clerk::answer_kept{1});
    dismiss(c);
    EXPECT(joist::process_info(joist::self())->monitors.empty());
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("request_set: one that is taken out goes on by itself", "[G19]") {
  everywhere([] {
    const auto c = clerk_with(0);
    joist::request_set<int, int> all;
    auto one = c.send_request(clerk::keep{});
    const joist::ref its = one.reference();
    all.add(std::move(one), 1);
    all.add(c.send_request(clerk::keep{}), 2);
    EXPECT(!all.remove(joist::make_ref()) && all.size() == 2);
    auto taken = all.remove(its);
    EXPECT(taken.reference() == its && all.size() == 1);
    c.cast(clerk::answer_kept{7});
    EXPECT(all.wait_response()->label == 2 && all.empty());
    EXPECT(taken.wait_response()->value() == 7);
    dismiss(c);
    EXPECT(mailbox_stays_empty());
  });
}

TEST_CASE("multi_call: answers need not have a copy", "[G22]") {
  everywhere([] {
    const std::vector servers{joist::start<packer>(), joist::start<packer>(), server_ref<packer>{joist::pid{}}};
    const auto packed = joist::multi_call(servers, packer::pack{7});
    EXPECT(packed.replies.size() == 2 && *packed.replies[1].reply == 7);
    EXPECT(packed.failures.size() == 1 && packed.failures[0].reason == exit_reason::noproc);
  });
}

TEST_CASE("multi_call: good and bad ones are told apart, one limit bounds the whole, late answers vanish", "[G22]") {
  everywhere([] {
    std::vector<server_ref<clerk>> servers;
    for (int i = 0; i < 4; ++i) servers.push_back(clerk_with(i * 10));
    servers.push_back(server_ref<clerk>{joist::pid{}});
    const auto sums = joist::multi_call(servers, clerk::add{1});
    EXPECT(sums.replies.size() == 4 && sums.failures.size() == 1);
    for (int i = 0; i < 4; ++i) {
      EXPECT(sums.replies[static_cast<std::size_t>(i)].reply == i * 10 + 1);
      EXPECT(sums.replies[static_cast<std::size_t>(i)].server == servers[static_cast<std::size_t>(i)]);
    }
    EXPECT(sums.failures[0].reason == exit_reason::noproc);
    const auto late = joist::multi_call(servers, clerk::keep{}, 1ms);
    EXPECT(late.replies.empty() && late.failures.size() == 5 && late.failures[0].reason == exit_reason::timeout);
    joist::abcast(servers, clerk::answer_kept{1});
    EXPECT(joist::multi_call(std::vector<server_ref<clerk>>{}, clerk::add{1}).replies.empty());
    const std::vector<server_ref<clerk>> oneself{server_ref<clerk>{joist::self()}};
    EXPECT(refuses(joist::errc::bad_wait, [&] { (void)joist::multi_call(oneself, clerk::add{1}); }));
    servers.pop_back();
    for (const auto& c : servers) dismiss(c);
    EXPECT(mailbox_stays_empty());
  });
}
