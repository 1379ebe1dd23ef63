#include "web/websocket/compression.hpp"

#include "support/websocket_events.hpp"

using namespace joist::test;
using namespace joist::web::ws;
using namespace std::string_literals;

namespace {

constexpr std::size_t no_limit = 64 * 1024 * 1024;

// One message, in pieces of so many bytes; npos: whole.
std::optional<refusal> inflate_into(std::vector<char>& out, inflater& i, std::string_view deflated,
                                    std::size_t most = no_limit, std::size_t piece_bytes = std::string_view::npos) {
  for (; !deflated.empty(); deflated.remove_prefix(std::min(piece_bytes, deflated.size())))
    if (auto refused = i.add(deflated.substr(0, piece_bytes), out, most)) return refused;
  return i.end(out, most);
}

std::string inflated(inflater& i, std::string_view deflated, std::size_t piece_bytes = std::string_view::npos) {
  std::vector<char> out;
  const auto refused = inflate_into(out, i, deflated, no_limit, piece_bytes);
  return refused ? "refused: " + std::string{refused->sentence} : std::string{out.begin(), out.end()};
}

std::string deflated(deflater& d, std::string_view message) {
  std::string out;
  d.deflate(message, out);
  return out;
}

// Text with words that come again, of any length, the same for the same seed.
std::string some_text(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string all;
  while (all.size() < size) {
    all += "{\"event\":\"update\",\"value\":";
    all += std::to_string(random() % 1000) + "}, ";
  }
  all.resize(size);
  return all;
}

std::string noise(std::size_t size) {
  std::mt19937 random{42};
  std::string all(size, '\0');
  for (auto& c : all) c = static_cast<char>(random());
  return all;
}

constexpr std::size_t sizes[] = {0,   1,    2,    5,     100,   125,   126,   127,   511,    512,
                                 513, 4095, 4096, 32767, 32768, 32769, 65535, 65536, 100'000};

}  // namespace

TEST_CASE("inflater: takes the examples of RFC 7692, section 7.2.3") {
  inflater fresh{{.context_takeover = false}};
  CHECK(inflated(fresh, "\xf2\x48\xcd\xc9\xc9\x07\x00"s) == "Hello");
  CHECK(inflated(fresh, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s) == "Hello");
  CHECK(inflated(fresh, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s) == "Hello");
  CHECK(inflated(fresh, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s) == "Hello");
  CHECK(inflated(fresh, "\x00"s) == "");
  inflater keeping{{}};
  CHECK(inflated(keeping, "\xf2\x48\xcd\xc9\xc9\x07\x00"s) == "Hello");
  CHECK(inflated(keeping, "\xf2\x00\x11\x00\x00"s) == "Hello");
}

TEST_CASE("inflater: a block marked as the last one may be followed by others, however the bytes are cut") {
  const auto hello = "\xf3\x48\xcd\xc9\xc9\x07\x00"s;
  // Blocks that end with the last bit of a byte, or the one before it: zlib has looked into the byte behind them by then.
  const auto five = "\x9b\x30\x71\xd2\xe4\x29\x00"s;
  const auto six = "\x9b\x30\x71\xd2\xe4\x29\x53\x01"s;
  const auto not_last = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
  const auto bytes = hello + five + six + five + hello + six + not_last;
  const auto of_five = "\x90\x91\x92\x93\x94"s;
  const auto of_six = of_five + "\x95";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    inflater i{{}};
    CHECK(inflated(i, bytes, piece) == "Hello" + of_five + of_six + of_five + "Hello" + of_six + "Hello");
    CHECK(inflated(i, five + "\x00"s, piece) == of_five);
    CHECK(inflated(i, six + "\x00"s, piece) == of_six);
  }
}

TEST_CASE("compression: what is deflated is inflated again, for all windows [Autobahn 12, 13]") {
  for (std::uint8_t bits = 9; bits <= 15; ++bits)
    for (const bool takeover : {false, true})
      for (const std::uint8_t memory : {std::uint8_t{1}, std::uint8_t{8}}) {
        const compression how{bits, takeover};
        deflater d{how, {.memory_level = memory}};
        inflater whole{how}, cut{how};
        unsigned seed = 0;
        for (const std::size_t size : sizes)
          for (const auto& message : {some_text(size, ++seed), noise(size), std::string(size, 'a')}) {
            const auto payload = deflated(d, message);
            if (inflated(whole, payload) != message) FAIL(int{bits} << " " << takeover << " " << int{memory} << " " << size);
            if (inflated(cut, payload, size < 5000 ? 1 : 999) != message)
              FAIL("cut: " << int{bits} << " " << takeover << " " << size);
          }
      }
}

TEST_CASE("deflater: an empty message is one byte") {
  deflater d{{}};
  CHECK(deflated(d, "") == "\x00"s);
  CHECK(deflated(d, "abc") != "\x00"s);
  CHECK(deflated(d, "") == "\x00"s);
}

TEST_CASE("deflater: with context takeover a message may refer to those before it, and without not") {
  deflater keeping{{}}, forgetting{{.context_takeover = false}};
  const auto message = noise(1000);
  const auto first = deflated(keeping, message).size();
  CHECK(deflated(keeping, message).size() < first / 10);
  CHECK(deflated(forgetting, message) == deflated(forgetting, message));
}

