// Code that blocks or computes long: nobody else waits for it.
#include <joist/joist.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>

using namespace std::chrono_literals;

struct chunk {
  std::string bytes;
};

int main() {
  joist::runtime_options options;
  options.workers = 1;  // so that it would show
  return joist::run(
      [] {
        int ends[2];
        if (::pipe(ends) != 0) return;

        // [snippet: blocking]
        const joist::pid me = joist::self();
        joist::spawn([me, from = ends[0]] {
          std::array<char, 64> buffer;  // on this process's stack: f may use it
          const ssize_t n = joist::blocking([&] { return ::read(from, buffer.data(), buffer.size()); });
          joist::send(me, chunk{{buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))}});
        });
        // [end]

        // [snippet: checkpoint]
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < 10'000'000; ++i) {
          sum += i * i;
          if (i % 1024 == 0) joist::checkpoint();  // others have their turn; a killed process ends here
        }
        // [end]
        fmt::print("{}\n", sum);

        (void)!::write(ends[1], "through the pipe", 16);
        fmt::print("{}\n", joist::receive<chunk>().bytes);
      },
      options);
}

// Output:
// 1291890006563070912
// through the pipe
