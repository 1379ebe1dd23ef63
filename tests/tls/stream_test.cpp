#include <joist/tls/stream.hpp>

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/layered.hpp"
#include "support/ends.hpp"
#include "support/middle.hpp"
#include "support/secured.hpp"
#include "support/world.hpp"
#include "tls/secure_layer.hpp"

using namespace std::chrono_literals;
using namespace support;
using joist::exit_reason;
using joist::net::stream;

namespace {

constexpr std::size_t much_bytes = checked_build ? (2 << 20) : (8 << 20);

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i * 31 % 23);
  return text;
}

/// Until nothing more fits: how many bytes the stream took.
std::size_t fill(stream& s, const std::string& text) {
  std::size_t taken = 0;
  for (;;) {
    const auto more = s.try_write_now(std::as_bytes(std::span{text}).subspan(taken % text.size()));
    EXPECT(more.has_value());
    taken += *more;
    if (*more == 0) return taken;
  }
}

SSL* openssl_of(const stream& s) {
  return dynamic_cast<joist::tls::detail::secure_layer&>(*joist::net::detail::layer_access::layer(s)).connection();
}

}  // namespace

TEST_CASE("tls: what one end writes the other reads, in order, to the end, and both know how") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        here.write("hello, ");
        here.write("world");
        EXPECT(read_text(there, 12) == "hello, world");
        there.write("and back");
        there.shutdown_write();
        EXPECT(read_text(here, 100) == "and back");
        std::byte one{};
        EXPECT(here.read_some(std::span{&one, 1}) == 0);
        EXPECT(here.read_some(std::span{&one, 1}) == 0);
        here.write("half-closed, it is still written to");
        here.close();
        EXPECT(read_text(there, 100) == "half-closed, it is still written to");
        const auto known = joist::tls::info(there);
        EXPECT(known && known->version == "TLSv1.3" && !known->cipher.empty() && known->server_name == tls_host);
        EXPECT(!joist::tls::info(here));
        there.close();
        EXPECT(sockets_become(0));
      },
      10);
}

TEST_CASE("tls: much goes both ways at once, to readers that are slow") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        const std::string sent = pattern(much_bytes);
        // Each end writes what the other has to read: a process that does both must not wait for one alone.
        const auto both_ways = [sent](stream& s) {
          std::string got;
          std::array<char, 50'000> some{};
          std::size_t written = 0;
          while (got.size() < sent.size() || written < sent.size()) {
            const auto more = s.try_write_now(std::as_bytes(std::span{sent}).subspan(written));
            EXPECT(more.has_value());
            written += *more;
            if (got.size() == sent.size() && written == sent.size()) break;  // nothing more comes
            s.announce_readable();
            if (written < sent.size()) s.announce_writable();
            joist::receive([](joist::net::readable) {}, [](joist::net::writable) {});
            while (got.size() < sent.size()) {
              const auto come = s.try_read_some(std::as_writable_bytes(std::span{some}), 0ms);
              if (!come && come.error() == std::errc::timed_out) break;
              EXPECT(come.has_value() && *come > 0);
              got.append(some.data(), *come);
            }
          }
          EXPECT(got == sent);
        };
        const auto other = joist::spawn_monitor([s = std::move(there), both_ways]() mutable { both_ways(s); });
        both_ways(here);
        EXPECT(reason_of(other) == exit_reason::normal);
      },
      2);
}

TEST_CASE("tls: a writer waits for a slow reader, and pieces are written as if they were one") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        std::vector<std::string> texts;
        std::string all;
        for (std::size_t i = 0; i < 60; ++i) all += texts.emplace_back(pattern(i % 3 == 0 ? i % 2 : i * 1500));
        const auto writer = joist::spawn_monitor([to = std::move(here), texts]() mutable {
          std::vector<std::span<const std::byte>> pieces;
          for (const auto& text : texts) pieces.push_back(std::as_bytes(std::span{text}));
          EXPECT(to.try_write(pieces).has_value());
          to.write(pattern(3 << 20));
        });
        EXPECT(read_text(there, all.size()) == all);
        joist::sleep_for(5ms);
        EXPECT(read_text(there, 3 << 20) == pattern(3 << 20));
        EXPECT(reason_of(writer) == exit_reason::normal);
        EXPECT(read_text(there, 1).empty());
      },
      3);
}

