#include <joist/tls/context.hpp>

#include <joist/tls/stream.hpp>

#include <openssl/pem.h>
#include <unistd.h>

#include <string>

#include "support/ends.hpp"
#include "support/secured.hpp"
#include "support/temporary_folder.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::tls::client_context;
using joist::tls::pem;
using joist::tls::server_context;

namespace {

std::string refusal(joist::tls::server_options options) {
  const auto made = server_context::try_make(std::move(options));
  return made ? "" : made.error();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string encrypted(const std::string& key) {
  const auto from = detail::owned<BIO, &::BIO_free>(::BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const auto read =
      detail::owned<EVP_PKEY, &::EVP_PKEY_free>(::PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
  return detail::text_of(
      [&](BIO* to) { ::PEM_write_bio_PKCS8PrivateKey(to, read.get(), ::EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr); });
}

/// Whom a server shows now.
std::string shown_by(const server_context& server) {
  const auto ends = secured_ends(server, client_context{{.dangerously_trust_any_server = true}});
  return joist::tls::info(ends.here)->peer_subject;
}

}  // namespace

TEST_CASE("server_context: says what was expected, in which file, and what OpenSSL had to say") {
  const joist_test::temporary_folder folder;
  const certificate own = make_certificate("joist.example"), other = make_certificate("other.example");
  folder.write("cert.pem", own.pem);
  folder.write("key.pem", own.key);
  folder.write("other.key", other.key);
  folder.write("text.pem", "no certificate at all");
  folder.write("cut.pem", own.pem.substr(0, 200));
  folder.write("locked.key", encrypted(own.key));
  const auto file = [&](const char* name) { return pem::file((folder.path() / name).string()); };

  CHECK(refusal({.certificates = {{file("cert.pem"), file("key.pem")}}}).empty());
  CHECK(refusal({.certificates = {{pem::text(own.pem + other.pem), pem::text(own.key)}}}).empty());

  const std::string missing = refusal({.certificates = {{file("nothing.pem"), file("key.pem")}}});
  CHECK(has(missing, "nothing.pem"));
  CHECK(has(missing, "No such file"));
  const std::string no_certificate = refusal({.certificates = {{file("text.pem"), file("key.pem")}}});
  CHECK(has(no_certificate, "text.pem"));
  CHECK(has(no_certificate, "got no certificate"));
  CHECK(has(refusal({.certificates = {{file("cut.pem"), file("key.pem")}}}), "cut.pem"));
  CHECK(has(refusal({.certificates = {{file("cert.pem"), file("cert.pem")}}}), "a PEM private key without a password"));
  CHECK(has(refusal({.certificates = {{file("cert.pem"), file("locked.key")}}}), "without a password"));
  const std::string of_another = refusal({.certificates = {{file("cert.pem"), file("other.key")}}});
  CHECK(has(of_another, "other.key"));
  CHECK(has(of_another, "key values mismatch"));
  CHECK(has(refusal({.certificates = {{file("."), file("key.pem")}}}), "directory"));
  CHECK(has(refusal({.certificates = {}}), "expected a certificate, got none"));
  CHECK(has(refusal({.certificates = {as_texts(own)}, .alpn = {""}}), "alpn"));
  CHECK(has(refusal({.certificates = {as_texts(own)}, .alpn = {std::string(256, 'x')}}), "256"));
  CHECK(has(refusal({.certificates = {as_texts(own)}, .clients = joist::tls::client_certificates::required}),
            "client_authorities"));
  CHECK(has(refusal({.certificates = {as_texts(own)}, .client_authorities = pem::text(own.pem)}), "clients"));
  CHECK(refuses(joist::errc::bad_argument, [] { (void)server_context{{.certificates = {}}}; }));
}

TEST_CASE("client_context: says what is wrong with its authorities and its own certificate") {
  const certificate own = make_certificate("ann"), other = make_certificate("bob");
  CHECK(client_context::try_make({}).has_value());
  CHECK(has(client_context::try_make({.authorities = pem::file("/no/such.pem")}).error(), "/no/such.pem"));
  CHECK(has(client_context::try_make({.authorities = pem::text("")}).error(), "got no certificate"));
  CHECK(has(client_context::try_make({.own = joist::tls::certificate{pem::text(own.pem), pem::text(other.key)}}).error(),
            "the key of the certificate"));
  CHECK(refuses(joist::errc::bad_argument, [] { (void)client_context{{.authorities = pem::text("x")}}; }));
}

TEST_CASE("server_context: a reload takes the new files for new connections, and those that run go on") {
  on_workers(
      [] {
        const joist_test::temporary_folder folder;
        const auto write = [&](const certificate& c) {
          folder.write("cert.pem", c.pem);
          folder.write("key.pem", c.key);
        };
        const auto path = [&](const char* name) { return pem::file((folder.path() / name).string()); };
        write(make_certificate("first"));
        server_context server{{.certificates = {{path("cert.pem"), path("key.pem")}}}};
        server_context same = server;  // a handle
        auto running = secured_ends(server, client_context{{.dangerously_trust_any_server = true}});
        write(make_certificate("second"));
        EXPECT(shown_by(server) == "CN=first");
        EXPECT(server.reload().has_value());
        EXPECT(shown_by(server) == "CN=second" && shown_by(same) == "CN=second");
        folder.write("key.pem", "broken");
        const auto failed = server.reload();
        EXPECT(!failed && has(failed.error(), "key.pem"));
        EXPECT(shown_by(server) == "CN=second");
        EXPECT(server.replace({.certificates = {as_texts(make_certificate("third"))}}).has_value());
        EXPECT(shown_by(same) == "CN=third");
        EXPECT(!server.replace({.certificates = {}}) && shown_by(same) == "CN=third");
        EXPECT(server.reload().has_value() && shown_by(same) == "CN=third");
        running.here.write("still here");
        EXPECT(read_text(running.there, 10) == "still here");
        EXPECT(joist::tls::info(running.here)->peer_subject == "CN=first");
      },
      2);
}

TEST_CASE("server_context: is reloaded and used by many at once") {
  on_workers(
      [] {
        const tls_world w;
        server_context server = w.server_context();
        std::vector<joist::monitored> all;
        for (int i = 0; i < 4; ++i) {
          all.push_back(joist::spawn_monitor([mine = server]() mutable {
            for (int n = 0; n < 25; ++n) {
              EXPECT(mine.reload().has_value());
              joist::yield();
            }
          }));
          all.push_back(joist::spawn_monitor([server, client = w.client_context()] {
            for (int n = 0; n < (checked_build ? 5 : 20); ++n) (void)secured_ends(server, client);
          }));
        }
        for (const auto& each : all) EXPECT(reason_of(each) == joist::exit_reason::normal);
      },
      1);
}
