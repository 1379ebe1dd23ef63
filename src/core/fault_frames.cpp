#include "core/fault_frames.hpp"

#include <dlfcn.h>
#include <link.h>
#include <unwind.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace joist::inline v0::core {
namespace {

struct module_range {
  std::uintptr_t begin, end;
  code_owner owner;
};

// Where the linker put the library's code in a program that it is linked into: cmake/JoistOwnText.cmake. Null where it did
// not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const char __start_joist_text[];
[[gnu::weak, gnu::visibility("hidden")]] extern const char __stop_joist_text[];
[[gnu::weak, gnu::visibility("hidden")]] extern const char __start_joist_text_cold[];
[[gnu::weak, gnu::visibility("hidden")]] extern const char __stop_joist_text_cold[];
}
#pragma GCC diagnostic pop

bool in_own_text(std::uintptr_t at) noexcept {
  auto between = [at](const char* begin, const char* end) {
    return at >= reinterpret_cast<std::uintptr_t>(begin) && at < reinterpret_cast<std::uintptr_t>(end);
  };
  return between(__start_joist_text, __stop_joist_text) || between(__start_joist_text_cold, __stop_joist_text_cold);
}

constinit std::array<module_range, 8> modules{};
constinit std::size_t module_count = 0;
constinit bool allocator_in_program = false;

constexpr std::size_t most_walked = 1024;  // frames beyond are not looked at: a recursion through dlopen is not that deep

// Exported functions of the C library that call others, or touch what they were given, while they hold a lock or are
// half-way through what all share. A frame is recognised by its caller as well: malloc's inner functions have no names.
constexpr const char* locking[] = {"malloc",        "calloc",         "realloc",        "reallocarray",    "free",
                                   "cfree",         "memalign",       "aligned_alloc",  "posix_memalign",  "valloc",
                                   "pvalloc",       "malloc_trim",    "mallinfo",       "mallinfo2",       "malloc_info",
                                   "__libc_malloc", "__libc_calloc",  "__libc_realloc", "__libc_free",     "__libc_memalign",
                                   "__libc_valloc", "__libc_pvalloc", "__libc_freeres", "printf",          "_IO_printf",
                                   "__printf_chk",  "vprintf",        "__vprintf_chk",  "fprintf",         "__fprintf_chk",
                                   "vfprintf",      "__vfprintf_chk", "_IO_vfprintf",   "dprintf",         "puts",
                                   "_IO_puts",      "fputs",          "_IO_fputs",      "fputc",           "putc",
                                   "putchar",       "_IO_putc",       "fwrite",         "_IO_fwrite",      "fread",
                                   "_IO_fread",     "__fread_chk",    "fgets",          "_IO_fgets",       "__fgets_chk",
                                   "fgetc",         "getc",           "getchar",        "_IO_getc",        "ungetc",
                                   "_IO_ungetc",    "getline",        "getdelim",       "__getdelim",      "fflush",
                                   "_IO_fflush",    "fclose",         "_IO_fclose",     "fopen",           "fopen64",
                                   "_IO_fopen",     "freopen",        "fseek",          "fseeko",          "ftell",
                                   "ftello",        "rewind",         "setvbuf",        "_IO_setvbuf",     "scanf",
                                   "fscanf",        "vscanf",         "vfscanf",        "__isoc99_scanf",  "__isoc99_fscanf",
                                   "perror",        "exit",           "quick_exit",     "__cxa_finalize",  "__cxa_atexit",
                                   "dlopen",        "dlclose",        "dlsym",          "dlvsym",          "dl_iterate_phdr",
                                   "fork",          "__libc_fork",    "getaddrinfo",    "syslog",          "__syslog_chk",
                                   "vsyslog",       "setenv",         "unsetenv",       "putenv",          "clearenv",
                                   "setlocale",     "newlocale",      "tzset",          "mktime",          "timelocal",
                                   "strftime",      "strftime_l",     "wcsftime",       "__stack_chk_fail"};
constexpr const char* aborting[] = {"abort", "raise", "gsignal", "pthread_kill"};

template <std::size_t N>
const char* listed(const char* const (&names)[N], const char* name) noexcept {
  const auto* found =
      std::find_if(std::begin(names), std::end(names), [name](const char* n) { return std::strcmp(n, name) == 0; });
  return found != std::end(names) ? *found : nullptr;
}

bool begins(const char* text, const char* with) noexcept { return std::strncmp(text, with, std::strlen(with)) == 0; }

