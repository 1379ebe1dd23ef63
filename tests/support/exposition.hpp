// tests/support/exposition.hpp: a strict reader of Prometheus's text format 0.0.4. It throws a sentence for all that the
// format does not allow, and for more: families in one piece, HELP and TYPE of each, histograms whose buckets make sense.
#pragma once

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace support {

using label_set = std::map<std::string, std::string>;

class exposition {
 public:
  struct sample {
    std::string name;
    label_set labels;
    double value = 0;
  };
  struct family {
    std::string help;
    std::string type;
    std::vector<sample> samples;
  };

  explicit exposition(std::string_view text) {
    if (!text.empty() && text.back() != '\n') wrong("the last line does not end", text);
    while (!text.empty()) {
      const auto end = text.find('\n');
      line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    finish();
  }

  [[nodiscard]] const family& of(const std::string& name) const { return families_.at(name); }
  [[nodiscard]] bool has(const std::string& name) const { return families_.contains(name); }
  /// Of the sample with exactly these labels; NaN: there is none.
  [[nodiscard]] double value(const std::string& name, const label_set& labels = {}) const {
    for (const auto& [family_name, f] : families_) {
      for (const sample& s : f.samples) {
        if (s.name == name && s.labels == labels) return s.value;
      }
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  [[noreturn]] static void wrong(const char* what, std::string_view where) {
    throw std::runtime_error{std::string{what} + ": " + std::string{where}};
  }
  static bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool goes_on_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

  static std::string take_name(std::string_view& rest, bool colons) {
    std::size_t n = 0;
    while (n < rest.size() && ((n == 0 ? starts_name(rest[n]) : goes_on_name(rest[n])) || (colons && rest[n] == ':'))) ++n;
    if (n == 0) wrong("expected a name", rest);
    std::string name{rest.substr(0, n)};
    rest.remove_prefix(n);
    return name;
  }
  static void take(std::string_view& rest, char c) {
    if (!rest.starts_with(c)) wrong((std::string{"expected "} + c).c_str(), rest);
    rest.remove_prefix(1);
  }

  void line(std::string_view text) {
    if (text.starts_with("# HELP ")) {
      finish();
      text.remove_prefix(7);
      current_ = take_name(text, true);
      take(text, ' ');
      if (families_.contains(current_)) wrong("a family comes twice", current_);
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && (++i == text.size() || (text[i] != '\\' && text[i] != 'n'))) wrong("a wrong escape", text);
      }
      families_[current_].help = text;
    } else if (text.starts_with("# TYPE ")) {
      text.remove_prefix(7);
      if (take_name(text, true) != current_) wrong("a TYPE of another family than the HELP before it", text);
      take(text, ' ');
      if (!families_[current_].type.empty()) wrong("a second TYPE", text);
      if (text != "counter" && text != "gauge" && text != "histogram") wrong("expected a type", text);
      families_[current_].type = text;
    } else {
      add_sample(text);
    }
  }

  void add_sample(std::string_view text) {
    const std::string_view whole = text;
    sample s;
    s.name = take_name(text, true);
    family& f = families_[current_];
    if (f.type.empty()) wrong("a sample before its TYPE", whole);
    const bool fits = f.type == "histogram"
                          ? s.name == current_ + "_bucket" || s.name == current_ + "_sum" || s.name == current_ + "_count"
                          : s.name == current_;
    if (!fits) wrong("a sample of another family", whole);
    if (text.starts_with('{')) {
      do {
        text.remove_prefix(1);
        const std::string label = take_name(text, false);
        take(text, '=');
        if (!s.labels.emplace(label, take_quoted(text)).second) wrong("a label comes twice", whole);
      } while (text.starts_with(','));
      take(text, '}');
    }
    take(text, ' ');
    s.value = number(text);
    if (!seen_.emplace(s.name, s.labels).second) wrong("a sample comes twice", whole);
    f.samples.push_back(s);
  }

  static std::string take_quoted(std::string_view& rest) {
    take(rest, '"');
    std::string value;
    for (; !rest.starts_with('"'); rest.remove_prefix(1)) {
      if (rest.empty()) wrong("a value without an end", value);
      if (rest.front() != '\\') {
        value += rest.front();
        continue;
      }
      rest.remove_prefix(1);
      if (rest.starts_with('n')) {
        value += '\n';
      } else if (rest.starts_with('\\') || rest.starts_with('"')) {
        value += rest.front();
      } else {
        wrong("a wrong escape", rest);
      }
    }
    rest.remove_prefix(1);
    return value;
  }

  static double number(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "+Inf") return HUGE_VAL;
    if (text == "-Inf") return -HUGE_VAL;
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) wrong("expected a number", text);
    return value;
  }

  // Buckets ascend and do not fall; the last is infinite, and the count.
  void finish() {
    if (current_.empty() || families_[current_].type != "histogram") return;
    std::map<label_set, std::vector<std::pair<double, double>>> buckets;
    for (sample s : families_[current_].samples) {
      if (s.name != current_ + "_bucket") continue;
      const std::string bound = s.labels.at("le");
      s.labels.erase("le");
      buckets[s.labels].emplace_back(number(bound), s.value);
    }
    for (const auto& [labels, all] : buckets) {
      for (std::size_t i = 1; i < all.size(); ++i) {
        if (!(all[i - 1].first < all[i].first) || all[i - 1].second > all[i].second) wrong("buckets that fall", current_);
      }
      if (!std::isinf(all.back().first)) wrong("a histogram without an infinite bucket", current_);
      if (value(current_ + "_count", labels) != all.back().second) wrong("a count that is not the last bucket", current_);
      if (!seen_.contains({current_ + "_sum", labels})) wrong("a histogram without a sum", current_);
    }
  }

  std::map<std::string, family> families_;
  std::set<std::pair<std::string, label_set>> seen_;
  std::string current_;
};

}  // namespace support
