#include <joist/web/socket.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace web = joist::web;

namespace {

std::optional<std::string> token_of(std::string_view field, std::string_view value) {
  web::request in{{.method = "GET", .target = "/socket/websocket"}};
  in.fields().set(field, value);
  return web::auth_token(in);
}
std::optional<std::string> token_of_websocket(std::string_view protocols) {
  return token_of("Sec-WebSocket-Protocol", protocols);
}

}  // namespace

TEST_CASE("auth_token: of a WebSocket it is among the protocols, of a long poll in a field") {
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.c2VjcmV0") == "secret");
  CHECK(token_of_websocket("base64url.bearer.phx.c2VjcmV0,phoenix") == "secret");
  CHECK(token_of("X-Phoenix-AuthToken", "secret") == "secret");
}

TEST_CASE("auth_token: both alphabets, without padding") {
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.Pj4-Pz8_") == ">>>???");
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.Pj4+Pz8/") == ">>>???");
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.YQ") == "a");
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.") == "");
}

TEST_CASE("auth_token: who has none, or what is no base64, is nothing") {
  CHECK(web::auth_token(web::request{{.method = "GET", .target = "/?token=secret"}}) == std::nullopt);
  CHECK(token_of_websocket("phoenix") == std::nullopt);
  CHECK(token_of_websocket("phoenix, base64url.bearer.phx.c2V*") == std::nullopt);
}
