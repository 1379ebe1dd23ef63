#include "tls/host_names.hpp"

#include "support/catch.hpp"

using joist::tls::detail::host_names;

TEST_CASE("host_names: an exact name comes first, `*` stands for one label, and names know no case") {
  host_names names;
  names.add("example.org", 0);
  names.add("*.Example.org", 1);
  names.add("www.example.org", 2);
  names.add("www.example.org", 3);  // the first keeps it
  CHECK(names.find("example.org") == 0U);
  CHECK(names.find("EXAMPLE.ORG.") == 0U);
  CHECK(names.find("WWW.example.org") == 2U);
  CHECK(names.find("api.example.org") == 1U);
  CHECK(!names.find("a.b.example.org"));
  CHECK(!names.find(".example.org"));
  CHECK(!names.find("org"));
  CHECK(!names.find(""));
  CHECK(!names.find("*"));
}

TEST_CASE("host_names: a client cannot ask for the wildcard itself, and a name that is none is of nobody") {
  host_names names;
  names.add("*.example.org", 0);
  names.add("", 1);
  names.add("*", 2);
  CHECK(names.find("*.example.org") == 0U);  // as any other label
  CHECK(!names.find("*"));
  CHECK(!names.find("localhost"));
  CHECK(!names.find(std::string_view{"\0.org", 5}));
}
