// What the service is: short names for long addresses. This file is all that its tests need.
//
//   shortener (application)           settings: file, most (SHORTENER_FILE, SHORTENER_MOST)
//     rest_for_one
//       "links"   keeps the links, and writes them down as they come
//       "health"  asks the others whether they are well, for who asks it
#pragma once

#include <joist/joist.hpp>
#include <joist/otp/application.hpp>
#include <joist/otp/gen_server.hpp>

#include <fstream>
#include <map>
#include <optional>
#include <string>

namespace shortener {

// [snippet: links]
class links : public joist::gen_server<links> {
 public:
  struct add {
    using reply = bool;  // false: it has as many as it may
    std::string name, address;
  };
  struct find {
    using reply = std::optional<std::string>;
    std::string name;
  };
  struct count {
    using reply = std::size_t;
  };

  links(const std::string& file, std::size_t most) : most_{most} {
    std::ifstream before{file};
    for (std::string name, address; before >> name >> address;) known_[name] = address;
    written_.open(file, std::ios::app);
    if (!written_) throw std::runtime_error{"cannot write to " + file};
  }

  bool handle_call(add a) {
    if (a.address.empty()) throw std::invalid_argument{"an empty address"};  // our callers check: this one has a bug
    if (known_.size() >= most_ && !known_.contains(a.name)) return false;
    written_ << a.name << ' ' << a.address << std::endl;  // then it is known
    known_[a.name] = a.address;
    return true;
  }
  std::optional<std::string> handle_call(find f) const {
    const auto at = known_.find(f.name);
    return at == known_.end() ? std::nullopt : std::optional{at->second};
  }
  std::size_t handle_call(count) const { return known_.size(); }

 private:
  std::size_t most_;
  std::map<std::string, std::string> known_;
  std::ofstream written_;
};
// [end]

// [snippet: health]
class health : public joist::gen_server<health> {
 public:
  struct report {
    using reply = report;
    bool ready = false;  // send it requests
    std::size_t links = 0;
  };
  struct stopping {
    using reply = void;
  };

  report handle_call(report) const {
    const auto asked = joist::find_server<links>("links");
    if (!asked) return {};
    const auto count = asked->try_call(links::count{}, std::chrono::seconds{1});
    return count ? report{!stops_, *count} : report{};
  }
  void handle_call(stopping) { stops_ = true; }

 private:
  bool stops_ = false;
};
// [end]

// [snippet: application]
inline joist::application service() {
  joist::application a{"shortener"};
  a.defaults = {{"file", "links.txt"}, {"most", "1000"}};
  a.start = [](const joist::environment& env) -> joist::supervisor_init {
    const auto named = [](const char* name) { return joist::server_options{.name = name}; };
    return {{.strategy = joist::supervision::rest_for_one},
            {joist::child<links>("links", named("links"), env.get<std::string>("file"), env.get<std::size_t>("most")),
             joist::child<health>("health", named("health"))}};
  };
  // Before anything stops: no further requests come, and those that are under way find all in place.
  a.prepare_stop = [] {
    if (const auto h = joist::find_server<health>("health")) (void)h->try_call(health::stopping{});
  };
  return a;
}
// [end]

}  // namespace shortener
