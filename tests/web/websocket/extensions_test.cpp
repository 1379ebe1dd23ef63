#include "web/websocket/extensions.hpp"

#include "support/catch.hpp"

using namespace joist::web::ws;

namespace {

// Written out again: a; b; c=d, e. Or what begins the error.
std::string read(std::string_view header) {
  const auto all = parse_extensions(header);
  if (!all) return "refused";
  std::string text;
  for (const auto& e : *all) {
    text += (text.empty() ? "" : ", ") + e.name;
    for (const auto& p : e.parameters) text += "; " + p.name + (p.value ? "=" + *p.value : "");
  }
  return text;
}

}  // namespace

TEST_CASE("parse_extensions: takes what the grammar allows") {
  CHECK(read("") == "");
  CHECK(read("permessage-deflate") == "permessage-deflate");
  CHECK(read("permessage-deflate; client_max_window_bits") == "permessage-deflate; client_max_window_bits");
  CHECK(read("a;b=1;c, d ;\te = \"2\" , f") == "a; b=1; c, d; e=2, f");
  CHECK(read(", a,, b ,") == "a, b");
  CHECK(read("a; b=\"1\\0\"") == "a; b=10");
  CHECK(read("a; b; b") == "a; b; b");
}

TEST_CASE("parse_extensions: refuses what it does not allow") {
  for (const char* wrong : {";",        "a;",         "a; ",         "a;;b",    "a; =1",     "a; b=",        "a; b=,c",
                            "a b",      "a; b c",     "a=1",         "a; b=\"", "a; b=\"\"", "a; b=\"x y\"", "a; b=\"x,y\"",
                            "a; b=\"x", "a; b=\"x\\", "a; b=\"x\"y", "a\x01",   "(a)",       "a, \"b\"",     "a/b"}) {
    INFO(wrong);
    CHECK(read(wrong) == "refused");
  }
}

TEST_CASE("parse_extensions: the refusal says what was expected and what came") {
  const auto all = parse_extensions("a; b=");
  CHECK(all.error().find("expected") != std::string::npos);
  CHECK(all.error().find("a; b=") != std::string::npos);
}
