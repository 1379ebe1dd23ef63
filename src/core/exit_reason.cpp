#include <joist/exit_reason.hpp>
#include <joist/pid.hpp>

#include <cxxabi.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

namespace joist::inline v0 {

std::string to_string(pid process) { return fmt::format("{}", process); }

exit_reason exit_reason::error(error_info info) {
  struct error_payload final : payload {
    explicit error_payload(error_info i) : payload{typeid(error_payload)}, value{std::move(i)} {}
    bool equals(const payload& other) const override { return value == static_cast<const error_payload&>(other).value; }
    std::string print() const override {
      return value.what.empty() ? value.type : fmt::format("{}: {}", value.type, value.what);
    }
    error_info value;
  };
  exit_reason made;
  auto data = std::make_shared<const error_payload>(std::move(info));
  made.error_ = &data->value;
  made.data_ = std::move(data);
  made.kind_ = kind::error;
  return made;
}

std::string exit_reason::to_string() const {
  static constexpr const char* names[] = {"normal",       "shutdown", "kill",  "killed", "noproc",
                                          "noconnection", "timeout",  "error", "other"};
  const char* name = names[static_cast<std::size_t>(kind_)];
  if (data_ == nullptr) return name;
  std::string value;
  try {
    value = data_->print();
  } catch (...) {  // the user's formatter; a report of an end must not be lost by it
    value = "a value whose formatter threw";
  }
  return kind_ == kind::other ? value : fmt::format("{} ({})", name, value);
}

bool operator==(const exit_reason& a, const exit_reason& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.data_ == b.data_) return true;
  if (a.data_ == nullptr || b.data_ == nullptr || *a.data_->type != *b.data_->type) return false;
  return a.data_->equals(*b.data_);
}

std::vector<std::string> symbolize(const std::vector<void*>& backtrace) {
  std::vector<std::string> lines;
  for (void* address : backtrace) {
    Dl_info info{};
    if (::dladdr(address, &info) == 0) {
      lines.push_back(fmt::format("{}", address));
      continue;
    }
    const char* module = info.dli_fname != nullptr ? info.dli_fname : "?";
    const auto base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (info.dli_sname == nullptr) {
      lines.push_back(fmt::format("{}+{:#x}", module, at - base));  // as addr2line takes it
      continue;
    }
    int status = 0;
    char* plain = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status);
    lines.push_back(fmt::format("{} + {:#x} ({}+{:#x})", status == 0 ? plain : info.dli_sname,
                                at - reinterpret_cast<std::uintptr_t>(info.dli_saddr), module, at - base));
    std::free(plain);
  }
  return lines;
}

std::string type_name(const std::type_info& type) {
  int status = 0;
  char* plain = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string text = status == 0 ? plain : type.name();
  std::free(plain);
  return text;
}

}  // namespace joist::inline v0
