#include "core/fault_report.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "core/scheduler.hpp"

namespace joist::inline v0::core {
namespace {

// Text in a fixed place; what does not fit is left out.
class text {
 public:
  text& add(std::string_view more) noexcept {
    const std::size_t bytes = std::min(more.size(), chars_.size() - used_);
    std::memcpy(chars_.data() + used_, more.data(), bytes);
    used_ += bytes;
    return *this;
  }
  text& decimal(std::uint64_t n) noexcept { return number(n, 10); }
  text& hex(std::uint64_t n) noexcept { return add("0x").number(n, 16); }
  text& hex(const void* address) noexcept { return hex(reinterpret_cast<std::uintptr_t>(address)); }
  void write_to_stderr() const noexcept {
    for (std::size_t done = 0; done < used_;) {
      const ssize_t n = ::write(STDERR_FILENO, chars_.data() + done, used_ - done);
      if (n <= 0) return;
      done += static_cast<std::size_t>(n);
    }
  }

 private:
  text& number(std::uint64_t n, unsigned base) noexcept {
    std::array<char, 20> digits;
    std::size_t first = digits.size();
    do {
      digits[--first] = "0123456789abcdef"[n % base];
      n /= base;
    } while (n > 0);
    return add({digits.data() + first, digits.size() - first});
  }

  std::array<char, 12 << 10> chars_;
  std::size_t used_ = 0;
};

void add_process(text& out, process_control& p) noexcept {
  const pid process = this_worker()->home.pid_of(p);
  out.add("  process: <").decimal(process.node()).add(".").decimal(process.index()).add(".").decimal(process.generation());
  out.add(">");
  if (p.extras != nullptr && !p.extras->label.empty()) out.add(" \"").add(p.extras->label).add("\"");
  out.add("\n");
}

// Names need the loader's tables: not where the loader itself is at fault.
void add_frame(text& out, void* address, bool with_names) noexcept {
  out.add("    ").hex(address);
  Dl_info info{};
  if (with_names && ::dladdr(address, &info) != 0) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (info.dli_sname != nullptr)
      out.add(" ").add(info.dli_sname).add(" + ").hex(at - reinterpret_cast<std::uintptr_t>(info.dli_saddr));
    if (info.dli_fname != nullptr)
      out.add(" (").add(info.dli_fname).add("+").hex(at - reinterpret_cast<std::uintptr_t>(info.dli_fbase)).add(")");
  }
  out.add("\n");
}

}  // namespace

const char* name_of_signal(int signal) noexcept {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGABRT: return "SIGABRT";
    default: return "a signal";
  }
}

void report_fault(const char* what, const fault_judgement& j) noexcept {
  text out;
  out.add("joist: the program stops by ").add(what).add(": ").add(name_of(j.kind));
  if (j.address != nullptr || j.kind == fault_kind::null_access) out.add(": address ").hex(j.address);
  out.add("\n");
  if (j.because != nullptr) {
    out.add("  not contained: ").add(j.because);
    if (j.function != nullptr) out.add(" ").add(j.function);
    out.add("\n");
  }
  if (j.p != nullptr) add_process(out, *j.p);
  if (j.frames.count > 0) out.add("  at:\n");
  const bool loader = j.frames.locked != nullptr && std::strcmp(j.frames.locked, "the dynamic loader") == 0;
  for (std::size_t i = 0; i < j.frames.count; ++i) add_frame(out, j.frames.at[i], !loader);
  out.write_to_stderr();
}

}  // namespace joist::inline v0::core
