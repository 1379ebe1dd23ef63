#include "web/websocket/handshake.hpp"

#include "support/catch.hpp"

using namespace joist::web::ws;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view proof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

upgrade_request good_request() {
  return {.method = "GET", .upgrade = "websocket", .connection = "Upgrade", .version = "13", .key = key};
}
upgrade_response good_response() {
  return {.status = 101, .upgrade = "websocket", .connection = "Upgrade", .accept = proof};
}

std::string field(const std::vector<header_field>& fields, std::string_view name) {
  std::string value = "absent";
  for (const auto& f : fields)
    if (f.name == name) {
      CHECK(value == "absent");
      value = f.value;
    }
  return value;
}

unsigned status_of(const upgrade_request& request) {
  const auto answer = answer_upgrade(request, {});
  return answer ? 101 : answer.error().status;
}

const std::vector<std::string> chat_protocols{"superchat", "chat"};

}  // namespace

TEST_CASE("answer_upgrade: is that of RFC 6455, section 1.3") {
  auto request = good_request();
  request.protocols = "chat, superchat";
  const auto answer = answer_upgrade(request, {.protocols = chat_protocols});
  REQUIRE(answer);
  CHECK(field(answer->fields, "Upgrade") == "websocket");
  CHECK(field(answer->fields, "Connection") == "Upgrade");
  CHECK(field(answer->fields, "Sec-WebSocket-Accept") == proof);
  CHECK(field(answer->fields, "Sec-WebSocket-Protocol") == "chat");
  CHECK(field(answer->fields, "Sec-WebSocket-Extensions") == "absent");
  CHECK(answer->protocol == "chat");
}

TEST_CASE("answer_upgrade: takes values in whatever case, in lists and between spaces") {
  auto request = good_request();
  request.upgrade = "h2c, WebSocket";
  request.connection = "keep-alive, upgrade";
  request.version = " 13 ";
  CHECK(status_of(request) == 101);
}

TEST_CASE("answer_upgrade: refuses what is no request for a WebSocket, with the status that says so") {
  const auto with = [](auto change) {
    auto request = good_request();
    change(request);
    return status_of(request);
  };
  CHECK(with([](auto& r) { r.method = "POST"; }) == 405);
  CHECK(with([](auto& r) { r.method = "get"; }) == 405);
  CHECK(with([](auto& r) { r.http_version = 10; }) == 400);
  CHECK(with([](auto& r) { r.upgrade = ""; }) == 426);
  CHECK(with([](auto& r) { r.upgrade = "websockets"; }) == 426);
  CHECK(with([](auto& r) { r.connection = "keep-alive"; }) == 426);
  CHECK(with([](auto& r) { r.has_body = true; }) == 400);
  CHECK(with([](auto& r) { r.version = ""; }) == 426);
  CHECK(with([](auto& r) { r.version = "8"; }) == 426);
  CHECK(with([](auto& r) { r.version = "13, 8"; }) == 426);
  CHECK(with([](auto& r) { r.key = ""; }) == 400);
  CHECK(with([](auto& r) { r.key = "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="; }) == 400);
  CHECK(with([](auto& r) { r.protocols = "a b"; }) == 400);
  CHECK(with([](auto& r) { r.extensions = "a;;"; }) == 400);
}

TEST_CASE("answer_upgrade: a refusal of the version names the version that is spoken") {
  auto request = good_request();
  request.version = "12";
  const auto refused = answer_upgrade(request, {});
  REQUIRE_FALSE(refused);
  CHECK(field(refused.error().fields, "Sec-WebSocket-Version") == "13");
  CHECK(field(refused.error().fields, "Upgrade") == "websocket");
  CHECK_FALSE(refused.error().sentence.empty());
}

TEST_CASE("answer_upgrade: without a subprotocol in common there is none, and their case counts") {
  auto request = good_request();
  for (const char* asked : {"", "mqtt", "Chat", "chatter, superchat2"}) {
    request.protocols = asked;
    const auto answer = answer_upgrade(request, {.protocols = chat_protocols});
    REQUIRE(answer);
    CHECK(answer->protocol.empty());
    CHECK(field(answer->fields, "Sec-WebSocket-Protocol") == "absent");
  }
}

