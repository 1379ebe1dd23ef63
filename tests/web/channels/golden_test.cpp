// What real clients and a real Phoenix server said to each other, said again to ours: each recorded frame of a client is
// sent, each recorded frame of the server is expected. Values are compared, not bytes; frames of one connection may swap.
#include <joist/web/json_value.hpp>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/phoenix_app.hpp"
#include "support/websocket_peer.hpp"
#include "support/websocket_server.hpp"
#include "support/world.hpp"
#include "web/security/base64url.hpp"

using namespace support;
using joist::web::json_value;

namespace {

const std::string& text_of(const json_value& line, std::string_view name) {
  static const std::string none;
  const json_value* v = line.find(name);
  return v != nullptr && v->as_string() != nullptr ? *v->as_string() : none;
}

std::int64_t number_of(const json_value& line, std::string_view name) {
  const json_value* v = line.find(name);
  return v != nullptr && v->as_int64() != nullptr ? *v->as_int64() : 0;
}

// Numbers that are the same in JavaScript, names in any order.
bool same(const json_value& a, const json_value& b);
double number(const json_value& v) {
  if (v.as_double() != nullptr) return *v.as_double();
  if (v.as_int64() != nullptr) return static_cast<double>(*v.as_int64());
  return static_cast<double>(*v.as_uint64());
}
bool is_number(const json_value& v) {
  return v.as_double() != nullptr || v.as_int64() != nullptr || v.as_uint64() != nullptr;
}
bool same_members(const json_value::object& a, const json_value& b) {
  if (a.size() != b.as_object()->size()) return false;
  for (const auto& m : a) {
    const json_value* other = b.find(m.name);
    const bool is_drawn = m.name == "phx_ref" || m.name == "phx_ref_prev";  // another each time
    if (other == nullptr || (!is_drawn && !same(m.value, *other))) return false;
  }
  return true;
}
bool same(const json_value& a, const json_value& b) {
  if (is_number(a) && is_number(b)) return number(a) == number(b);
  if (a.as_object() != nullptr && b.as_object() != nullptr) return same_members(*a.as_object(), b);
  if (a.as_array() != nullptr && b.as_array() != nullptr) {
    if (a.as_array()->size() != b.as_array()->size()) return false;
    for (std::size_t i = 0; i < a.as_array()->size(); ++i) {
      if (!same((*a.as_array())[i], (*b.as_array())[i])) return false;
    }
    return true;
  }
  return a == b;
}

struct expected_frame {
  bool is_text;
  std::string data;
  [[nodiscard]] bool is(const told& t) const {
    if (is_text != (t.what == ws::event::kind::text)) return false;
    if (!is_text) return t.what == ws::event::kind::binary && t.payload == data;
    const auto a = joist::web::parse_json(data);
    const auto b = joist::web::parse_json(t.payload);
    return a && b && same(*a, *b);
  }
};

class replay {
 public:
  explicit replay(joist::net::endpoint server) : server_{std::move(server)} {}

  void line(const json_value& l) {
    const std::string& dir = text_of(l, "dir");
    const std::int64_t ws = number_of(l, "ws");
    const bool is_text = text_of(l, "op") != "binary";
    const std::string data = is_text ? text_of(l, "data") : web::security::from_base64(text_of(l, "base64")).value();
    if (dir == "ws-new") {
      open(ws, text_of(l, "url"));
    } else if (dir == "ws-response") {
      answered(ws, number_of(l, "status"));
    } else if (dir == "ws-error") {
      const std::string& text = text_of(l, "text");
      answered(ws, std::stoi(text.substr(text.rfind(' ') + 1)));
    } else if (dir == "c2s" && is_text) {
      clients_.at(ws).peer->text(data);
    } else if (dir == "c2s") {
      clients_.at(ws).peer->send(ws::opcode::binary, data);
    } else if (dir == "ws-closed") {
      clients_[ws].peer = nullptr;
    } else if (dir == "s2c") {
      expect_frame(ws, {is_text, data});
    }
  }

  std::size_t frames = 0;

 private:
  struct client {
    std::unique_ptr<websocket_peer> peer;
    std::vector<told> early;
  };

  void open(std::int64_t ws, const std::string& url) {
    const auto path = url.substr(url.find('/', std::string{"ws://"}.size()));
    clients_[ws].peer = std::make_unique<websocket_peer>(server_, path);
  }
  void answered(std::int64_t ws, std::int64_t status) {
    const std::string& answer = clients_.at(ws).peer->answer;
    if (answer.find(" " + std::to_string(status) + " ") != std::string{"HTTP/1.1"}.size())
      throw std::runtime_error{"expected " + std::to_string(status) + ", got " + answer};
  }
  void expect_frame(std::int64_t ws, const expected_frame& wanted) {
    client& c = clients_.at(ws);
    ++frames;
    for (auto at = c.early.begin(); at != c.early.end(); ++at) {
      if (wanted.is(*at)) return void(c.early.erase(at));
    }
    constexpr std::size_t most_early = 4;
    while (c.early.size() < most_early) {
      const told t = c.peer->next();
      if (wanted.is(t)) return;
      if (t.what == ws::event::kind::none)
        throw std::runtime_error{"expected " + wanted.data + ", got the end of the connection"};
      c.early.push_back(t);
    }
    std::string got;
    for (const told& t : c.early) got += "\n  " + t.payload;
    throw std::runtime_error{"expected " + wanted.data + ", got" + got};
  }

  joist::net::endpoint server_;
  std::map<std::int64_t, client> clients_;
};

std::size_t replay_file(const std::string& name) {
  std::ifstream file{std::string{JOIST_GOLDEN} + "/" + name};
  if (!file) throw std::runtime_error{"no recording " + name};
  std::vector<json_value> lines;
  for (std::string text; std::getline(file, text);) lines.push_back(*joist::web::parse_json(text));
  std::size_t frames = 0;
  on_workers(
      [&] {
        const joist::pubsub bus;
        web::router routes;
        const joist::presence online{bus, web::telling_clients(bus)};
        joist::start_presence(online);
        phoenix_socket(bus).channel<presence_channel>("presence:*", online).add_to(routes, "/socket");
        const auto server = serve_routes(std::move(routes));
        replay all{server.local()};
        for (const json_value& l : lines) all.line(l);
        frames = all.frames;
        server.stop();
      },
      3);
  return frames;
}

}  // namespace

TEST_CASE("channels: a recorded conversation of a real client and Phoenix has the same frames with us") {
  for (const std::string version : {"1.7", "1.8"}) {
    for (const char* scenario :
         {"basic", "binary", "crash-rejoin", "join-errors", "replies", "heartbeat-client-timeout", "presence"}) {
      INFO(version << " " << scenario);
      CHECK(replay_file(version + "-channels-" + scenario + ".jsonl") > 3);
    }
  }
}

TEST_CASE("channels: clients that Phoenix refuses are refused with the same status") {
  for (const std::string version : {"1.7", "1.8"}) {
    CHECK(replay_file(version + "-channels-refused.jsonl") == 0);
    CHECK(replay_file(version + "-raw-bad-vsn.jsonl") == 0);
  }
}

TEST_CASE("channels: version 1 of the protocol is served as Phoenix serves it") {
  for (const std::string version : {"1.7", "1.8"}) CHECK(replay_file(version + "-raw-vsn1.jsonl") == 6);
}
