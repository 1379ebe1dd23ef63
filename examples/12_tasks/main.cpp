// Tasks: work that is independent is done at the same time, each piece in a process of its own; an agent keeps what several
// of them have to say.
#include <joist/joist.hpp>
#include <joist/otp/agent.hpp>
#include <joist/otp/async_stream.hpp>
#include <joist/otp/task_supervisor.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A directory with some files in it, until the end of the block.
struct library {
  fs::path root = fs::temp_directory_path() / ("joist_tasks_" + std::to_string(::getpid()));
  std::vector<fs::path> files;
  library() {
    fs::create_directories(root);
    add("haiku.txt", "an old silent pond\na frog jumps into the pond\nsplash silence again");
    add("proverb.txt", "the early bird catches the worm");
    add("empty.txt", "");
    add("roses.txt", "a rose is a rose is a rose");
  }
  ~library() { fs::remove_all(root); }
  void add(const char* name, const char* text) {
    files.push_back(root / name);
    std::ofstream{files.back()} << text;
  }
};

std::size_t count_words(const fs::path& file) {
  std::ifstream in{file};
  if (!in) throw std::runtime_error{"cannot read " + file.filename().string()};
  std::size_t words = 0;
  for (std::string word; in >> word;) ++words;
  return words;
}

std::string longest_word(const fs::path& file) {
  std::ifstream in{file};
  std::string longest;
  for (std::string word; in >> word;) {
    if (word.size() > longest.size()) longest = word;
  }
  return longest;
}

void count_all(const library& books) {
  // [snippet: async]
  auto count = joist::async([file = books.files[0]] { return count_words(file); });
  auto longest = joist::async([file = books.files[1]] { return longest_word(file); });
  fmt::print("{} words, and \"{}\"\n", count.await(), longest.await());
  // [end]

  // [snippet: stream]
  std::size_t total = 0;
  for (auto& words : joist::async_stream(books.files, count_words, {.max_concurrency = 2})) total += words.value();
  fmt::print("{} words in all\n", total);
  // [end]

  // [snippet: early]
  for (auto& [file, words] : joist::async_stream(books.files, joist::with_input(count_words))) {
    if (words.value() != 0) continue;
    fmt::print("{} is empty\n", file.filename().string());
    break;  // the tasks that still run are killed
  }
  // [end]
}

void survive_failures(const library& books) {
  // [snippet: nolink]
  const auto tasks = joist::start_task_supervisor({.max_children = 100});
  auto lost = tasks.async_nolink([file = books.root / "lost.txt"] { return count_words(file); });
  if (auto words = lost.try_await(1s); !words) fmt::print("no words: {}\n", words.error().error()->what);
  // [end]

  // [snippet: late]
  auto late = joist::async([] {
    joist::sleep_for(1h);
    return 1;
  });
  auto got = late.poll(10ms);
  if (!got) got = late.shutdown();
  fmt::print("{}\n", got ? "in time" : "too late");
  // [end]
  tasks.stop();
}

void share_a_value(const library& books) {
  // [snippet: agent]
  using word_counts = std::map<std::string, int>;
  const auto counts = joist::agent<word_counts>::start_link(word_counts{});
  auto note_words = [counts](const fs::path& file) {
    std::ifstream in{file};
    for (std::string word; in >> word;) counts.update([word](word_counts& all) { ++all[word]; });
  };
  for (auto& done : joist::async_stream(books.files, note_words)) (void)done;
  fmt::print("\"a\" {} times, \"rose\" {} times\n", counts.get([](const word_counts& all) { return all.at("a"); }),
             counts.get([](const word_counts& all) { return all.at("rose"); }));
  counts.stop();
  // [end]
}

int main() {
  joist::runtime_options options;
  options.log = joist::silent_sink();
  return joist::run(
      [] {
        const library books;
        count_all(books);
        survive_failures(books);
        share_a_value(books);
      },
      options);
}

// Output:
// 13 words, and "catches"
// 27 words in all
// empty.txt is empty
// no words: cannot read lost.txt
// too late
// "a" 4 times, "rose" 3 times
