#include <joist/tls/stream.hpp>

#include <joist/telemetry.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/ends.hpp"
#include "support/middle.hpp"
#include "support/secured.hpp"
#include "support/world.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::net::stream;
using joist::tls::client_context;
using joist::tls::client_options;
using joist::tls::connection_info;
using joist::tls::failure_kind;
using joist::tls::pem;
using joist::tls::server_context;

namespace {

using verdict = joist::result<connection_info, joist::tls::handshake_error>;

verdict verdict_of(joist::result<void, joist::tls::handshake_error> done, const stream& s) {
  if (!done) return joist::failure{done.error()};
  return *joist::tls::info(s);
}

struct both {
  verdict client, server;
};

/// What each end has to say of a handshake. The client says a word after it, and the server answers: only then a client of
/// TLS 1.3 knows that its own certificate was taken.
both shake(const server_context& server, const client_context& client, const std::string& host = tls_host,
           two_ends ends = connected(), std::chrono::milliseconds limit = 20s) {
  joist::spawn([peer = std::move(ends.there), server, limit, parent = joist::self()]() mutable {
    auto done = joist::tls::try_accept(peer, server, limit);
    auto told = verdict_of(std::move(done), peer);
    if (told && read_text(peer, 4) == "word") peer.write("answer");
    joist::send(parent, std::move(told));
    if (peer.is_open() && told) (void)peer.try_shutdown_write();
  });
  auto done = joist::tls::try_connect(ends.here, client, host, limit);
  auto own = verdict_of(std::move(done), ends.here);
  if (own && ends.here.try_write("word")) {
    std::array<std::byte, 6> answer{};
    if (const auto got = ends.here.try_read(answer, 20s); !got)
      own = joist::failure{joist::tls::handshake_error{failure_kind::refused_by_peer, got.error().message()}};
  }
  ends.here.close();
  return {std::move(own), joist::receive<verdict>()};
}

bool fails_with(failure_kind kind, const verdict& v) { return !v && v.error().kind == kind && !v.error().text.empty(); }
bool says(std::string_view what, const verdict& v) { return !v && v.error().text.find(what) != std::string::npos; }

certificate signed_by(const certificate& authority, certificate_wish wish) { return make_certificate(wish, &authority); }

}  // namespace

