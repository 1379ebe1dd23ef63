#include "web/websocket/deflate_offer.hpp"

#include "support/catch.hpp"

using namespace joist::web::ws;

namespace {

std::optional<deflate_agreement> accepted(std::string_view offers, const deflate_parameters& wish = {}) {
  return accept_deflate(*parse_extensions(offers), wish);
}
std::string answer_to(std::string_view offers, const deflate_parameters& wish = {}) {
  const auto agreed = accepted(offers, wish);
  return agreed ? agreed->header : "declined";
}
// Empty: no compression.
std::optional<deflate_parameters> checked(std::string_view answer, const deflate_parameters& wish = {}) {
  return *check_deflate(*parse_extensions(answer), wish);
}
bool is_refused(std::string_view answer, const deflate_parameters& wish = {}) {
  return !check_deflate(*parse_extensions(answer), wish).has_value();
}

constexpr deflate_parameters small{.server = {10, false}, .client = {11, false}};

}  // namespace

TEST_CASE("accept_deflate: answers the offers of browsers [Autobahn 12.1, 13.1]") {
  CHECK(answer_to("permessage-deflate; client_max_window_bits") == "permessage-deflate");
  CHECK(answer_to("permessage-deflate") == "permessage-deflate");
  CHECK(accepted("permessage-deflate; client_max_window_bits")->parameters == deflate_parameters{});
  CHECK(answer_to("x-webkit-deflate-frame, PerMessage-Deflate") == "permessage-deflate");
}

TEST_CASE("accept_deflate: keeps to what the offer limits [Autobahn 13.2 to 13.7]") {
  CHECK(answer_to("permessage-deflate; server_no_context_takeover") == "permessage-deflate; server_no_context_takeover");
  CHECK(answer_to("permessage-deflate; client_no_context_takeover") == "permessage-deflate; client_no_context_takeover");
  CHECK(answer_to("permessage-deflate; server_max_window_bits=9") == "permessage-deflate; server_max_window_bits=9");
  CHECK(answer_to("permessage-deflate; server_max_window_bits=15") == "permessage-deflate; server_max_window_bits=15");
  CHECK(answer_to("permessage-deflate; client_max_window_bits=\"10\"") == "permessage-deflate; client_max_window_bits=10");
  const auto agreed =
      accepted("permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=12");
  CHECK(agreed->parameters == deflate_parameters{.server = {9, false}, .client = {12, true}});
  CHECK(agreed->parameters.outgoing(role::server) == compression{9, false});
  CHECK(agreed->parameters.incoming(role::server) == compression{12, true});
  CHECK(agreed->parameters.outgoing(role::client) == compression{12, true});
}

TEST_CASE("accept_deflate: says what the server limits") {
  CHECK(answer_to("permessage-deflate; client_max_window_bits", small) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; "
        "client_max_window_bits=11");
  CHECK(accepted("permessage-deflate; client_max_window_bits", small)->parameters == small);
  CHECK(accepted("permessage-deflate; client_max_window_bits=9; server_max_window_bits=12", small)->parameters ==
        deflate_parameters{.server = {10, false}, .client = {9, false}});
}

TEST_CASE("accept_deflate: declines offers with parameters that are unknown, come twice or have a wrong value") {
  for (const char* parameters :
       {"unknown", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16",
        "server_max_window_bits=010", "server_max_window_bits=9x", "server_max_window_bits=-9",
        "server_max_window_bits=10; server_max_window_bits=10", "client_max_window_bits=7", "client_max_window_bits=16",
        "client_max_window_bits=08", "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits=9; client_max_window_bits", "client_max_window_bits; client_max_window_bits=9",
        "server_no_context_takeover=1", "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover=yes", "client_no_context_takeover; client_no_context_takeover"}) {
    INFO(parameters);
    CHECK(answer_to("permessage-deflate; " + std::string{parameters}) == "declined");
    CHECK(answer_to("permessage-deflate; " + std::string{parameters} + ", permessage-deflate") == "permessage-deflate");
  }
  CHECK(answer_to("") == "declined");
  CHECK(answer_to("permessage-bzip2") == "declined");
}

TEST_CASE("accept_deflate: takes the first offer that it can keep to") {
  CHECK(answer_to("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9") ==
        "permessage-deflate; server_max_window_bits=9");
  const deflate_parameters small_client{.client = {9, true}};
  CHECK(answer_to("permessage-deflate, permessage-deflate; client_max_window_bits", small_client) ==
        "permessage-deflate; client_max_window_bits=9");
  CHECK(answer_to("permessage-deflate", small_client) == "declined");
}

TEST_CASE("accept_deflate: a client that keeps to 8 bits is inflated with 9, and not answered with more than it said") {
  const auto agreed = accepted("permessage-deflate; client_max_window_bits=8");
  CHECK(agreed->header == "permessage-deflate");
  CHECK(agreed->parameters.client.window_bits == 9);
}

TEST_CASE("offer_deflate: says what the client wants, and the server takes it") {
  CHECK(offer_deflate({}) == "permessage-deflate; client_max_window_bits");
  CHECK(offer_deflate(small) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; "
        "client_max_window_bits=11");
  for (const auto& client : {deflate_parameters{}, small, deflate_parameters{{9, true}, {15, false}}})
    for (const auto& server : {deflate_parameters{}, small, deflate_parameters{{15, false}, {9, true}}}) {
      const auto agreed = accepted(offer_deflate(client), server);
      REQUIRE(agreed);
      CHECK(checked(agreed->header, client) == agreed->parameters);
    }
}

TEST_CASE("check_deflate: takes an answer that keeps to the offer") {
  CHECK(checked("") == std::nullopt);
  CHECK(checked("permessage-deflate") == deflate_parameters{});
  CHECK(checked("permessage-deflate; client_max_window_bits=9; server_max_window_bits=8") ==
        deflate_parameters{.server = {9, true}, .client = {9, true}});
  CHECK(checked("permessage-deflate; server_no_context_takeover; client_no_context_takeover") ==
        deflate_parameters{.server = {15, false}, .client = {15, false}});
}

TEST_CASE("check_deflate: refuses an answer that does not") {
  CHECK(is_refused("permessage-deflate, permessage-deflate"));
  CHECK(is_refused("permessage-bzip2"));
  CHECK(is_refused("permessage-deflate; unknown"));
  CHECK(is_refused("permessage-deflate; client_max_window_bits"));
  CHECK(is_refused("permessage-deflate; client_max_window_bits=16"));
  CHECK(is_refused("permessage-deflate; client_max_window_bits=8"));
  CHECK(is_refused("permessage-deflate; server_no_context_takeover; server_no_context_takeover"));
  CHECK(is_refused("permessage-deflate; server_no_context_takeover", small));
  CHECK(is_refused("permessage-deflate; server_no_context_takeover; server_max_window_bits=11", small));
  CHECK(is_refused("permessage-deflate; server_max_window_bits=10", small));
  CHECK(is_refused("permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12",
                   small));
}
