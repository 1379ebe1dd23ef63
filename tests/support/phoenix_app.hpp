// tests/support/phoenix_app.hpp: the channels of the Phoenix server whose traffic was recorded, written with ours.
#pragma once

#include <joist/joist.hpp>
#include <joist/pubsub/presence.hpp>
#include <joist/web/channel.hpp>
#include <joist/web/json.hpp>
#include <joist/web/presence.hpp>
#include <joist/web/server.hpp>
#include <joist/web/socket.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace support {

namespace web = joist::web;

struct phoenix_user {
  std::string name;
};

struct why {
  std::string reason;
};

/// room:*
class room_channel : public web::channel<room_channel, phoenix_user> {
 public:
  web::join_result join(std::string_view, const web::json_value&) { return ok(); }

  struct new_msg {
    std::string body;
  };
  using events = joist::type_list<new_msg>;
  void handle_in(const new_msg& m) { broadcast(m); }
  web::reply handle_in(std::string_view event, const web::client_payload& body) {
    if (event == "ping") return ok(body.to_payload());
    if (event == "whoami") return ok(why{socket().name});
    throw std::runtime_error{"no such event: " + std::string{event}};
  }
};

/// golden:*
class golden_channel : public web::channel<golden_channel, phoenix_user> {
 public:
  using info_types = joist::type_list<web::socket_ref>;
  static constexpr auto intercepts = std::to_array<std::string_view>({"intercepted"});

  web::join_result join(std::string_view topic, const web::json_value& params) {
    if (topic == "golden:private") return error(why{"unauthorized"});
    if (topic == "golden:raise") throw std::runtime_error{"join raises on purpose"};
    if (topic == "golden:noreply") return ok();
    return ok(web::json_value{web::json_value::object{{"echo", params}}});
  }

  void handle_in(std::string_view event, const web::client_payload& body) {
    const web::payload sent = body.to_payload();
    const web::socket_ref here = later();
    if (event == "ok") return reply_to(here, ok());
    if (event == "echo") return reply_to(here, ok(sent));
    if (event == "error") return reply_to(here, error(why{"no"}));
    if (event == "error_bare") return reply_to(here, error());
    if (event == "custom_status") return reply_to(here, {"maybe", web::payload::of_json(R"({"a":1})")});
    if (event == "noreply") return;
    if (event == "later") {
      answer_ = sent;
      joist::send_after(std::chrono::milliseconds{50}, joist::self(), here);
      return;
    }
    if (event == "push_me") {
      push("pushed", sent);
      return reply_to(here, ok());
    }
    if (event == "types") return reply_to(here, ok(web::payload::of_json(std::string{types})));
    if (event == "bin_echo") return reply_to(here, ok(sent));
    if (event == "bin_bcast") return void(broadcast("bin_bcast", sent));
    if (event == "push_bin") return push("pushed_bin", web::binary{std::string("\x00\x01\x02\xfd\xfe\xff", 6)});
    if (event == "intercept_me") return void(broadcast("intercepted", sent));
    if (event == "from_me") return void(broadcast_from("from_me", sent));
    if (event == "stop") return stop();
    throw std::runtime_error{"no such event: " + std::string{event}};
  }
  void handle_info(const web::socket_ref& to) { reply_to(to, ok(*answer_)); }
  void handle_out(std::string_view event, const web::payload& p) {
    push(event, web::json_value{web::json_value::object{{"seen_by", socket().name}, {"body", p.json()}}});
  }

 private:
  static constexpr std::string_view types =
      R"({"atom":"some_atom","big":12345678901234567890,"date":"2024-01-02","dt":"2024-01-02T03:04:05Z",)"
      R"("esc":"\"\\/\n\t\u0001</script>\u2028","float":1.0,"int":1,"list":[1,[2]],"nested":{"a":{"b":[]}},"nil":null,)"
      R"("small":1.0e-7,"t":true,"unicode":"é☃😀"})";
  std::optional<web::payload> answer_;
};

/// presence:*
class presence_channel : public web::channel<presence_channel, phoenix_user> {
 public:
  explicit presence_channel(joist::presence online) : online_{std::move(online)} {}
  struct joined {};
  using info_types = joist::type_list<joined>;
  struct status {
    std::string status;
  };
  using events = joist::type_list<status>;

  web::join_result join(std::string_view, const web::json_value&) {
    joist::send(joist::self(), joined{});
    return ok();
  }
  void handle_info(joined) {
    (void)online_.track(topic(), socket().name, web::to_json(status{"online"}));
    push("presence_state", web::presence_state(online_.list(topic())));
  }
  web::reply handle_in(const status& s) {
    (void)online_.update(topic(), socket().name, web::to_json(s));
    return ok();
  }

 private:
  joist::presence online_;
};

/// At /socket.
inline web::socket<phoenix_user> phoenix_socket(const joist::pubsub& bus, web::socket_options o = {}) {
  web::socket<phoenix_user> users{bus, std::move(o)};
  users.on_connect([](const web::request& in) -> std::optional<phoenix_user> {
    const std::string_view token = in.query("token").value_or("");
    if (token == "bad" || token == "banned") return std::nullopt;
    if (const auto secret = web::auth_token(in)) return phoenix_user{"bearer of " + *secret};
    return phoenix_user{std::string{in.query("user").value_or("")}};
  });
  users.id([](const phoenix_user& u) { return u.name.empty() ? std::string{} : "users:" + u.name; });
  users.channel<room_channel>("room:*");
  users.channel<golden_channel>("golden:*");
  return users;
}

}  // namespace support