TEST_CASE("tls handshake: a client takes a certificate that is valid, of the host, and signed by whom it trusts") {
  on_workers(
      [] {
        const tls_world w;
        const both good = shake(w.server_context(), w.client_context());
        EXPECT(good.client && good.server);
        EXPECT(good.client->peer_subject == "CN=joist.example" && good.server->peer_subject.empty());
        EXPECT(good.server->server_name == tls_host);
        EXPECT(shake(w.server_context(), w.client_context(), "JOIST.example.").client);
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE(
    "tls handshake: certificates that are expired, not valid yet, of another host, or signed by nobody known are refused") {
  on_workers(
      [] {
        const tls_world w;
        const auto served = [&](const certificate& c) {
          return shake(server_context{{.certificates = {as_texts(c)}}}, w.client_context());
        };
        const std::string names = "DNS:joist.example";
        const both old = served(signed_by(w.authority, {.subject = "old", .names = names, .to_days = -1}));
        EXPECT(fails_with(failure_kind::certificate_expired, old.client) && says("expired", old.client));
        EXPECT(fails_with(failure_kind::refused_by_peer, old.server) && says("certificate expired", old.server));
        const both early = served(signed_by(w.authority, {.subject = "x", .names = names, .from_days = 1, .to_days = 2}));
        EXPECT(fails_with(failure_kind::certificate_not_yet_valid, early.client));
        const both other = served(signed_by(w.authority, {.subject = "joist.example", .names = "DNS:elsewhere.example"}));
        EXPECT(fails_with(failure_kind::wrong_host, other.client) && says("CN=joist.example", other.client));
        EXPECT(fails_with(failure_kind::wrong_host, served(signed_by(w.authority, {.subject = "joist.example"})).client));
        EXPECT(fails_with(failure_kind::unknown_authority, served(make_certificate(tls_host)).client));
        const certificate stranger = make_authority("Nobody");
        EXPECT(fails_with(failure_kind::unknown_authority,
                          served(signed_by(stranger, {.subject = "x", .names = names})).client));
        const both trusts_system = shake(w.server_context(), client_context{});
        EXPECT(fails_with(failure_kind::unknown_authority, trusts_system.client));
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE("tls handshake: a client that says so takes any certificate, of any host") {
  on_workers(
      [] {
        const server_context own{{.certificates = {as_texts(make_certificate("x", -1))}}};
        EXPECT(shake(own, client_context{{.dangerously_trust_any_server = true}}).client);
      },
      1);
}

TEST_CASE("tls handshake: a host may be an address, which the certificate has to have, and which is not told as a name") {
  on_workers(
      [] {
        const tls_world w;
        const server_context of_addresses{
            {.certificates = {as_texts(signed_by(w.authority, {.subject = "x", .names = "IP:127.0.0.1,IP:::1"}))}}};
        for (const char* address : {"127.0.0.1", "::1", "[::1]"}) {
          const both found = shake(of_addresses, w.client_context(), address);
          EXPECT(found.client && found.server->server_name.empty());
        }
        EXPECT(fails_with(failure_kind::wrong_host, shake(of_addresses, w.client_context(), "127.0.0.2").client));
        // To OpenSSL a dot in front would be any host below.
        for (const std::string& host :
             {std::string{}, std::string{"."}, std::string{".example"}, std::string{"joist.example\0.evil", 18}}) {
          stream here = connected().here;
          EXPECT(refuses(joist::errc::bad_argument,
                         [&] { (void)joist::tls::try_connect(here, w.client_context(), host, 1s); }));
        }
      },
      2);
}

TEST_CASE("tls handshake: the certificate of the host that the client names, else of its wildcard, else the first") {
  on_workers(
      [] {
        const tls_world w;
        const auto of = [&](const std::string& subject, const std::string& names) {
          return as_texts(signed_by(w.authority, {.subject = subject, .names = names}));
        };
        const server_context many{{.certificates = {of("first", "DNS:first.example"), of("wild", "DNS:*.joist.example"),
                                                    of("exact", "DNS:api.joist.example")}}};
        const client_context any{{.dangerously_trust_any_server = true}};
        const auto shown = [&](const std::string& host) { return shake(many, any, host).client->peer_subject; };
        EXPECT(shown("api.joist.example") == "CN=exact");
        EXPECT(shown("www.joist.example") == "CN=wild");
        EXPECT(shown("a.b.joist.example") == "CN=first");
        EXPECT(shown("nobody.example") == "CN=first");
        EXPECT(shown("127.0.0.1") == "CN=first");
        EXPECT(shake(many, w.client_context(), "www.joist.example").client);
        EXPECT(fails_with(failure_kind::wrong_host, shake(many, w.client_context(), "a.b.joist.example").client));
      },
      1);
}

TEST_CASE("tls handshake: the server's first protocol that the client speaks as well (ALPN), or none, or no connection") {
  on_workers(
      [] {
        const tls_world w;
        auto options = w.server_options();
        options.alpn = {"h9", "http/1.1"};
        const server_context server{options};
        const auto agreed = [&](std::vector<std::string> protocols) {
          client_options o = w.client_options();
          o.alpn = std::move(protocols);
          return shake(server, client_context{o});
        };
        EXPECT(agreed({"http/1.1", "h9"}).client->alpn == "h9");
        const both one = agreed({"http/1.1"});
        EXPECT(one.client->alpn == "http/1.1" && one.server->alpn == "http/1.1");
        EXPECT(agreed({}).client->alpn.empty());
        const both none = agreed({"h2"});
        EXPECT(fails_with(failure_kind::no_shared_alpn, none.client));
        EXPECT(fails_with(failure_kind::no_shared_alpn, none.server));
      },
      1);
}

TEST_CASE("tls handshake: clients' certificates, where they are required, or taken if there is one") {
  on_workers(
      [] {
        const tls_world w;
        const certificate clients = make_authority("clients");
        auto options = w.server_options();
        options.clients = joist::tls::client_certificates::required;
        options.client_authorities = pem::text(clients.pem);
        const server_context required{options};
        options.clients = joist::tls::client_certificates::optional;
        const server_context optional{options};
        client_options with = w.client_options();
        with.own = as_texts(signed_by(clients, {.subject = "ann"}));
        EXPECT(shake(required, client_context{with}).server->peer_subject == "CN=ann");
        EXPECT(shake(optional, client_context{with}).server->peer_subject == "CN=ann");
        EXPECT(shake(optional, w.client_context()).server->peer_subject.empty());
        const both none = shake(required, w.client_context());
        EXPECT(fails_with(failure_kind::certificate_required, none.server) && !none.client);
        with.own = as_texts(make_certificate("ann"));
        for (const server_context& server : {required, optional}) {
          const both stranger = shake(server, client_context{with});
          EXPECT(fails_with(failure_kind::unknown_authority, stranger.server) && !stranger.client);
        }
        with.own = as_texts(signed_by(clients, {.subject = "ann", .to_days = -1}));
        EXPECT(fails_with(failure_kind::certificate_expired, shake(required, client_context{with}).server));
      },
      1);
}

TEST_CASE("tls handshake: versions below the least are refused, and TLS 1.2 is spoken where it has to be") {
  on_workers(
      [] {
        const tls_world w;
        auto options = w.server_options();
        options.min_version = joist::tls::version::tls_1_3;
        const server_context newest{options};
        EXPECT(shake(newest, w.client_context()).client->version == "TLSv1.3");
        // A client that offers TLS 1.2 alone, and one that offers TLS 1.1: their first messages, and the alert that comes.
        const auto offered = [](const server_context& server, char minor) {
          auto [here, there] = connected();
          const std::string hello = std::string{"\x16\x03\x01\0\x2f\x01\0\0\x2b\x03", 10} + minor + std::string(32, 'r') +
                                    std::string{"\0\0\x04\xc0\x2b\x00\x2f\x01\0", 9};
          here.write(hello);
          here.shutdown_write();
          auto done = joist::tls::try_accept(there, server, 20s);
          there.close();
          EXPECT(!done);
          const std::string alert = read_text(here, 7);
          EXPECT(alert.size() == 7 && alert[0] == '\x15');
          return std::pair{done.error().kind, static_cast<int>(alert[6])};
        };
        constexpr int protocol_version = 70;
        EXPECT((offered(newest, '\x03') == std::pair{failure_kind::no_shared_protocol, protocol_version}));
        EXPECT((offered(w.server_context(), '\x02') == std::pair{failure_kind::no_shared_protocol, protocol_version}));
      },
      1);
}

TEST_CASE("tls handshake: with bytes that come one by one, in both directions") {
  on_workers(
      [] {
        const tls_world w;
        const auto one_by_one = [](std::string_view come, stream& to, bool) {
          for (const char& c : come) {
            if (!to.try_write(std::string_view{&c, 1})) return false;
            joist::yield();
          }
          return true;
        };
        EXPECT(shake(w.server_context(), w.client_context(), tls_host, relayed(one_by_one)).client);
        EXPECT(sockets_become(0));
      },
      2);
}

TEST_CASE("tls handshake: whoever speaks something else, or nothing, or stops in the middle, is told apart") {
  on_workers(
      [] {
        const tls_world w;
        const server_context server = w.server_context();
        const auto after = [&](std::string_view bytes, bool closes = true) {
          auto [here, there] = connected();
          here.write(bytes);
          if (closes) here.shutdown_write();
          return joist::tls::try_accept(there, server, closes ? 20'000ms : 5ms).error().kind;
        };
        EXPECT(after("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == failure_kind::not_tls);
        EXPECT(after("SSH-2.0-OpenSSH_9.2\r\n") == failure_kind::not_tls);
        EXPECT(after(std::string(1000, '\xff')) == failure_kind::not_tls);
        EXPECT(after("") == failure_kind::closed);
        EXPECT(after("\x16\x03\x01") == failure_kind::closed);
        EXPECT(after("", false) == failure_kind::timed_out);
        EXPECT(after(std::string{"\x16\x03\x01\x02\0\x01", 6}, false) == failure_kind::timed_out);
        EXPECT(after(std::string{"\x16\x03\x01\0\x04\x09\0\0\0", 9}) == failure_kind::broken_protocol);
        auto [here, there] = connected();
        there.write("220 mail.example ESMTP\r\n");
        EXPECT(joist::tls::try_connect(here, w.client_context(), tls_host, 20s).error().kind == failure_kind::not_tls);
        auto [reset, by] = connected();
        by.reset();
        const auto broken = joist::tls::try_accept(reset, server, 20s).error();
        EXPECT(broken.kind == failure_kind::connection && broken.text.find("reset") != std::string::npos);
        for (stream* each : {&here, &there, &reset}) each->close();
        EXPECT(sockets_become(0));
      },
      3);
}

TEST_CASE("tls handshake: garbage of all kinds is refused") {
  on_workers(
      [] {
        const tls_world w;
        const server_context server = w.server_context();
        joist::base::random dice{7};
        for (int i = 0; i < (checked_build ? 30 : 200); ++i) {
          std::string bytes = i % 2 == 0 ? std::string{"\x16\x03\x01\x00\xf0\x01\0\0\xec\x03\x03", 11} : std::string{};
          while (bytes.size() < 600) bytes += static_cast<char>(dice.next());
          auto [here, there] = connected();
          here.write(bytes);
          here.shutdown_write();
          EXPECT(!joist::tls::try_accept(there, server, 20s));
        }
      },
      1);
}

TEST_CASE("tls handshake: bytes that are changed on their way break it, wherever they are") {
  on_workers(
      [] {
        const tls_world w;
        const server_context server = w.server_context();
        const client_context client = w.client_context();
        // Within the server's first flight. In the clear, and of no meaning, are only the minor versions of the records of
        // its hello and of the change of ciphers behind it: RFC 8446, 5.1.
        for (std::size_t changed = 0; changed < 600; changed += checked_build ? 83 : 13) {
          const auto said = std::make_shared<std::string>();  // by the server
          const auto damaging = [said, changed](std::string_view come, stream& to, bool from_client) {
            std::string bytes{come};
            if (!from_client && changed >= said->size() && changed < said->size() + bytes.size())
              bytes[changed - said->size()] = static_cast<char>(bytes[changed - said->size()] ^ 0x20);
            if (!from_client) said->append(come);
            return to.try_write(bytes).has_value();
          };
          // A length that is changed has both wait for each other.
          const both damaged = shake(server, client, tls_host, relayed(damaging), 1000ms);
          EXPECT(sockets_become(0));  // the relay has ended
          EXPECT(said->size() >= 600);
          const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>((*said)[i])); };
          const std::size_t hello = 5 + 256 * byte(3) + byte(4);
          if (changed != 2 && changed != hello + 2) EXPECT(!damaged.client);
        }
        EXPECT(sockets_become(0));
      },
      1);
}

TEST_CASE("tls handshake: connections that are killed in the middle of it leave nothing behind") {
  on_workers(
      [] {
        const tls_world w;
        const server_context server = w.server_context();
        const client_context client = w.client_context();
        joist::base::random dice{11};
        for (int i = 0; i < 200; ++i) {
          auto [here, there] = connected();
          const joist::pid accepts =
              joist::spawn([s = std::move(there), server]() mutable { (void)joist::tls::try_accept(s, server, 20s); });
          const joist::pid connects = joist::spawn(
              [s = std::move(here), client]() mutable { (void)joist::tls::try_connect(s, client, tls_host, 20s); });
          joist::sleep_for(std::chrono::microseconds{dice.next() % 3000});
          joist::exit(dice.next() % 2 == 0 ? accepts : connects, joist::exit_reason::kill);
        }
        EXPECT(sockets_become(0));
      },
      1);
}

TEST_CASE("tls handshake: those that throw say why, and a stream that is secured is not secured again") {
  on_workers(
      [] {
        const tls_world w;
        auto [here, there] = connected();
        there.close();
        bool thrown = false;
        try {
          joist::tls::connect(here, w.client_context(), tls_host, 20s);
        } catch (const joist::tls::handshake_failed& e) {
          thrown = std::string_view{e.what()}.find(tls_host) != std::string_view::npos;
        }
        EXPECT(thrown);
        auto ends = secured_ends(w.server_context(), w.client_context());
        EXPECT(refuses(joist::errc::bad_argument, [&] { joist::tls::accept(ends.there, w.server_context(), 1s); }));
        stream closed;
        EXPECT(refuses(joist::errc::bad_argument, [&] { joist::tls::accept(closed, w.server_context(), 1s); }));
      },
      2);
}

TEST_CASE("tls: why a handshake failed is a sentence") {
  CHECK(joist::tls::to_string(failure_kind::wrong_host) == "the certificate of the peer is for another host");
  CHECK(joist::tls::handshake_error{failure_kind::not_tls}.to_string() == "expected TLS, the peer speaks something else");
  CHECK(joist::tls::handshake_error{failure_kind::not_tls, "TLS handshake with x"}.to_string() == "TLS handshake with x");
}
