#include <joist/otp/observer.hpp>

#include <joist/joist.hpp>

#include <algorithm>
#include <unordered_map>

namespace joist::inline v0 {
namespace observer {
namespace {

struct looked_at {
  ref look;
  pid process;
  std::optional<process_details> details;  // nothing: it has ended
};

using details_map = std::unordered_map<pid, std::optional<process_details>>;

// One asks for each, so that those that do not answer hold up nobody. What they say after the end vanishes with the alias.
details_map ask_all(const std::vector<pid>& all, std::chrono::milliseconds limit) {
  const alias to = make_alias();
  const ref look = to.reference();
  std::unordered_map<pid, pid> asker_of;
  for (const pid process : all) {
    const pid asker = spawn([to, look, process] { send(to, looked_at{look, process, process_info(process)}); });
    asker_of.emplace(process, asker);
  }
  details_map found;
  const auto until = detail::deadline{limit}.fixed();
  while (!asker_of.empty()) {
    auto next = receive<looked_at>([look](const looked_at& l) { return l.look == look; }, after(until));
    if (!next) break;
    asker_of.erase(next->process);
    if (next->details) found.emplace(next->process, std::move(next->details));
  }
  unalias(to);
  for (const auto& [busy, asker] : asker_of) {
    exit(asker, exit_reason::kill);
    found.emplace(busy, std::nullopt);
  }
  while (receive<looked_at>([look](const looked_at& l) { return l.look == look; }, after(std::chrono::seconds{0}))) {
  }
  return found;
}

class tree {
 public:
  explicit tree(details_map all) : all_{std::move(all)} {
    for (const auto& [process, details] : all_) {
      const pid parent = details ? details->parent : pid{};
      children_[all_.contains(parent) ? parent : pid{}].push_back(process);
    }
    for (auto& [parent, children] : children_) {
      std::sort(children.begin(), children.end(), [](pid a, pid b) { return a.value() < b.value(); });
    }
  }
  std::vector<entry> entries() && {
    // A stack of its own: trees may be as deep as there are processes.
    std::vector<entry> in_order;
    std::vector<entry> next;
    push_children(pid{}, 0, next);
    while (!next.empty()) {
      entry e = std::move(next.back());
      next.pop_back();
      push_children(e.process, e.depth + 1, next);
      in_order.push_back(std::move(e));
    }
    return in_order;
  }

 private:
  void push_children(pid parent, std::size_t depth, std::vector<entry>& next) {
    const auto found = children_.find(parent);
    if (found == children_.end()) return;
    const auto& children = found->second;
    for (auto at = children.rbegin(); at != children.rend(); ++at)
      next.push_back({*at, depth, at == children.rbegin(), std::move(all_.at(*at))});
  }

  details_map all_;
  std::unordered_map<pid, std::vector<pid>> children_;
};

std::string_view name_of(process_status s) {
  switch (s) {
    case process_status::running: return "running";
    case process_status::waiting: return "waiting";
    case process_status::suspended: return "suspended";
  }
  return "?";
}

std::size_t memory_of(const process_details& d) { return d.mailbox_bytes + d.stack_bytes; }

std::string title_of(const entry& e) {
  std::string title = fmt::format("{}", e.process);
  if (!e.details) return title;
  if (!e.details->name.empty()) title += fmt::format(" {}", e.details->name);
  if (!e.details->label.empty()) title += fmt::format("{} {}", e.details->name.empty() ? "" : ":", e.details->label);
  return title;
}

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted += '"';
}

std::string json_of(const entry& e) {
  std::string object = fmt::format(R"({{"pid":"{}","depth":{})", e.process, e.depth);
  if (!e.details) return object + R"(,"status":"busy"})";
  const process_details& d = *e.details;
  object += d.parent ? fmt::format(R"(,"parent":"{}")", d.parent) : R"(,"parent":null)";
  object +=
      fmt::format(R"(,"label":{},"name":{},"status":"{}","messages":{},"reductions":{},"memory":{}}})", json_text(d.label),
                  json_text(d.name), name_of(d.status), d.message_queue_length, d.reductions, memory_of(d));
  return object;
}

// What stands before each line: a bar below each ancestor that has more children to come.
class branches {
 public:
  std::string before(const entry& e) {
    if (e.depth == 0) return {};
    open_.resize(e.depth - 1);
    std::string drawn;
    for (const bool more : open_) drawn += more ? "|  " : "   ";
    open_.push_back(!e.last);
    return drawn + (e.last ? "`- " : "|- ");
  }

 private:
  std::vector<bool> open_;  // by depth, from 1 on
};

}  // namespace

std::string snapshot::to_text() const {
  std::vector<std::string> titles;
  std::size_t width = 0;
  branches drawn;
  for (const entry& e : processes) {
    titles.push_back(drawn.before(e) + title_of(e));
    width = std::max(width, std::min<std::size_t>(titles.back().size(), 60));
  }
  std::string text;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& details = processes[i].details;
    text += fmt::format("{:<{}}  {}", titles[i], width, details ? name_of(details->status) : "busy");
    if (details) {
      text += fmt::format("  msgs {}  reds {}  mem {:.1f} KiB", details->message_queue_length, details->reductions,
                          static_cast<double>(memory_of(*details)) / 1024);
    }
    text += '\n';
  }
  return text;
}

std::string snapshot::to_json() const {
  std::string json = R"({"processes":[)";
  for (const entry& e : processes) {
    if (json.back() != '[') json += ',';
    json += json_of(e);
  }
  return json +
         fmt::format(
             R"(],"system":{{"workers":{},"processes":{},"process_limit":{},"spawned":{},"timers":{},"zombies":{}}}}})",
             system.workers, system.process_count, system.process_limit, system.spawned, system.timers, system.zombies);
}

snapshot take_snapshot(std::chrono::milliseconds limit) {
  snapshot s;
  s.system = system_info();
  s.processes = tree{ask_all(processes(), limit)}.entries();
  return s;
}

}  // namespace observer

void print_tree(std::FILE* to) {
  const std::string text = observer::take_snapshot().to_text();
  std::fputs(text.c_str(), to);
}

}  // namespace joist::inline v0
