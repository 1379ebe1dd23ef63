#include "web/metrics/text_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "web/http/characters.hpp"

namespace joist::inline v0::web::exposition {
namespace {

using http::is_alpha;
using http::is_digit;

bool is_name(std::string_view text, bool colons) noexcept {
  const auto fits = [colons](char c) { return is_alpha(c) || is_digit(c) || c == '_' || (colons && c == ':'); };
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '"': out += quotes ? "\\\"" : "\""; break;
      default: out += c;
    }
  }
}

}  // namespace

bool is_metric_name(std::string_view text) noexcept { return is_name(text, true); }
bool is_label_name(std::string_view text) noexcept { return is_name(text, false) && !text.starts_with("__"); }

void append_head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  out.append("# HELP ").append(name).append(" ");
  append_escaped(out, help, false);
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

std::string label_pairs(std::span<const std::string> names, std::span<const std::string> values) {
  std::string pairs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) pairs += ',';
    pairs.append(names[i]).append("=\"");
    append_escaped(pairs, values[i], true);
    pairs += '"';
  }
  return pairs;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);  // the shortest that reads as the same
  }
}

void append_number(std::string& out, std::uint64_t value) { out += std::to_string(value); }

void append_histogram(std::string& out, std::string_view name, std::string_view pairs, std::span<const double> bounds,
                      std::span<const std::uint64_t> counts, double sum) {
  const std::string bucket = std::string{name} + "_bucket";
  std::uint64_t up_to_here = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    up_to_here += counts[i];
    std::string with_bound{pairs};
    if (!pairs.empty()) with_bound += ',';
    with_bound += "le=\"";
    append_number(with_bound, i < bounds.size() ? bounds[i] : HUGE_VAL);
    append_sample(out, bucket, with_bound += '"', up_to_here);
  }
  append_sample(out, std::string{name} + "_sum", pairs, sum);
  append_sample(out, std::string{name} + "_count", pairs, up_to_here);
}

}  // namespace joist::inline v0::web::exposition
