#include "web/channels/longpoll.hpp"

#include <joist/web/client.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/phoenix_client.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::pubsub;
using joist::web::json_value;

namespace {

class polling_client {
 public:
  explicit polling_client(const joist::net::endpoint& at, const std::string& query = {})
      : url_{"http://" + at.to_string() + "/socket/longpoll?vsn=2.0.0" + query} {}

  /// The status in the body; messages are kept.
  int poll() {
    const json_value answer = parsed(http_.get(url_ + token_).body());
    if (const json_value* token = answer.find("token"); token != nullptr) token_ = "&token=" + *token->as_string();
    if (const json_value* got = answer.find("messages"); got != nullptr) {
      for (const auto& m : *got->as_array()) messages.push_back(*m.as_string());
    }
    return status_of(answer);
  }
  int post(const std::string& lines) {
    web::response body = web::bytes("application/x-ndjson", lines);
    return status_of(parsed(http_.post(url_ + token_, std::move(body)).body()));
  }
  int post_status(const std::string& lines) {
    return http_.post(url_ + token_, web::bytes("application/x-ndjson", lines)).status();
  }
  std::string next() {
    while (messages.empty()) EXPECT(poll() == 200);
    std::string first = messages.front();
    messages.erase(messages.begin());
    return first;
  }
  std::vector<std::string> messages;

 private:
  static json_value parsed(std::string_view text) { return *web::parse_json(text); }
  static int status_of(const json_value& v) { return static_cast<int>(*v.find("status")->as_int64()); }
  web::client http_;
  std::string url_;
  std::string token_;
};

}  // namespace

TEST_CASE("longpoll: a client that polls joins, pushes, several at once, and hears") {
  with_phoenix({}, [](const pubsub& bus, const joist::net::endpoint& at) {
    polling_client ann{at};
    phoenix_client bob{at};
    EXPECT(ann.poll() == 410);  // this is how a client begins
    EXPECT(ann.post(R"(["4","4","room:1","phx_join",{}])") == 200);
    EXPECT(ann.next() == R"(["4","4","room:1","phx_reply",{"status":"ok","response":{}}])");
    EXPECT(ann.post("[\"4\",\"6\",\"room:1\",\"ping\",{\"n\":2}]\n[\"4\",\"7\",\"room:1\",\"ping\",{\"n\":3}]\r\n") == 200);
    EXPECT(ann.next() == R"(["4","6","room:1","phx_reply",{"status":"ok","response":{"n":2}}])");
    EXPECT(ann.next() == R"(["4","7","room:1","phx_reply",{"status":"ok","response":{"n":3}}])");
    EXPECT(bob.joins("room:1"));
    bob.say(R"(["1","2","room:1","new_msg",{"body":"hello"}])");
    EXPECT(ann.next() == R"([null,null,"room:1","new_msg",{"body":"hello"}])");
    EXPECT(bus.subscriber_count("room:1") == 2);
  });
}

TEST_CASE("longpoll: all that a client sends at once is taken, however many messages these are") {
  with_phoenix({}, [](const pubsub&, const joist::net::endpoint& at) {
    constexpr int count = 250;
    polling_client ann{at};
    EXPECT(ann.poll() == 410);
    std::string lines = R"(["4","4","room:1","phx_join",{}])";
    for (int i = 0; i < count; ++i) lines += "\n[\"4\",\"5\",\"room:1\",\"ping\",{\"n\":" + std::to_string(i) + "}]";
    EXPECT(ann.post(lines) == 200);
    EXPECT(ann.next() == R"(["4","4","room:1","phx_reply",{"status":"ok","response":{}}])");
    for (int i = 0; i < count; ++i) {
      EXPECT(ann.next() == R"(["4","5","room:1","phx_reply",{"status":"ok","response":{"n":)" + std::to_string(i) + "}}]");
    }
  });
}

TEST_CASE("longpoll: a token that the program has given its client is not taken for ours") {
  with_phoenix({}, [](const pubsub&, const joist::net::endpoint& at) {
    polling_client ann{at, "&user=ann&token=of-the-program"};
    EXPECT(ann.poll() == 410 && ann.post(R"(["4","4","room:1","phx_join",{}])") == 200);
    (void)ann.next();
    EXPECT(ann.post(R"(["4","5","room:1","whoami",{}])") == 200);
    EXPECT(ann.next() == R"(["4","5","room:1","phx_reply",{"status":"ok","response":{"reason":"ann"}}])");
  });
}

TEST_CASE("longpoll: bytes come as base64") {
  with_phoenix({}, [](const pubsub&, const joist::net::endpoint& at) {
    polling_client ann{at};
    phoenix_client bob{at};
    EXPECT(ann.poll() == 410 && ann.post(R"(["4","4","golden:lp","phx_join",{}])") == 200);
    (void)ann.next();
    EXPECT(bob.joins("golden:lp"));
    EXPECT(ann.post("AAEBCQk0NWdvbGRlbjpscGJpbl9iY2FzdAECAw==") == 200);
    EXPECT(bob.hear() == std::string("\x02\x09\x09golden:lpbin_bcast\x01\x02\x03", 24));
    EXPECT(ann.post_status("AAEBCQk0NWdvbGRlbjps!") == 400);
  });
}

TEST_CASE("longpoll: a poll to which nothing comes is over after a while, and another follows; who does not poll is gone") {
  with_phoenix({.poll = 50ms}, [](const pubsub& bus, const joist::net::endpoint& at) {
    polling_client ann{at};
    EXPECT(ann.poll() == 410 && ann.post(R"(["4","4","room:1","phx_join",{}])") == 200);
    (void)ann.next();
    EXPECT(ann.poll() == 204 && bus.subscriber_count("room:1") == 1);
    while (bus.subscriber_count("room:1") > 0) joist::yield();
    EXPECT(ann.post("[]") == 410);
    EXPECT(ann.poll() == 500);
  });
}

TEST_CASE("longpoll: who is refused, sends what is no message, is disconnected, or one too many, is told by a status") {
  with_phoenix({.max_polling = 2}, [](const pubsub& bus, const joist::net::endpoint& at) {
    EXPECT((polling_client{at, "&token=bad"}.poll()) == 403);
    polling_client wrong{at}, ann{at, "&user=ann"};
    EXPECT(wrong.poll() == 410 && ann.poll() == 410);
    EXPECT(polling_client{at}.poll() == 503);
    EXPECT(wrong.post("[1,2]") == 410);
    EXPECT(web::disconnect(bus, "users:ann"));
    int status = 0;
    do status = ann.post(R"([null,"1","phoenix","heartbeat",{}])");
    while (status == 200);
    EXPECT(status == 410);
  });
}

TEST_CASE("longpoll: other origins' pages are refused; browsers may ask what they may") {
  with_phoenix({}, [](const pubsub&, const joist::net::endpoint& at) {
    web::client http;
    const std::string url = "http://" + at.to_string() + "/socket/longpoll?vsn=2.0.0";
    web::client_request evil{.method = "GET", .url = url};
    evil.fields.set("Origin", "http://evil.example");
    EXPECT(http.send(std::move(evil)).body() == R"({"status":403})");
    web::client_request asks{.method = "OPTIONS", .url = url};
    asks.fields.set("Access-Control-Request-Headers", "x-a");
    EXPECT(http.send(std::move(asks)).fields().get("Access-Control-Allow-Headers") == "x-a");
  });
}
