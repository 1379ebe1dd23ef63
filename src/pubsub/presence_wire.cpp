#include "pubsub/presence_wire.hpp"

#include <algorithm>
#include <utility>

namespace joist::inline v0::detail {
namespace {

constexpr char version = 1;
constexpr std::size_t least_entry_bytes = 13;  // process, and a byte for each of the others

class writer {
 public:
  std::string out;

  void byte(std::uint8_t b) { out += static_cast<char>(b); }
  void number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) byte(static_cast<std::uint8_t>(n | 0x80));
    byte(static_cast<std::uint8_t>(n));
  }
  void fixed(std::uint64_t n) {
    for (int i = 0; i < 8; ++i, n >>= 8) byte(static_cast<std::uint8_t>(n));
  }
  void text(std::string_view t) {
    number(t.size());
    out += t;
  }
  void set(const clock_set& s) {
    number(s.spans().size());
    std::uint64_t end = 0;
    for (const auto& span : s.spans()) {
      number(span.first - end);
      number(span.last - span.first);
      end = span.last;
    }
  }
  void part(const presence_part& p) {
    set(p.seen);
    set(p.kept);
    number(p.entries.size());
    std::uint64_t before = 0;
    const std::string* topic = nullptr;
    for (const auto& e : p.entries) {
      number(e->ref.number - std::exchange(before, e->ref.number));
      number(e->previous ? e->ref.number - e->previous.number : 0);
      fixed(e->process);
      if (topic != nullptr && *topic == *e->topic) {
        number(0);
      } else {
        topic = e->topic.get();
        number(topic->size() + 1);
        out += *topic;
      }
      text(e->key);
      text(e->meta);
    }
  }
};

struct bad_packet {};

/// Throws bad_packet, and no further than read_packet().
class reader {
 public:
  explicit reader(std::string_view bytes) noexcept : rest_{bytes} {}
  [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }

  std::string_view take(std::uint64_t count) {
    require(count <= rest_.size());
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).front()); }
  // Below clock_set::limit.
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
      const std::uint64_t b = byte();
      n |= (b & 0x7f) << shift;
      if (b < 0x80) {
        require(n < clock_set::limit && (b != 0 || shift == 0));  // one way to write a number
        return n;
      }
    }
    throw bad_packet{};
  }
  std::uint64_t fixed() {
    std::uint64_t n = 0;
    const std::string_view digits = take(8);
    for (std::size_t i = 0; i < 8; ++i) n |= std::uint64_t{static_cast<unsigned char>(digits[i])} << 8 * i;
    return n;
  }
  std::string_view text() { return take(number()); }

  clock_set set() {
    clock_set s;
    std::uint64_t end = 0;
    for (std::uint64_t left = number(); left > 0; --left) {
      const std::uint64_t gap = number();
      require(gap > (end == 0 ? 0U : 1U));  // C1
      const std::uint64_t first = plus(end, gap);
      end = plus(first, number());
      s.add(first, end);
    }
    return s;
  }
  presence_part part(const replica_id& from) {
    presence_part p;
    p.seen = set();
    p.kept = set();
    require(p.seen.contains(p.kept));
    const std::uint64_t count = number();
    require(count <= rest_.size() / least_entry_bytes);
    p.entries.reserve(count);
    const std::uint64_t origin = from.origin();
    std::shared_ptr<const std::string> topic;
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t step = number();
      require(step > 0);
      at = plus(at, step);
      require(p.seen.contains(at) && !p.kept.contains(at));
      p.entries.push_back(entry({origin, at}, topic));
    }
    return p;
  }

 private:
  static void require(bool holds) {
    if (!holds) throw bad_packet{};
  }
  static std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    require(a + b < clock_set::limit);  // both are below it
    return a + b;
  }
  presence_meta_ptr entry(presence_ref ref, std::shared_ptr<const std::string>& topic) {
    presence_meta e;
    e.ref = ref;
    const std::uint64_t back = number();
    require(back < ref.number);
    if (back > 0) e.previous = {ref.origin, ref.number - back};
    e.process = fixed();
    if (const std::uint64_t length = number(); length > 0) topic = std::make_shared<const std::string>(take(length - 1));
    require(topic != nullptr);
    e.topic = topic;
    e.key = text();
    e.meta = text();
    return std::make_shared<const presence_meta>(std::move(e));
  }

  std::string_view rest_;
};

presence_packet read_whole(std::string_view bytes) {
  using kind = presence_packet::kind;
  reader in{bytes};
  if (in.byte() != version) throw bad_packet{};
  presence_packet p;
  p.what = static_cast<kind>(in.byte());
  p.from.name = in.text();
  p.from.incarnation = in.fixed();
  switch (p.what) {
    case kind::heartbeat:
      p.clock = in.number();
      p.part = in.part(p.from);
      break;
    case kind::request:
      p.asked = in.fixed();
      p.seen = in.set();
      break;
    case kind::transfer: p.part = in.part(p.from); break;
    case kind::gone: break;
    default: throw bad_packet{};
  }
  if (!in.is_at_end()) throw bad_packet{};
  return p;
}

}  // namespace

std::string write_packet(const presence_packet& p) {
  using kind = presence_packet::kind;
  writer w;
  w.byte(version);
  w.byte(static_cast<std::uint8_t>(p.what));
  w.text(p.from.name);
  w.fixed(p.from.incarnation);
  switch (p.what) {
    case kind::heartbeat:
      w.number(p.clock);
      w.part(p.part);
      break;
    case kind::request:
      w.fixed(p.asked);
      w.set(p.seen);
      break;
    case kind::transfer: w.part(p.part); break;
    case kind::gone: break;
  }
  return std::move(w.out);
}

std::optional<presence_packet> read_packet(std::string_view bytes) {
  try {
    return read_whole(bytes);
  } catch (const bad_packet&) {
    return std::nullopt;
  }
}

}  // namespace joist::inline v0::detail