TEST_CASE("tls: try_write_now takes what fits; what it left comes in order, also when that begins within a record") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        int small = 4096;
        ::setsockopt(here.native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        const std::string sent = pattern(1 << 20);
        const auto reader = joist::spawn_monitor([from = std::move(there), sent]() mutable {
          std::string got;
          while (got.size() < sent.size()) got += read_text(from, std::min<std::size_t>(30'000, sent.size() - got.size()));
          EXPECT(got == sent);
          from.write("all");
        });
        std::size_t taken = 0;
        int times = 0;
        for (; taken < sent.size(); ++times) {
          const auto more = here.try_write_now(std::as_bytes(std::span{sent}).subspan(taken));
          EXPECT(more.has_value());
          taken += *more;
          if (taken == sent.size()) break;
          if (times % 2 == 0) {
            here.announce_writable();
            joist::receive<joist::net::writable>();
          } else {  // a write that waits continues what was begun without waiting
            here.write(std::string_view{sent}.substr(taken, 1));
            ++taken;
          }
        }
        EXPECT(times > 1);
        EXPECT(read_text(here, 3) == "all");
        EXPECT(reason_of(reader) == exit_reason::normal);
      },
      5);
}

TEST_CASE("tls: a single byte is not written twice, where the system was full when it came") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        const std::string text = pattern(100'000);
        std::size_t taken = fill(here, text);
        EXPECT(*here.try_write_now(std::as_bytes(std::span{"!", 1})) == 0);
        const auto reader = joist::spawn_monitor([from = std::move(there), taken]() mutable {
          EXPECT(read_text(from, taken).size() == taken);
          EXPECT(read_text(from, 10) == std::string{pattern(100'000)[taken % 100'000]} + "!");
        });
        here.write(std::string_view{text}.substr(taken % text.size(), 1));
        here.write("!");
        here.close();
        EXPECT(reason_of(reader) == exit_reason::normal);
      },
      3);
}

TEST_CASE("tls: a file is sent from any place in it, and less where it ends") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        const std::string content = pattern(1'000'000);
        std::FILE* file = std::tmpfile();
        EXPECT(std::fwrite(content.data(), 1, content.size(), file) == content.size());
        EXPECT(std::fflush(file) == 0);
        const auto sender = joist::spawn_monitor([to = std::move(here), number = ::fileno(file)]() mutable {
          EXPECT(*to.try_send_file(number, 10, 700'000) == 700'000);
          EXPECT(*to.try_send_file(number, 999'990, 100) == 10);
        });
        EXPECT(read_text(there, 700'010) == content.substr(10, 700'000) + content.substr(999'990));
        EXPECT(reason_of(sender) == exit_reason::normal);
        std::fclose(file);
      },
      2);
}

TEST_CASE("tls: a wait ends at its limit with timed_out, and the stream is as before") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        stream& own = here;
        std::array<std::byte, 16> buffer{};
        EXPECT(here.try_read_some(buffer, 5ms).error() == std::errc::timed_out);
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        there.write("late");
        EXPECT(read_text(here, 4) == "late");
        // Nobody reads: sooner or later nothing more fits.
        const std::string much = pattern(1 << 20);
        std::optional<std::error_code> why;
        for (int i = 0; i < 100 && !why; ++i) {
          if (const auto written = here.try_write(much, 10ms); !written) why = written.error();
        }
        EXPECT(why == std::errc::timed_out);
        EXPECT(refuses(joist::errc::bad_argument, [&] { (void)own.try_read_some({}); }));
      },
      3);
}

