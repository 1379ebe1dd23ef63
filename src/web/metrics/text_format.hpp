// web/metrics/text_format.hpp: lines of Prometheus's text exposition format 0.0.4. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace joist::inline v0::web::exposition {

[[nodiscard]] bool is_metric_name(std::string_view text) noexcept;
/// Names that begin with two underscores are Prometheus's own.
[[nodiscard]] bool is_label_name(std::string_view text) noexcept;

/// `# HELP` and `# TYPE`. `type`: counter, gauge, histogram.
void append_head(std::string& out, std::string_view name, std::string_view help, std::string_view type);

/// `first="...",second="..."`: without braces, for a bucket has one more.
[[nodiscard]] std::string label_pairs(std::span<const std::string> names, std::span<const std::string> values);

/// `0.25`, `NaN`, `+Inf`.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::uint64_t value);

/// `name{pairs} value`.
template <class Number>
void append_sample(std::string& out, std::string_view name, std::string_view pairs, Number value) {
  out.append(name);
  if (!pairs.empty()) out.append("{").append(pairs).append("}");
  out += ' ';
  append_number(out, value);
  out += '\n';
}

/// The lines of a histogram with these labels: buckets that count what is in those below as well, sum and count. `counts`
/// has one more than `bounds`.
void append_histogram(std::string& out, std::string_view name, std::string_view pairs, std::span<const double> bounds,
                      std::span<const std::uint64_t> counts, double sum);

}  // namespace joist::inline v0::web::exposition
