#include <joist/web/token.hpp>

#include <joist/error.hpp>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using joist::web::sign_options;
using joist::web::token_error;
using joist::web::token_key;
using joist::web::token_time;
using joist::web::verify_options;
using namespace std::chrono_literals;

namespace {

const std::string base{"a-secret-of-the-tests-that-has-more-than-64-bytes-as-phoenix-asks-for-it"};
const std::string old{"another-secret-of-the-tests-which-was-in-use-until-last-month-or-so-0123"};
constexpr token_time then{std::chrono::seconds{1'700'000'000}};

const token_key& key() {
  static const token_key made{{.secrets = {base}, .salt = "user socket"}};
  return made;
}

// What comes out: the data, or why not.
std::string outcome(const joist::result<std::string, token_error>& r) { return r ? *r : std::string{to_string(r.error())}; }
const std::string invalid{to_string(token_error::invalid)};
const std::string expired{to_string(token_error::expired)};
const std::string missing{to_string(token_error::missing)};

std::string refusal_of(joist::web::token_key_options options) {
  try {
    const token_key made{std::move(options)};
  } catch (const joist::error& e) {
    CHECK(e.code() == joist::errc::bad_argument);
    return e.what();
  }
  return "no refusal";
}

// Made by Plug.Crypto 2.1.1: sign(base, "user socket", data, signed_at: 1_700_000_000, ...), and encrypt the same.
constexpr const char* of_42 = "SFMyNTY.g2gDbQAAAAI0Mm4GAABo5c-LAWIAAVGA.51XVQVwBCvixLzEHociuWYoNZsXMV6ZRcGHfYrfzU50";
constexpr const char* of_nothing_for_a_minute =
    "SFMyNTY.g2gDbQAAAABuBgAAaOXPiwFhPA.7ydmJ-V00oHU-e7dg-LlwEuKBO6ZFudPLTzHTZ02SgA";
constexpr const char* for_ever =
    "SFMyNTY.g2gDbQAAAAI0Mm4GAABo5c-LAWQACGluZmluaXR5.0QndzL9QKGXuefuA_oH754s6lhAMXqSArD7PKI4oKM8";
constexpr const char* of_integer = "SFMyNTY.g2gDYSpuBgAAaOXPiwFiAAFRgA.9iB4aZXwaMq1oANorn5AVVyWHWlPBKtkU2l1UDtYXqU";
constexpr const char* of_map = "SFMyNTY.g2gDdAAAAAFkAAJpZGEqbgYAAGjlz4sBYgABUYA.hJ101lUggOo4MACzauWYOwGyWQGiadONL5LKJUA1f5k";
constexpr const char* of_atom = "SFMyNTY.g2gDZAAFYWRtaW5uBgAAaOXPiwFiAAFRgA.2LoAmC_0xB5LwNqvMipzO38CMlNYa7WUHbgYJOtoKOo";
constexpr const char* of_packed =
    "SFMyNTY.g1AAAAP9eJzLYM5lYGB-kTgKRsEoGPYgj42BIePp-W7GJAbGwAYA1GWBCw.1oe25A9CTmhsIZENFH8ef-BDuJOh84oEmQnrkE_ZUrg";
constexpr const char* by_sha384 =
    "SFMzODQ.g2gDbQAAAAI0Mm4GAABo5c-LAWIAAVGA.DlOjwbFhHwiwX3uXWDragSRwoe6ZaGhvW5axR0fr5Qhz6W60h5ePm2mP8_Q7Y-qB";
constexpr const char* by_old = "SFMyNTY.g2gDbQAAAAI0Mm4GAABo5c-LAWIAAVGA.vD-K4Jz8rHZfUTBQEwLcuFMYDMHgkHEVxTwjo0Zly8Y";
constexpr const char* encrypted_42 =
    "XCP.fSfrT1tZuc-IFXxG3h0QaeSyw_x98059c9GX1zy6menHZJcBraPoZqmyciV_04s03M2_0p5wGISAPKYCE3cDpQ";
constexpr const char* encrypted_text =
    "XCP.H2t-lgrsHwNxjbKsvlmVwDUXoFutlEPi6riHkcDPHYsZ5-Ag9N8d-rWYRmiapr5MFw7T-Ng4GCAM3Hhl6O8Lr6v2hN1l8ydVFWE8o0w";

}  // namespace

TEST_CASE("token_key: what Phoenix signs is verified, and what it signs of the same is the same text") {
  CHECK(key().sign("42", {.signed_at = then}) == of_42);
  CHECK(key().sign("", {.max_age = 1min, .signed_at = then}) == of_nothing_for_a_minute);
  CHECK(outcome(key().verify(of_42, {.at = then})) == "42");
  CHECK(key().verify(of_nothing_for_a_minute, {.at = then}).value().empty());
  CHECK(outcome(key().verify(for_ever)) == "42");
  CHECK(outcome(key().verify(of_integer, {.at = then})) == "42");
}

TEST_CASE("token_key: what Phoenix encrypts is decrypted") {
  CHECK(outcome(key().decrypt(encrypted_42, {.at = then})) == "42");
  CHECK(outcome(key().decrypt(encrypted_text, {.at = then})) == "Gr\u00fc\u00dfe, \u4e16\u754c");
}

TEST_CASE("token_key: terms of Phoenix's that are no text and no integer are refused, and so are its other algorithms") {
  for (const char* token : {of_map, of_atom, of_packed, by_sha384})
    CHECK(outcome(key().verify(token, {.at = then})) == invalid);
}

TEST_CASE("token_key: what is signed is verified, what is encrypted is decrypted, whatever it is") {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  for (const std::string& data : {std::string{}, std::string{"42"}, every_byte, std::string(100'000, '\0')}) {
    CHECK(key().verify(key().sign(data)).value() == data);
    CHECK(key().decrypt(key().encrypt(data)).value() == data);
  }
  CHECK(key().sign("42", {.signed_at = then}) == key().sign("42", {.signed_at = then}));
  CHECK(key().encrypt("42", {.signed_at = then}) != key().encrypt("42", {.signed_at = then}));
}

TEST_CASE("token_key: a token that was changed in any letter, cut or lengthened is invalid") {
  const std::string letters{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\n"};
  const std::string whole_signed = key().sign("42"), whole_encrypted = key().encrypt("42");
  const auto is_refused = [](const std::string& token) {
    const std::string& why = token.empty() ? missing : invalid;
    return outcome(key().verify(token)) == why && outcome(key().decrypt(token)) == why;
  };
  for (const std::string& whole : {whole_signed, whole_encrypted}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string changed = whole;
      for (const char c : letters) {
        changed[i] = c;
        if (c != whole[i]) REQUIRE(is_refused(changed));
      }
      for (unsigned bit = 1; bit < 256; bit <<= 1U) {
        changed[i] = static_cast<char>(static_cast<unsigned char>(whole[i]) ^ bit);
        REQUIRE(is_refused(changed));
      }
      REQUIRE(is_refused(whole.substr(0, i)));
      REQUIRE(is_refused(std::string{whole}.erase(i, 1)));
      REQUIRE(is_refused(std::string{whole}.insert(i, 1, 'A')));
    }
    REQUIRE(is_refused(whole + "A"));
    REQUIRE(is_refused(whole + "."));
    REQUIRE(is_refused(whole + "." + whole));
    REQUIRE(is_refused("." + whole));
  }
}

TEST_CASE("token_key: signed tokens are none of those that are encrypted, and the other way round") {
  CHECK(outcome(key().verify(key().encrypt("42"))) == invalid);
  CHECK(outcome(key().decrypt(key().sign("42"))) == invalid);
}

TEST_CASE("token_key: a token of another salt or another secret is invalid") {
  const token_key other_salt{{.secrets = {base}, .salt = "user sockets"}};
  const token_key other_secret{{.secrets = {old}, .salt = "user socket"}};
  for (const token_key& other : {other_salt, other_secret}) {
    CHECK(outcome(other.verify(key().sign("42"))) == invalid);
    CHECK(outcome(other.decrypt(key().encrypt("42"))) == invalid);
  }
}

TEST_CASE("token_key: the first secret signs, and all verify") {
  const token_key both{{.secrets = {base, old}, .salt = "user socket"}};
  const token_key before{{.secrets = {old}, .salt = "user socket"}};
  CHECK(outcome(both.verify(by_old, {.at = then})) == "42");
  CHECK(outcome(both.decrypt(before.encrypt("42"))) == "42");
  CHECK(both.sign("42", {.signed_at = then}) == of_42);
  CHECK(outcome(key().decrypt(both.encrypt("42"))) == "42");
  CHECK(outcome(before.verify(both.sign("42"))) == invalid);
}

TEST_CASE("token_key: a token holds for a day, or as long as was said when it was signed, or is said when it is verified") {
  const auto at = [](token_time t, std::optional<joist::web::token_age> most = {}) {
    return verify_options{.max_age = most, .at = t};
  };
  for (const bool encrypted : {false, true}) {
    const auto made = [&](const sign_options& o) { return encrypted ? key().encrypt("42", o) : key().sign("42", o); };
    const auto read = [&](const std::string& token, const verify_options& o) {
      return outcome(encrypted ? key().decrypt(token, o) : key().verify(token, o));
    };
    const std::string usual = made({.signed_at = then});
    CHECK(read(usual, at(then + 24h)) == "42");
    CHECK(read(usual, at(then + 24h + 1ms)) == expired);
    CHECK(read(usual, at(then - 1h)) == "42");
    CHECK(read(usual, at(then + 61s, 1min)) == expired);
    CHECK(read(usual, at(then + 24h * 3650, joist::infinity)) == "42");
    CHECK(read(usual, at(then, 0s)) == expired);
    const std::string short_lived = made({.max_age = 1min, .signed_at = then});
    CHECK(read(short_lived, at(then + 1min)) == "42");
    CHECK(read(short_lived, at(then + 61s)) == expired);
    CHECK(read(short_lived, at(then + 61s, 1h)) == "42");
    CHECK(read(made({.max_age = joist::infinity, .signed_at = then}), at(then + 24h * 3650)) == "42");
  }
  CHECK(outcome(key().verify(of_42)) == expired);  // now
  CHECK(outcome(key().verify(key().sign("42"))) == "42");
}

TEST_CASE("token_key: no token is told from one that is no token") {
  CHECK(outcome(key().verify(std::nullopt)) == missing);
  CHECK(outcome(key().verify("")) == missing);
  CHECK(outcome(key().decrypt(std::nullopt)) == missing);
  for (const char* text :
       {".", "..", "SFMyNTY", "SFMyNTY.", "SFMyNTY..", "SFMyNTY.g2gD", "XCP.", "XCP.AAAA", "42", "\xff\xfe"}) {
    CAPTURE(text);
    CHECK(outcome(key().verify(text)) == invalid);
    CHECK(outcome(key().decrypt(text)) == invalid);
  }
}

TEST_CASE("token_key: no secrets, short ones, and no salt are refused, and no secret is in the sentence") {
  CHECK(refusal_of({.secrets = {}, .salt = "s"}).find("expected a secret (random_secret() makes one), got none") !=
        std::string::npos);
  CHECK(refusal_of({.secrets = {base}, .salt = ""}).find("expected a salt") != std::string::npos);
  for (const std::vector<std::string>& secrets : {std::vector<std::string>{"hunter2"}, {base, "hunter2"}, {base, ""}}) {
    const std::string why = refusal_of({.secrets = secrets, .salt = "s"});
    CHECK(why.find("expected secrets of 32 bytes and more") != std::string::npos);
    CHECK(why.find("hunter2") == std::string::npos);
  }
  CHECK(refusal_of({.secrets = {std::string(32, 'x')}, .salt = "s"}) == "no refusal");
}

TEST_CASE("token_key: data of more than 8 MiB is refused, and all that is signed can be verified") {
  const std::string most(std::size_t{8} << 20, 'x');
  CHECK(key().verify(key().sign(most)).value() == most);
  CHECK(key().decrypt(key().encrypt(most)).value() == most);
  CHECK_THROWS_AS(key().sign(most + 'x'), joist::error);
  CHECK_THROWS_AS(key().encrypt(most + 'x'), joist::error);
  CHECK(outcome(key().verify("SFMyNTY." + std::string(std::size_t{17} << 20, 'A') + ".A")) == invalid);
}

TEST_CASE("token_key: copies are the same, many threads use one at once, and it may be sent") {
  STATIC_REQUIRE(joist::sendable<token_key>);
  std::vector<std::thread> all;
  std::vector<int> right(4);
  for (std::size_t i = 0; i < right.size(); ++i)
    all.emplace_back([copy = key(), i, &right] {
      const std::string data = std::to_string(i);
      for (int n = 0; n < 200; ++n)
        right[i] +=
            outcome(copy.verify(copy.sign(data))) == data && outcome(copy.decrypt(copy.encrypt(data))) == data ? 1 : 0;
    });
  for (auto& t : all) t.join();
  CHECK(right == std::vector<int>(4, 200));
}

TEST_CASE("random_secret: is long enough, and never the same") {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) all.insert(joist::web::random_secret());
  CHECK(all.size() == 100);
  CHECK(all.begin()->size() == 64);
  CHECK(refusal_of({.secrets = {*all.begin()}, .salt = "s"}) == "no refusal");
}

TEST_CASE("token_age: is made of whole seconds, or of infinity") {
  using joist::web::token_age;
  STATIC_REQUIRE(std::is_convertible_v<std::chrono::hours, token_age>);
  STATIC_REQUIRE(std::is_convertible_v<joist::infinity_t, token_age>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<token_age, std::chrono::milliseconds>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<token_age, int>);
  STATIC_REQUIRE(token_age{1h}.seconds() == std::chrono::seconds{3600});
  STATIC_REQUIRE_FALSE(token_age{joist::infinity}.seconds().has_value());
}