code_owner owner_by_file(const char* path) noexcept {
  const char* slash = std::strrchr(path, '/');
  const char* file = slash != nullptr ? slash + 1 : path;
  if (begins(file, "libc.so") || begins(file, "libc-2") || begins(file, "libpthread")) return code_owner::c_library;
  if (begins(file, "ld-linux") || begins(file, "ld-2") || begins(file, "libdl.so")) return code_owner::loader;
  if (begins(file, "libstdc++.so") || begins(file, "libgcc_s.so") || begins(file, "libc++")) return code_owner::cpp_runtime;
  if (begins(file, "libjoist.so")) return code_owner::joist;
  return code_owner::program;
}

module_range range_of(const dl_phdr_info& module, code_owner owner) noexcept {
  module_range range{UINTPTR_MAX, 0, owner};
  for (int i = 0; i < module.dlpi_phnum; ++i) {
    const auto& part = module.dlpi_phdr[i];
    if (part.p_type != PT_LOAD) continue;
    range.begin = std::min<std::uintptr_t>(range.begin, module.dlpi_addr + part.p_vaddr);
    range.end = std::max<std::uintptr_t>(range.end, module.dlpi_addr + part.p_vaddr + part.p_memsz);
  }
  return range;
}

int note_module(dl_phdr_info* module, std::size_t, void* allocator) {
  const bool is_main = module->dlpi_name == nullptr || *module->dlpi_name == '\0';
  code_owner owner = is_main ? code_owner::program : owner_by_file(module->dlpi_name);
  const module_range range = range_of(*module, owner);
  const auto malloc_at = reinterpret_cast<std::uintptr_t>(allocator);
  if (malloc_at >= range.begin && malloc_at < range.end && owner == code_owner::program) {
    if (is_main) {
      allocator_in_program = true;
    } else {
      owner = code_owner::allocator;
    }
  }
  if (owner != code_owner::program && module_count < modules.size())
    modules[module_count++] = {range.begin, range.end, owner};
  return 0;
}

void look_at(fault_frames& found, void* address, code_owner owner) noexcept {
  if (owner == code_owner::program && !allocator_in_program) return;
  if (owner == code_owner::joist || owner == code_owner::cpp_runtime) return;
  if (owner == code_owner::loader) found.locked = "the dynamic loader";
  if (owner == code_owner::allocator) found.locked = "the allocator";
  Dl_info info{};
  // One less: a call that does not return may be the last instruction of its function.
  if (::dladdr(static_cast<char*>(address) - 1, &info) == 0 || info.dli_sname == nullptr) return;
  if (const char* name = listed(locking, info.dli_sname)) found.locked = name;
  if (listed(aborting, info.dli_sname) != nullptr) found.aborts = true;
}

struct walk {
  fault_frames found;
  void* from;
  std::size_t seen = 0;
  bool below = false;
  bool begun = false;
};

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
  auto& w = *static_cast<walk*>(argument);
  int before_instruction = 0;
  auto* address = reinterpret_cast<void*>(_Unwind_GetIPInfo(context, &before_instruction));
  if (address == nullptr || ++w.seen > most_walked) return _URC_END_OF_STACK;
  const code_owner owner = owner_of(address);
  if (!w.begun) {
    // For std::terminate: what follows the C++ library's frames.
    w.below = w.below || owner == code_owner::cpp_runtime;
    w.begun = w.from != nullptr ? address == w.from && before_instruction != 0 : w.below && owner != code_owner::cpp_runtime;
    if (!w.begun) return _URC_NO_REASON;
  }
  if (w.found.count < fault_frames::most) w.found.at[w.found.count++] = address;
  look_at(w.found, address, owner);
  return _URC_NO_REASON;
}

}  // namespace

bool read_modules() noexcept {
  static std::once_flag once;
  std::call_once(once, [] { ::dl_iterate_phdr(&note_module, ::dlsym(RTLD_DEFAULT, "malloc")); });
  return std::any_of(modules.begin(), modules.end(), [](const auto& m) { return m.owner == code_owner::c_library; });
}

code_owner owner_of(const void* address) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (in_own_text(at)) return code_owner::joist;
  for (std::size_t i = 0; i < module_count; ++i) {
    if (at >= modules[i].begin && at < modules[i].end) return modules[i].owner;
  }
  return code_owner::program;
}

void* fault_frames::place() const noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const code_owner owner = owner_of(at[i]);
    if (owner != code_owner::c_library && owner != code_owner::cpp_runtime) return at[i];
  }
  return count > 0 ? at[0] : nullptr;
}

[[gnu::noinline]] fault_frames walk_from(void* pc) noexcept {
  walk w{{}, pc};
  _Unwind_Backtrace(&note_frame, &w);
  if (w.found.count == 0 && pc != nullptr) w.found.at[w.found.count++] = pc;  // no tables there
  return w.found;
}

}  // namespace joist::inline v0::core
