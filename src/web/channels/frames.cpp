#include "web/channels/frames.hpp"

#include <joist/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace joist::inline v0::web::channels {
namespace {

enum class binary_kind : char { push = 0, reply = 1, broadcast = 2 };

void append_or_null(std::string& out, const ref_text& text) {
  if (text) {
    append_json_string(out, text.view());
  } else {
    out += "null";
  }
}

// As a text, or null: other clients send refs as numbers.
std::optional<ref_text> ref_of(const json_value& v) {
  if (v.is_null()) return ref_text{};
  if (const std::string* text = v.as_string()) return ref_text{*text};
  if (const std::int64_t* number = v.as_int64()) return ref_text{std::to_string(*number)};
  return std::nullopt;
}

std::string expected_got(std::string_view expected, std::string_view got) {
  return fmt::format("expected {}, got {}", expected, got);
}

std::string_view kind_of(const json_value* v) { return v == nullptr ? "nothing" : v->kind(); }

struct parts {
  const json_value* join_ref;
  const json_value* ref;
  const json_value* topic;
  const json_value* event;
  json_value* body;
};

result<client_frame, std::string> frame_of(const parts& p) {
  static const json_value null;
  auto join_ref = ref_of(p.join_ref != nullptr ? *p.join_ref : null);
  auto ref = ref_of(p.ref != nullptr ? *p.ref : null);
  if (!join_ref || !ref)
    return failure{expected_got("a ref that is a string or null", kind_of(join_ref ? p.ref : p.join_ref))};
  const std::string* topic = p.topic != nullptr ? p.topic->as_string() : nullptr;
  if (topic == nullptr) return failure{expected_got("a topic that is a string", kind_of(p.topic))};
  const std::string* event = p.event != nullptr ? p.event->as_string() : nullptr;
  if (event == nullptr) return failure{expected_got("an event that is a string", kind_of(p.event))};
  if (const auto longest = std::max({join_ref->view().size(), ref->view().size(), event->size()}); longest > most_name_bytes)
    return failure{fmt::format("expected refs and an event of at most {} bytes, got {}", most_name_bytes, longest)};
  return client_frame{*std::move(join_ref), *std::move(ref), *topic, *event,
                      client_payload{p.body != nullptr ? std::move(*p.body) : json_value{}}};
}

json_value* find(json_value::object& in, std::string_view name) {
  for (auto& m : in) {
    if (m.name == name) return &m.value;
  }
  return nullptr;
}

std::string_view checked_name(std::string_view kind, std::string_view name) {
  if (name.size() <= most_name_bytes) return name;
  throw error{errc::bad_argument,
              fmt::format("channel: a message of bytes: expected {} of at most {} bytes, got {}: \"{:.64}\"", kind,
                          most_name_bytes, name.size(), name)};
}

struct named {
  std::string_view kind;
  std::string_view text;
};

template <std::size_t N>
std::string write_binary(protocol_version v, binary_kind kind, const std::array<named, N>& names, std::string_view body) {
  if (v == protocol_version::v1) {
    throw error{errc::bad_argument, "channel: bytes need version 2 of the protocol, and this client speaks 1: send it JSON"};
  }
  std::string out;
  std::size_t size = 1 + N + body.size();
  for (const named& n : names) size += n.text.size();
  out.reserve(size);
  out += static_cast<char>(kind);
  for (const named& n : names) out += static_cast<char>(checked_name(n.kind, n.text).size());
  for (const named& n : names) out += n.text;
  out += body;
  return out;
}

encoded frame(bool is_binary, std::string bytes) {
  return std::make_shared<const encoded_frame>(encoded_frame{is_binary, std::move(bytes), {}});
}

// The envelope around a payload; `body` is JSON.
std::string write_text(protocol_version v, const ref_text& join_ref, const ref_text& ref, std::string_view topic,
                       std::string_view event, std::string_view body) {
  std::string out;
  out.reserve(64 + topic.size() + event.size() + body.size());
  if (v == protocol_version::v2) {
    out += '[';
    append_or_null(out, join_ref);
    out += ',';
    append_or_null(out, ref);
    out += ',';
    append_json_string(out, topic);
    out += ',';
    append_json_string(out, event);
    out += ',';
    out += body;
    out += ']';
  } else {
    out += "{\"event\":";
    append_json_string(out, event);
    out += ",\"payload\":";
    out += body;
    out += ",\"ref\":";
    append_or_null(out, ref);
    out += ",\"topic\":";
    append_json_string(out, topic);
    out += '}';
  }
  return out;
}

// Beside the value itself.
std::size_t memory_behind(const std::string& text) noexcept {
  static const std::size_t kept_inside = std::string{}.capacity();
  return text.capacity() > kept_inside ? text.capacity() : 0;
}
std::size_t memory_behind(const json_value& v) noexcept {
  if (const std::string* text = v.as_string()) return memory_behind(*text);
  std::size_t all = 0;
  if (const json_value::array* elements = v.as_array()) {
    all += elements->capacity() * sizeof(json_value);
    for (const json_value& e : *elements) all += memory_behind(e);
  } else if (const json_value::object* members = v.as_object()) {
    all += members->capacity() * sizeof(json_value::member);
    for (const json_value::member& m : *members) all += memory_behind(m.name) + memory_behind(m.value);
  }
  return all;
}

}  // namespace

