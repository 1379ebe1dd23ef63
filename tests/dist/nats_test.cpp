// Against a real server, which each test starts for itself.
#include <joist/dist/nats.hpp>

#include <memory>
#include <string>

#include "support/engine.hpp"
#include "support/joined.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::pubsub;
using joist::pubsub_error;

namespace {

pubsub node(const std::string& name, const std::string& url) {
  return pubsub{{.adapter = joist::dist::nats({.url = url, .connection = impatient()}), .node = name}};
}

/// As run_contract_while_killed() wants them.
auto adapters_of(const nats_engine& engine) {
  return [&engine](const std::string& system, const joist::dist::connection_options& connection) {
    return joist::dist::nats({.url = engine.url(), .system = system, .connection = connection});
  };
}

// The contract has frames of a mebibyte, which the usual limit of a server leaves no room for around them.
const char* const large_payloads = "max_payload: 2MB";

}  // namespace

TEST_CASE("nats: keeps the contract of adapters, killed and started again between") {
  nats_engine engine{large_payloads};
  run_contract_while_killed(engine, adapters_of(engine));
}

TEST_CASE("nats: keeps the contract of adapters where the server falls silent, and no connection breaks") {
  nats_engine engine{large_payloads};
  run_contract_while_frozen(engine, adapters_of(engine));
}

TEST_CASE("nats: what is published without connection is refused, and everything else arrives") {
  nats_engine engine;
  on_workers([&engine] { (void)refuses_only_what_is_lost(engine, node("a", engine.url()), node("b", engine.url())); }, 1);
}

TEST_CASE("nats: user and password, or a token, are told, and who has the wrong one hears why") {
  nats_engine by_password{"authorization { user: ann, password: \"p\\\"w\" }"}, by_token{"authorization { token: secret }"};
  on_workers(
      [&] {
        const watched_connections watched;
        const pubsub ann = node("ann", by_password.url("ann:p%22w@")), bob = node("bob", by_password.url("bob:p@"));
        const pubsub right = node("right", by_token.url("secret@")), wrong = node("wrong", by_token.url());
        for (const pubsub& bus : {ann, bob, right, wrong}) joist::start_pubsub(bus);
        watched.await("ann");
        watched.await("right");
        for (const char* name : {"bob", "wrong"})
          EXPECT(watched.why_lost(name).find("Authorization Violation") != std::string::npos);
      },
      1);
}

TEST_CASE("nats: what is larger than the server takes is refused, and the connection goes on") {
  nats_engine engine{"max_payload: 1000"};
  on_workers(
      [&engine] {
        const watched_connections watched;
        const pubsub a = node("a", engine.url()), b = node("b", engine.url());
        start_both(watched, a, b);
        b.subscribe("t");
        EXPECT(a.broadcast("t", std::string(1000, 'x')).error() == pubsub_error::not_connected);
        EXPECT(a.broadcast("t", std::string(900, 'x')).has_value());
        EXPECT(joist::receive<std::string>() == std::string(900, 'x'));
      },
      1);
}

TEST_CASE("nats: what a node may not publish is lost, and its connection goes on; one that may not subscribe hears why") {
  nats_engine engine{
      "authorization { users: ["
      "{ user: ann, password: p, permissions: { publish: \"joist.all\", subscribe: \">\" } }, { user: bob, password: p },"
      "{ user: eve, password: p, permissions: { subscribe: \"other\" } } ] }"};
  on_workers(
      [&engine] {
        const watched_connections watched;
        const pubsub a = node("a", engine.url("ann:p@")), b = node("b", engine.url("bob:p@"));
        start_both(watched, a, b);
        b.subscribe("t");
        EXPECT(a.direct_broadcast("b", "t", std::string{"not allowed"}).has_value());
        EXPECT(a.broadcast("t", std::string{"allowed"}).has_value() && joist::receive<std::string>() == "allowed");
        EXPECT(!joist::receive<told_disconnected>(joist::after(0ms)));
        const pubsub eve = node("eve", engine.url("eve:p@"));
        joist::start_pubsub(eve);
        EXPECT(watched.why_lost("eve").find("Permissions Violation for Subscription") != std::string::npos);
      },
      1);
}

TEST_CASE("nats: a server that is about to stop is left for another one") {
  nats_engine first, second;
  on_workers(
      [&] {
        const watched_connections watched;
        const pubsub a = node("a", first.url() + "," + second.url()), b = node("b", second.url());
        start_both(watched, a, b);
        first.begin_to_stop();
        EXPECT(watched.why_lost("a").find("about to stop") != std::string::npos);
        watched.await("a");
        b.subscribe("t");
        EXPECT(a.broadcast("t", std::string{"hello"}).has_value() && joist::receive<std::string>() == "hello");
      },
      1);
}