TEST_CASE("tls: the end without a close_notify is an error of its own, which stays; with one it is the end") {
  on_workers(
      [] {
        {
          auto [here, there] = secured_ends();
          there.write("half of i");
          ::shutdown(there.native_handle(), SHUT_WR);  // as somebody on the way would do
          EXPECT(read_text(here, 9) == "half of i");
          std::byte one{};
          for (int i = 0; i < 2; ++i) {
            EXPECT(here.try_read_some(std::span{&one, 1}, 20s).error() == joist::tls::errc::truncated);
          }
          EXPECT(here.try_write("x").error() == joist::tls::errc::truncated);
        }
        {
          auto [here, there] = secured_ends();
          there.write("all of it");
          there.close();
          EXPECT(read_text(here, 100) == "all of it");
        }
        {
          auto [here, there] = secured_ends();
          there.reset();
          std::byte one{};
          EXPECT(here.try_read_some(std::span{&one, 1}, 20s).error() == std::errc::connection_reset);
        }
      },
      5);
}

TEST_CASE("tls: a process that ends well says that its data has ended; one that crashes or is killed does not") {
  on_workers(
      [] {
        struct ends_how {
          bool says_so;
          std::function<void()> act;
        };
        const std::vector<ends_how> ways{
            {true, [] {}}, {false, [] { throw std::runtime_error{"x"}; }}, {false, [] { wait_for_ever(); }}};
        for (const auto& way : ways) {
          auto [here, there] = secured_ends();
          const joist::pid owner = joist::spawn([mine = std::move(there), act = way.act]() mutable {
            mine.write("!");
            act();
          });
          EXPECT(read_text(here, 1) == "!");
          joist::exit(owner, exit_reason::kill);
          std::byte one{};
          const auto end = here.try_read_some(std::span{&one, 1}, 20s);
          EXPECT(way.says_so ? end && *end == 0 : end.error() == joist::tls::errc::truncated);
        }
        EXPECT(sockets_become(0));
      },
      5);
}

TEST_CASE("tls: keys may change in the middle, but a peer that does nothing else is an error") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        here.write("before, ");
        EXPECT(::SSL_key_update(openssl_of(here), SSL_KEY_UPDATE_REQUESTED) == 1);  // goes with what is written next
        here.write("after");
        EXPECT(read_text(there, 13) == "before, after");
        there.write("with new keys, too");
        EXPECT(read_text(here, 18) == "with new keys, too");

        // From here on what OpenSSL says is kept, and sent by hand.
        SSL* const client = openssl_of(here);
        BIO* const memory = ::BIO_new(::BIO_s_mem());
        ::BIO_up_ref(memory);
        ::SSL_set0_rbio(client, memory);
        ::SSL_set0_wbio(client, memory);
        for (int i = 0; i < 7000; ++i) {
          EXPECT(::SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
          EXPECT(::SSL_do_handshake(client) == 1);
        }
        char* data = nullptr;
        const auto bytes = static_cast<std::size_t>(BIO_get_mem_data(memory, &data));
        std::size_t sent = 0;
        const auto send_more = [&sent, fd = here.native_handle(), data, bytes] {
          const ssize_t more = ::send(fd, data + sent, bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
          if (more > 0) sent += static_cast<std::size_t>(more);
          return more;
        };
        while (sent < bytes && send_more() > 0) {
        }
        EXPECT(sent > 140'000);  // the system takes that much
        std::byte one{};
        EXPECT(there.try_read_some(std::span{&one, 1}, 20s).error() == joist::tls::errc::flooded);
        EXPECT(there.try_write("x").error() == joist::tls::errc::flooded);
        here.reset();
      },
      1);
}

TEST_CASE("tls: bytes that were changed on their way are an error, not data") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        const std::string record{"\x17\x03\x03\x00\x20", 5};
        EXPECT(::send(there.native_handle(), (record + std::string(32, 'x')).data(), 37, 0) == 37);
        std::byte one{};
        const auto why = here.try_read_some(std::span{&one, 1}, 20s).error();
        EXPECT(why.category() == joist::tls::category() && why != joist::tls::errc::truncated && !why.message().empty());
        EXPECT(here.try_read_some(std::span{&one, 1}, 20s).error() == why);
        EXPECT(there.try_read_some(std::span{&one, 1}, 20s).error().category() == joist::tls::category());  // the alert
      },
      5);
}

