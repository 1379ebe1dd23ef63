#include "web/websocket/extensions.hpp"

#include <fmt/format.h>

#include "web/websocket/tokens.hpp"

namespace joist::inline v0::web::ws {
namespace {

// Reads from the front of a header. What is not there is an empty token, or false.
class reader {
 public:
  explicit reader(std::string_view header) : left_{header} { skip_spaces(); }

  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }

  [[nodiscard]] bool take(char c) noexcept {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    skip_spaces();
    return true;
  }

  [[nodiscard]] std::string token() {
    std::size_t size = 0;
    while (size < left_.size() && is_token_char(left_[size])) ++size;
    std::string text{left_.substr(0, size)};
    left_.remove_prefix(size);
    skip_spaces();
    return text;
  }

  // What stands in the quotes has to be a token, too.
  [[nodiscard]] std::string token_or_quoted() {
    if (!left_.starts_with('"')) return token();
    std::string text;
    for (std::size_t i = 1; i < left_.size(); ++i) {
      if (left_[i] == '"') {
        left_.remove_prefix(i + 1);
        skip_spaces();
        return is_token(text) ? text : std::string{};
      }
      if (left_[i] == '\\' && ++i == left_.size()) break;
      text += left_[i];
    }
    return {};
  }

 private:
  void skip_spaces() noexcept { left_.remove_prefix(std::min(left_.find_first_not_of(" \t"), left_.size())); }

  std::string_view left_;
};

failure<std::string> wrong(std::string_view header, std::string_view why) {
  return {fmt::format("Sec-WebSocket-Extensions: expected name; parameter=value, ..., got \"{}\": {}", header, why)};
}

}  // namespace

result<std::vector<extension>, std::string> parse_extensions(std::string_view header) {
  std::vector<extension> all;
  reader r{header};
  while (!r.at_end()) {
    if (r.take(',')) continue;  // an empty element of the list
    extension e{r.token(), {}};
    if (e.name.empty()) return wrong(header, "there is no name");
    while (r.take(';')) {
      extension::parameter p{r.token(), {}};
      if (p.name.empty()) return wrong(header, "a parameter has no name");
      if (r.take('=')) {
        p.value = r.token_or_quoted();
        if (p.value->empty()) return wrong(header, "the value of a parameter is no token");
      }
      e.parameters.push_back(std::move(p));
    }
    if (!r.at_end() && !r.take(',')) return wrong(header, "there is something between two extensions");
    all.push_back(std::move(e));
  }
  return all;
}

}  // namespace joist::inline v0::web::ws
