#include "core/code_map.hpp"

#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

namespace joist::inline v0::core {

code_map::code_map() {
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    // "begin-end rwxp offset device inode path", in the order of addresses
    std::istringstream words{line};
    std::string addresses;
    std::string rights;
    std::string skipped;
    std::string path;
    words >> addresses >> rights >> skipped >> skipped >> skipped;
    std::getline(words >> std::ws, path);
    const std::size_t dash = addresses.find('-');
    if (dash == std::string::npos || path.empty() || path[0] == '[') continue;
    const std::uintptr_t begin = std::stoull(addresses, nullptr, 16);
    const std::uintptr_t end = std::stoull(addresses.substr(dash + 1), nullptr, 16);
    if (modules_.empty() || modules_.back().path != path) modules_.push_back({path, begin});
    if (rights.find('x') != std::string::npos) code_.push_back({begin, end, modules_.size() - 1});
  }
}

const code_map::range* code_map::find(std::uintptr_t address) const noexcept {
  const auto after =
      std::upper_bound(code_.begin(), code_.end(), address, [](std::uintptr_t a, const range& r) { return a < r.begin; });
  if (after == code_.begin() || address >= std::prev(after)->end) return nullptr;
  return &*std::prev(after);
}

bool code_map::is_code(std::uintptr_t address) const noexcept { return find(address) != nullptr; }

std::string code_map::name(std::uintptr_t address) const {
  const range* r = find(address);
  if (r == nullptr) return fmt::format("{:#x}", address);
  return fmt::format("{}+{:#x}", modules_[r->module].path, address - modules_[r->module].base);
}

#if defined(__x86_64__)
// call rel32 (E8), whose target is code; or a call through a register or memory (FF /2), with what may follow its ModRM.
bool code_map::follows_call(std::uintptr_t address) const noexcept {
  constexpr std::size_t longest = 7;
  std::array<unsigned char, longest> before{};
  if (!is_code(address - 1) || copy_what_is_there(before.data(), address - longest, longest) != longest) return false;
  if (before[2] == 0xE8) {
    std::int32_t distance = 0;
    std::memcpy(&distance, &before[3], sizeof distance);
    if (is_code(address + static_cast<std::uintptr_t>(static_cast<std::intptr_t>(distance)))) return true;
  }
  for (std::size_t bytes = 2; bytes <= longest; ++bytes) {
    const unsigned char* at = before.data() + longest - bytes;
    if (at[0] != 0xFF || (at[1] >> 3 & 7) != 2) continue;
    const unsigned mode = at[1] >> 6;
    const unsigned rest = at[1] & 7;
    const std::size_t index = mode != 3 && rest == 4 ? 1 : 0;
    const std::size_t offset = mode == 1 ? 1 : (mode == 2 || (mode == 0 && rest == 5) ? 4 : 0);
    if (2 + index + offset == bytes) return true;
  }
  return false;
}
#elif defined(__aarch64__)
bool code_map::follows_call(std::uintptr_t address) const noexcept {
  std::uint32_t before = 0;  // bl, blr
  if (address % 4 != 0 || !is_code(address - 4) || copy_what_is_there(&before, address - 4, 4) != 4) return false;
  return (before & 0xFC000000U) == 0x94000000U || (before & 0xFFFFFC1FU) == 0xD63F0000U;
}
#else
bool code_map::follows_call(std::uintptr_t) const noexcept { return false; }
#endif

std::vector<std::uintptr_t> code_map::return_addresses(std::span<const std::uintptr_t> stack, std::size_t most) const {
  std::vector<std::uintptr_t> found;
  for (const std::uintptr_t word : stack) {
    if (found.size() < most && is_code(word) && follows_call(word)) found.push_back(word);
  }
  return found;
}

std::size_t copy_what_is_there(void* to, std::uintptr_t from, std::size_t bytes) noexcept {
  const iovec here{to, bytes};
  const iovec there{reinterpret_cast<void*>(from), bytes};
  const ssize_t copied = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
  return copied > 0 ? static_cast<std::size_t>(copied) : 0;
}

}  // namespace joist::inline v0::core