TEST_CASE("tls: announce_readable comes once, and at once where bytes are there that the socket does not tell of") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        std::array<std::byte, 16> buffer{};
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        here.announce_readable();
        here.announce_readable();
        EXPECT(mailbox_stays_empty());
        there.write("abc");
        EXPECT(joist::receive<joist::net::readable>().stream == here.id());
        EXPECT(mailbox_stays_empty());
        EXPECT(here.read_some(std::span{buffer}.first(1)) == 1);
        here.announce_readable();  // two bytes of the record are left
        EXPECT(joist::receive<joist::net::readable>().stream == here.id());
        EXPECT(here.read_some(std::span{buffer}.first(2)) == 2);
        there.write("d");
        there.write("e");  // another record, which came with the first
        EXPECT(read_text(here, 1) == "d");
        here.announce_readable();
        EXPECT(joist::receive<joist::net::readable>().stream == here.id());
        EXPECT(read_text(here, 1) == "e");
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        here.announce_readable();
        EXPECT(here.withdraw_announcement());
        EXPECT(mailbox_stays_empty());
      },
      10);
}

TEST_CASE("tls: what comes together with the end of the handshake is announced") {
  on_workers(
      [] {
        const tls_world w;
        const auto goes_together = std::make_shared<std::atomic<bool>>(false);
        const auto held = std::make_shared<std::string>();
        const auto holding = [goes_together, held, first = true](std::string_view come, stream& to,
                                                                 bool from_client) mutable {
          if (!from_client || std::exchange(first, false)) return to.try_write(come).has_value();
          held->append(come);
          return !*goes_together || to.try_write(std::exchange(*held, {})).has_value();
        };
        auto ends = relayed(holding);
        const auto server = joist::spawn_monitor([peer = std::move(ends.there), context = w.server_context()]() mutable {
          joist::tls::accept(peer, context, 20s);
          peer.announce_readable();
          joist::receive<joist::net::readable>();
          EXPECT(read_text(peer, 7) == "request");
        });
        joist::tls::connect(ends.here, w.client_context(), tls_host, 20s);
        *goes_together = true;
        ends.here.write("request");
        EXPECT(reason_of(server) == exit_reason::normal);
      },
      5);
}

TEST_CASE("tls: part of a record is not announced again and again") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        std::array<std::byte, 16> buffer{};
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        const std::string begin{"\x17\x03\x03\x01\x00 some of it", 16};
        EXPECT(::send(there.native_handle(), begin.data(), begin.size(), 0) == 16);
        here.announce_readable();
        EXPECT(joist::receive<joist::net::readable>().stream == here.id());
        EXPECT(here.try_read_some(buffer, 0ms).error() == std::errc::timed_out);
        here.announce_readable();
        EXPECT(mailbox_stays_empty());
        EXPECT(here.withdraw_announcement());
      },
      5);
}

TEST_CASE("tls: an end that is closed, or moved from, refuses; one that is given away lives on with its receiver") {
  on_workers(
      [] {
        auto [here, there] = secured_ends();
        const auto receiver = joist::spawn_monitor([] {
          auto mine = joist::receive<stream>();
          mine.write("from the receiver");
          EXPECT(read_text(mine, 100) == "thanks");
        });
        there.write("from the giver, ");
        joist::net::controlling_process(std::move(there), receiver.process);
        EXPECT(read_text(here, 33) == "from the giver, from the receiver");
        here.write("thanks");
        here.shutdown_write();
        EXPECT(reason_of(receiver) == exit_reason::normal);
        stream elsewhere = std::move(here);
        stream& moved_from = here;
        EXPECT(!joist::tls::info(moved_from) && joist::tls::info(elsewhere));
        elsewhere.close();
        elsewhere.close();
        EXPECT(refuses(joist::errc::bad_argument, [&] { elsewhere.write("x"); }));
        auto [first, second] = secured_ends();
        first = stream{};  // closes, and says so
        EXPECT(read_text(second, 1).empty());
        second.close();
        EXPECT(sockets_become(0));
      },
      5);
}