TEST_CASE("deflater: makes text smaller, and noise hardly larger") {
  for (const bool takeover : {false, true}) {
    deflater d{{.context_takeover = takeover}};
    CHECK(deflated(d, some_text(10'000, 1)).size() < 2'000);
    CHECK(deflated(d, noise(100'000)).size() < 100'100);
  }
}

TEST_CASE("inflater: a message that inflates to more than the limit is refused, and takes no more than the limit") {
  deflater d{{}};
  const auto bomb = deflated(d, std::string(20 * 1024 * 1024, '\0'));
  REQUIRE(bomb.size() < 25'000);
  for (const std::size_t most : {0U, 1U, 100U, 1U << 20}) {
    inflater i{{}};
    std::vector<char> out;
    const auto refused = inflate_into(out, i, bomb, most);
    REQUIRE(refused);
    CHECK(refused->code == close_code::message_too_big);
    CHECK(out.size() <= most);
    CHECK(out.capacity() <= std::max<std::size_t>(most, 1024));
  }
}

TEST_CASE("inflater: a message of just the limit is taken, and one of one byte more is refused") {
  for (const std::size_t size : {1U, 300U, 5'000U, 70'000U})
    for (const auto& message : {some_text(size, 3), noise(size)})
      for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
        deflater d{{}};
        const auto payload = deflated(d, message);
        inflater enough{{}}, too_little{{}};
        std::vector<char> out;
        CHECK_FALSE(inflate_into(out, enough, payload, size, piece));
        CHECK(std::string{out.begin(), out.end()} == message);
        out.clear();
        const auto refused = inflate_into(out, too_little, payload, size - 1, piece);
        REQUIRE(refused);
        CHECK(refused->code == close_code::message_too_big);
      }
}

TEST_CASE("inflater: what is no deflated message is refused") {
  for (const auto& wrong : {"\x07"s, "\xff\xff\xff\xff"s, "\x00\x05\x00\x00\x00"s, "\xf2\x00\x11\x00\x00"s, "\xf2\x48\xcd"s,
                            "\x04"s, "\x00\x06\x00\xf9\xff\x48"s, ""s, "\xf3\x48\xcd\xc9\xc9\x07\x00"s})
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      inflater i{{}};
      std::vector<char> out;
      const auto refused = inflate_into(out, i, wrong, no_limit, piece);
      INFO(wrong.size() << " bytes");
      REQUIRE(refused);
      CHECK(refused->code == close_code::invalid_payload);
    }
}

TEST_CASE("compression: goes through frames, whole, in fragments, and beside others [Autobahn 12, 13]") {
  for (const bool takeover : {true, false}) {
    const compression how{15, takeover};
    deflater d{how};
    std::string bytes;
    seen_events expected;
    for (const std::size_t size : {0U, 1U, 16U, 125U, 126U, 127U, 1024U, 65535U, 65536U}) {
      append_message(bytes, opcode::text, some_text(size, 9), d, test_key);
      append_message(bytes, opcode::binary, noise(size), d, test_key);
      append_message(bytes, opcode::text, "as it is", test_key);
      expected.insert(expected.end(), {text(some_text(size, 9)), binary(noise(size)), text("as it is")});
    }
    const auto payload = deflated(d, some_text(3000, 5));
    bytes += frame(opcode::text, payload.substr(0, 10), false, true) + frame(opcode::ping, "between") +
             frame(opcode::continuation, payload.substr(10, 50), false) + frame(opcode::continuation, "", false) +
             frame(opcode::continuation, payload.substr(60));
    expected.insert(expected.end(), {ping("between"), text(some_text(3000, 5))});
    CHECK(decoded(bytes, {.inflate = how}) == expected);
  }
}

TEST_CASE("append_message: without context takeover, what would not become smaller goes as it is") {
  deflater forgetting{{.context_takeover = false}}, keeping{{}};
  std::string bytes, plain;
  append_message(bytes, opcode::binary, noise(50), forgetting);
  append_message(plain, opcode::binary, noise(50));
  CHECK(bytes == plain);
  bytes.clear();
  append_message(bytes, opcode::binary, noise(50), keeping);
  CHECK((static_cast<unsigned char>(bytes[0]) & 0x40) != 0);
}

TEST_CASE("decoder: refuses compressed messages that are damaged, no UTF-8, or too large, however they are cut") {
  const compression how{};
  deflater d{how};
  const decoder_options options{.most_message_bytes = 10'000, .inflate = how};
  CHECK(fails(decoded(frame(opcode::text, "\xff\xff\xff\xff", true, true), options), {}, close_code::invalid_payload));
  const auto not_text = deflated(d, some_text(5000, 1) + "\xff" + some_text(100, 1));
  CHECK(fails(decoded(frame(opcode::text, not_text, true, true), options), {}, close_code::invalid_payload));
  deflater e{how};
  const auto half_character = deflated(e, some_text(5000, 1) + "\xc3");
  CHECK(fails(decoded(frame(opcode::text, half_character, true, true), options), {}, close_code::invalid_payload));
  deflater f{how};
  const auto bomb = deflated(f, std::string(1'000'000, 'x'));
  CHECK(fails(decoded(frame(opcode::text, bomb, true, true), options), {}, close_code::message_too_big));
  CHECK(fails(decoded(frame(opcode::text, "x", false, true) + frame(opcode::continuation, "y", true, true), options), {},
              close_code::protocol_error));
}

TEST_CASE("decoder: holds nothing between compressed messages without context takeover") {
  const compression how{15, false};
  deflater d{how};
  decoder decoder{{.inflate = how}};
  seen_events seen;
  std::string bytes;
  append_message(bytes, opcode::text, some_text(1000, 1), d, test_key);
  feed(decoder, bytes, seen);
  CHECK(seen == seen_events{text(some_text(1000, 1))});
  CHECK(decoder.buffered_bytes() == 0);
}