std::size_t memory_of(const client_frame& f) noexcept {
  const binary* const bytes = f.body.as_binary();
  return sizeof f + memory_behind(f.topic) + memory_behind(f.event) +
         (bytes != nullptr ? memory_behind(bytes->bytes) : memory_behind(*f.body.as_json()));
}

// 1.0.0 and 2.0.0 are what clients have ever asked for; nothing means 1.0.0, and `~> 2.0.0` is what Phoenix takes.
std::optional<protocol_version> version_of(std::optional<std::string_view> vsn) noexcept {
  if (!vsn) return protocol_version::v1;
  if (vsn->substr(0, 4) == "2.0." && vsn->size() > 4) return protocol_version::v2;
  if (vsn->substr(0, 4) == "1.0." && vsn->size() > 4) return protocol_version::v1;
  return std::nullopt;
}

result<client_frame, std::string> read_text(protocol_version v, std::string_view text) {
  auto value = parse_json(text);
  if (!value) return failure{fmt::format("expected JSON: {} {}", value.error().pointer, value.error().what)};
  if (v == protocol_version::v2) {
    json_value::array* all = value->as_array();
    if (all == nullptr || all->size() < 5)
      return failure{
          expected_got("[join_ref, ref, topic, event, payload]", all != nullptr ? "fewer elements" : value->kind())};
    return frame_of({&(*all)[0], &(*all)[1], &(*all)[2], &(*all)[3], &(*all)[4]});
  }
  json_value::object* all = value->as_object();
  if (all == nullptr) return failure{expected_got(R"({"topic":, "event":, "payload":, "ref":})", value->kind())};
  return frame_of(
      {find(*all, "join_ref"), find(*all, "ref"), find(*all, "topic"), find(*all, "event"), find(*all, "payload")});
}

result<client_frame, std::string> read_binary(protocol_version v, std::string_view bytes) {
  if (v == protocol_version::v1) return failure{std::string{"expected text: version 1 of the protocol has no bytes"}};
  constexpr std::size_t head = 5;
  if (bytes.size() < head || bytes[0] != static_cast<char>(binary_kind::push))
    return failure{std::string{"expected a push of bytes: 0, four lengths, join_ref, ref, topic, event, payload"}};
  std::array<std::string_view, 4> names;
  std::string_view rest = bytes.substr(head);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t size = static_cast<unsigned char>(bytes[1 + i]);
    if (rest.size() < size) return failure{std::string{"expected a push of bytes as long as its lengths say, got fewer"}};
    names[i] = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  return client_frame{ref_text{names[0]}, ref_text{names[1]}, std::string{names[2]}, std::string{names[3]},
                      client_payload{binary{std::string{rest}}}};
}

encoded write_reply(protocol_version v, const ref_text& join_ref, const ref_text& ref, std::string_view topic,
                    const reply& answer) {
  if (answer.response.is_binary()) {
    return frame(true, write_binary(v, binary_kind::reply,
                                    std::array{named{"a join_ref", join_ref.view()}, named{"a ref", ref.view()},
                                               named{"a topic", topic}, named{"a status", answer.status}},
                                    answer.response.bytes()));
  }
  std::string body = "{\"status\":";
  append_json_string(body, answer.status);
  body += ",\"response\":";
  body += answer.response.bytes();
  body += '}';
  return frame(false, write_text(v, join_ref, ref, topic, "phx_reply", body));
}

encoded write_push(protocol_version v, const ref_text& join_ref, const ref_text& ref, std::string_view topic,
                   std::string_view event, const payload& body) {
  if (body.is_binary()) {
    return frame(true, write_binary(v, binary_kind::push,
                                    std::array{named{"a join_ref", join_ref.view()}, named{"a topic", topic},
                                               named{"an event", event}},
                                    body.bytes()));
  }
  return frame(false, write_text(v, join_ref, ref, topic, event, body.bytes()));
}

encoded write_broadcast(protocol_version v, std::string_view topic, std::string_view event, const payload& body) {
  encoded_frame made{body.is_binary(), {}, std::string{topic}};
  if (body.is_binary()) {
    made.bytes =
        write_binary(v, binary_kind::broadcast, std::array{named{"a topic", topic}, named{"an event", event}}, body.bytes());
  } else {
    made.bytes = write_text(v, {}, {}, topic, event, body.bytes());
  }
  return std::make_shared<const encoded_frame>(std::move(made));
}

}  // namespace joist::inline v0::web::channels