TEST_CASE("answer_upgrade: agrees on compression where the server wants it and the client offers it") {
  auto request = good_request();
  request.extensions = "permessage-deflate; client_max_window_bits";
  CHECK_FALSE(answer_upgrade(request, {})->deflate);
  const auto answer = answer_upgrade(request, {.deflate = deflate_parameters{{12, false}, {12, true}}});
  REQUIRE(answer->deflate);
  CHECK(answer->deflate->server == compression{12, false});
  CHECK(field(answer->fields, "Sec-WebSocket-Extensions") ==
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12");
  request.extensions = "";
  CHECK_FALSE(answer_upgrade(request, {.deflate = deflate_parameters{}})->deflate);
}

TEST_CASE("ask_for_upgrade: holds what a server wants to see") {
  const auto fields = ask_for_upgrade(key, {.protocols = chat_protocols, .deflate = deflate_parameters{}});
  CHECK(field(fields, "Upgrade") == "websocket");
  CHECK(field(fields, "Connection") == "Upgrade");
  CHECK(field(fields, "Sec-WebSocket-Key") == key);
  CHECK(field(fields, "Sec-WebSocket-Version") == "13");
  CHECK(field(fields, "Sec-WebSocket-Protocol") == "superchat, chat");
  CHECK(field(fields, "Sec-WebSocket-Extensions") == "permessage-deflate; client_max_window_bits");
  CHECK(field(ask_for_upgrade(key, {}), "Sec-WebSocket-Protocol") == "absent");
  CHECK(field(ask_for_upgrade(key, {}), "Sec-WebSocket-Extensions") == "absent");
}

TEST_CASE("handshake: client and server agree") {
  const std::vector<std::string> spoken{"chat"};
  const upgrade_offer offer{.protocols = chat_protocols, .deflate = deflate_parameters{}};
  const auto asked = ask_for_upgrade(key, offer);
  auto request = good_request();
  const auto protocols = field(asked, "Sec-WebSocket-Protocol"), extensions = field(asked, "Sec-WebSocket-Extensions");
  request.protocols = protocols;
  request.extensions = extensions;
  const auto answer = answer_upgrade(request, {.protocols = spoken, .deflate = deflate_parameters{{10, true}, {9, false}}});
  REQUIRE(answer);
  auto response = good_response();
  const auto extension = field(answer->fields, "Sec-WebSocket-Extensions");
  response.protocol = answer->protocol;
  response.extensions = extension;
  const auto agreed = check_upgrade(response, key, offer);
  REQUIRE(agreed);
  CHECK(agreed->protocol == "chat");
  CHECK(agreed->deflate == answer->deflate);
}

TEST_CASE("check_upgrade: refuses a response that does not fit the request, with what was expected and what came") {
  const upgrade_offer offer{.protocols = chat_protocols};
  const auto with = [&](auto change) {
    auto response = good_response();
    change(response);
    const auto checked = check_upgrade(response, key, offer);
    return checked ? "taken" : checked.error();
  };
  const auto is_refused = [](const std::string& said) { return said.find("expected") != std::string::npos; };
  CHECK(with([](auto&) {}) == "taken");
  CHECK(with([](auto& r) { r.connection = "keep-alive, UPGRADE"; }) == "taken");
  CHECK(with([](auto& r) { r.protocol = "chat"; }) == "taken");
  CHECK(is_refused(with([](auto& r) { r.status = 200; })));
  CHECK(is_refused(with([](auto& r) { r.upgrade = ""; })));
  CHECK(is_refused(with([](auto& r) { r.connection = "close"; })));
  CHECK(is_refused(with([](auto& r) { r.accept = ""; })));
  CHECK(is_refused(with([](auto& r) { r.accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xoo="; })));
  CHECK(is_refused(with([](auto& r) { r.protocol = "mqtt"; })));
  CHECK(is_refused(with([](auto& r) { r.protocol = "chat, superchat"; })));
  CHECK(is_refused(with([](auto& r) { r.extensions = "permessage-deflate"; })));
  CHECK(is_refused(with([](auto& r) { r.extensions = ";"; })));
}
