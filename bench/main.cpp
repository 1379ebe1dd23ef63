// joist_bench: the benchmarks of docs/benchmarks.md.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "fairness_loop.hpp"
#include "measure.hpp"

namespace bench {

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint64_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

namespace {

constexpr const char* usage =
    "usage: joist_bench NAME [--n N] [--workers W] [--json]   one benchmark\n"
    "       joist_bench all [--workers W]                     each five times: median (min - max)\n"
    "       joist_bench spawn [--workers W]                   the spawn benchmark: 100 000 and a million processes\n"
    "       joist_bench fairness|fairness_plain|fairness_blocked [--json]   a ping process beside endless loops\n"
    "       joist_bench loop_costs                            what joist_preemptible() costs four kinds of code\n"
    "       joist_bench list\n";

struct arguments {
  std::string name;
  std::uint64_t n = 0;
  std::size_t workers = 0;
  bool json = false;
};

[[noreturn]] void refuse(const std::string& why) {
  fmt::print(stderr, "joist_bench: {}\n{}", why, usage);
  std::exit(2);
}

std::uint64_t number(const std::string& option, const char* text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0' || value == 0)
    refuse(fmt::format("{} expects a number above 0, got \"{}\"", option, text));
  return value;
}

arguments parse(int argc, char** argv) {
  arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    auto value = [&] { return ++i < argc ? argv[i] : (refuse(word + " expects a value"), nullptr); };
    if (word == "--n") {
      a.n = number(word, value());
    } else if (word == "--workers") {
      a.workers = number(word, value());
    } else if (word == "--json") {
      a.json = true;
    } else if (word == "--help" || word == "-h") {
      fmt::print("{}", usage);
      std::exit(0);
    } else if (a.name.empty() && word[0] != '-') {
      a.name = word;
    } else {
      refuse(fmt::format("\"{}\" is not understood", word));
    }
  }
  if (a.name.empty()) refuse("expected the name of a benchmark");
  return a;
}

std::vector<benchmark> every_benchmark() {
  std::vector<benchmark> all = core_benchmarks();
  for (const auto* more :
       {&otp_benchmarks(), &pubsub_benchmarks(), &savina_micro_benchmarks(), &savina_concurrent_benchmarks()})
    all.insert(all.end(), more->begin(), more->end());
  return all;
}

std::size_t workers_of(const arguments& a) {
  return a.workers > 0 ? a.workers : std::max(1U, std::thread::hardware_concurrency());
}

measurement run_here(const benchmark& b, std::uint64_t n, std::size_t workers) {
  joist::runtime_options options;
  options.workers = workers;
  options.process_limit = std::size_t{1} << 22;
  options.log_from = joist::log_level::none;
  joist::runtime rt{options};
  return rt.ask([&b, n] { return b.body(n); });
}

std::string json_of(const benchmark& b, std::uint64_t n, std::size_t workers, const measurement& m) {
  const double each = 1e9 / static_cast<double>(n);
  std::string text = fmt::format(
      R"({{"peer":"joist","bench":"{}","n":{},"threads":{},"seconds":{:.6f},"ns_per_op":{:.2f},"cpu_seconds":{:.6f},"rss_bytes_per_proc":{:.1f})",
      b.name, n, workers, m.seconds, m.seconds * each, m.cpu_seconds, m.rss_bytes_per_process);
  if (m.stop_seconds) text += fmt::format(R"(,"stop_ns_per_op":{:.2f})", *m.stop_seconds * each);
  return text + "}";
}

/// Runs one benchmark in a program of its own, so that none inherits another's memory.
measurement run_apart(const benchmark& b, std::uint64_t n, std::size_t workers) {
  int ends[2];
  if (::pipe(ends) != 0) refuse("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const measurement m = run_here(b, n, workers);
    const bool written = ::write(ends[1], &m, sizeof m) == static_cast<ssize_t>(sizeof m);
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  measurement m;
  const bool complete = ::read(ends[0], &m, sizeof m) == static_cast<ssize_t>(sizeof m);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!complete || status != 0) {
    fmt::print(stderr, "joist_bench: {} did not end well (status {})\n", b.name, status);
    std::exit(1);
  }
  return m;
}

struct spread {
  double median, least, most;
};

template <class Of>
spread spread_of(const std::vector<measurement>& runs, Of&& of) {
  std::vector<double> values;
  for (const measurement& m : runs) values.push_back(of(m));
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

std::vector<measurement> run_five(const benchmark& b, std::size_t workers) {
  (void)run_apart(b, b.n, workers);  // not counted: warms the machine's memory
  std::vector<measurement> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(run_apart(b, b.n, workers));
  return runs;
}

void print_machine(std::size_t workers) {
  std::ifstream info{"/proc/cpuinfo"};
  std::string line;
  std::string model = "unknown processor";
  while (std::getline(info, line)) {
    if (line.rfind("model name", 0) == 0) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  utsname system{};
  ::uname(&system);
#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
  fmt::print("{} workers on {} ({} cores), {} {}, {}\n", workers, model, std::thread::hardware_concurrency(), system.sysname,
             system.release, compiler);
}

int print_all(const arguments& a) {
  const std::size_t workers = workers_of(a);
  print_machine(workers);
  fmt::print("median (min - max) of five runs after one that is not counted\n\n{:<24}{:>12}{:>26}{:>14}{:>12}\n",
             "benchmark", "ns per op", "(min - max)", "CPU ns per op", "bytes each");
  for (const benchmark& b : every_benchmark()) {
    const auto runs = run_five(b, workers);
    const double each = 1e9 / static_cast<double>(b.n);
    const spread wall = spread_of(runs, [each](const measurement& m) { return m.seconds * each; });
    const spread cpu = spread_of(runs, [each](const measurement& m) { return m.cpu_seconds * each; });
    const spread rss = spread_of(runs, [](const measurement& m) { return m.rss_bytes_per_process; });
    fmt::print("{:<24}{:>12.1f}{:>26}{:>14.1f}{:>12}\n", b.name, wall.median,
               fmt::format("({:.1f} - {:.1f})", wall.least, wall.most), cpu.median,
               rss.median > 0 ? fmt::format("{:.0f}", rss.median) : "");
    std::fflush(stdout);
  }
  return 0;
}

int print_spawn(const arguments& a) {
  const std::size_t workers = workers_of(a);
  fmt::print("Joist: processes that are spawned, wait, get a message and end.\n");
  print_machine(workers);
  fmt::print("median (min - max) of five runs after one that is not counted\n\n{:<12}{:>28}{:>16}{:>28}{:>14}\n",
             "processes", "spawn to first wait, ns each", "bytes each", "message and end, ns each", "all, seconds");
  for (const benchmark& b : core_benchmarks()) {
    if (b.name.rfind("spawn_idle", 0) != 0) continue;
    const auto runs = run_five(b, workers);
    const double each = 1e9 / static_cast<double>(b.n);
    const spread spawn = spread_of(runs, [each](const measurement& m) { return m.seconds * each; });
    const spread stop = spread_of(runs, [each](const measurement& m) { return *m.stop_seconds * each; });
    const spread rss = spread_of(runs, [](const measurement& m) { return m.rss_bytes_per_process; });
    const spread whole = spread_of(runs, [](const measurement& m) { return m.seconds + *m.stop_seconds; });
    auto shown = [](const spread& s) { return fmt::format("{:.0f} ({:.0f} - {:.0f})", s.median, s.least, s.most); };
    fmt::print("{:<12}{:>28}{:>16.0f}{:>28}{:>14.3f}\n", b.n, shown(spawn), rss.median, shown(stop), whole.median);
    std::fflush(stdout);
  }
  return 0;
}

int print_fairness(const arguments& a) {
  joist::runtime_options options;
  options.workers = workers_of(a);
  options.stuck_warnings = false;
  joist::runtime rt{options};
  const fairness_figures f = rt.ask([&a] { return fairness(a.name); });
  if (a.json) {
    fmt::print(
        R"({{"peer":"joist","bench":"{}","n":{},"threads":{},"seconds":2,"p50_us":{:.2f},"p99_us":{:.2f},"max_us":{:.0f},"stalled_share":{:.4f},"loops_share":{:.4f}}})"
        "\n",
        a.name, f.trips, options.workers, f.p50_us, f.p99_us, f.max_us, f.stalled_share, f.loops_share);
    return 0;
  }
  fmt::print(
      "{}: {} round trips in 2 s: p50 {:.2f} us, p99 {:.2f} us, longest {:.0f} us; {:.1f} % of the time in stalls over 1 ms",
      a.name, f.trips, f.p50_us, f.p99_us, f.max_us, 100 * f.stalled_share);
  if (f.loops_share > 0) fmt::print("; the loops keep {:.0f} % of what they do alone", 100 * f.loops_share);
  fmt::print("\n");
  return 0;
}

int print_loop_costs() {
  fmt::print("{:<12}{:>14}{:>14}{:>10}\n", "code", "plain, ms", "counted, ms", "factor");
  std::vector<loop_costs> plain;
  std::vector<loop_costs> counted;
  for (int i = 0; i < 5; ++i) {
    plain.push_back(plain_costs());
    counted.push_back(counted_costs());
  }
  auto row = [&](const char* name, double loop_costs::*of) {
    auto median = [of](const std::vector<loop_costs>& runs) {
      std::vector<double> all;
      for (const loop_costs& c : runs) all.push_back(c.*of);
      std::sort(all.begin(), all.end());
      return all[all.size() / 2];
    };
    fmt::print("{:<12}{:>14.1f}{:>14.1f}{:>10.2f}\n", name, 1e3 * median(plain), 1e3 * median(counted),
               median(counted) / median(plain));
  };
  row("integers", &loop_costs::integers);
  row("strings", &loop_costs::strings);
  row("sorting", &loop_costs::sorting);
  row("matrices", &loop_costs::matrices);
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  const arguments a = parse(argc, argv);
  if (a.name == "all") return print_all(a);
  if (a.name == "spawn") return print_spawn(a);
  if (a.name == "loop_costs") {  // in a process, as it is used
    joist::runtime_options options;
    options.workers = 1;
    return joist::run([] { print_loop_costs(); }, options);
  }
  if (a.name.rfind("fairness", 0) == 0) {
    if (a.name == "fairness" || a.name == "fairness_plain" || a.name == "fairness_blocked") return print_fairness(a);
  }
  for (const benchmark& b : every_benchmark()) {
    if (a.name == "list") fmt::print("{}\n", b.name);
    if (a.name != b.name) continue;
    const std::uint64_t n = a.n > 0 ? a.n : b.n;
    const measurement m = run_here(b, n, workers_of(a));
    if (a.json) {
      fmt::print("{}\n", json_of(b, n, workers_of(a), m));
    } else {
      const double each = 1e9 / static_cast<double>(n);
      fmt::print("{}: {:.1f} ns per operation, {:.1f} of CPU", b.name, m.seconds * each, m.cpu_seconds * each);
      if (m.stop_seconds)
        fmt::print(", {:.0f} bytes per process, {:.1f} ns to message and end", m.rss_bytes_per_process,
                   *m.stop_seconds * each);
      fmt::print("\n");
    }
    return 0;
  }
  if (a.name == "list") return 0;
  refuse(fmt::format("no benchmark is called \"{}\"; see joist_bench list", a.name));
}
