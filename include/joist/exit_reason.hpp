// joist/exit_reason.hpp: why a process ended: data that travels along links and monitors.
//
// Promises
//   copies are cheap and share what cannot change; a reason of any size arrives as it was given
//   two reasons are equal when their kinds and their values are
//
// Example: examples/03_links_and_monitors. See also: process.hpp (exit), link.hpp, monitor.hpp.
#pragma once

#include <joist/sendable.hpp>

#include <fmt/core.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace joist::inline v0 {

/// What an exception was that ended a process.
struct error_info {
  std::string type;              ///< the exception's type, demangled
  std::string what;              ///< its what(), or what was thrown if that can be printed
  std::vector<void*> backtrace;  ///< return addresses, from the throw outwards; empty if not to be had
  friend bool operator==(const error_info& a, const error_info& b) { return a.type == b.type && a.what == b.what; }
};

/// Addresses of code, which nobody changes.
template <>
struct enable_sendable<error_info> : std::true_type {};

/// Lines "function + offset (module)" for the addresses of error_info::backtrace.     [any thread]
[[nodiscard]] std::vector<std::string> symbolize(const std::vector<void*>& backtrace);

/// The name of a type as one writes it: demangled.     [any thread]
[[nodiscard]] std::string type_name(const std::type_info& type);

/// Why a process ended. OTP: the exit reason terms, with its special ones as kinds.
class exit_reason {
 public:
  enum class kind : std::uint8_t {
    normal,        ///< did what it had to do: does not disturb its links
    shutdown,      ///< was asked to end; may carry a detail
    kill,          ///< as exit(pid, reason): cannot be trapped and turns into killed
    killed,        ///< ended by kill
    noproc,        ///< linked to or monitored a process that was not there
    noconnection,  ///< the connection to its node is gone
    timeout,       ///< a wait ran out of time
    error,         ///< an exception left it
    other,         ///< a value of the user's: of(value)
  };

  static const exit_reason normal;
  static const exit_reason shutdown;
  static const exit_reason kill;
  static const exit_reason killed;
  static const exit_reason noproc;
  static const exit_reason noconnection;
  static const exit_reason timeout;

  constexpr exit_reason() noexcept = default;

  /// A reason of the user's: any copyable, sendable value with operator==; printed when fmt can.
  template <class Value>
  [[nodiscard]] static exit_reason of(Value value);
  /// shutdown with a detail: {shutdown, Detail} of OTP.
  template <class Detail>
  [[nodiscard]] static exit_reason shutdown_with(Detail detail);
  /// The reason of an exception that nobody caught.
  [[nodiscard]] static exit_reason error(error_info info);

  [[nodiscard]] kind which() const noexcept { return kind_; }
  /// Ends that are nobody's failure: normal and shutdown, with or without detail. Others are reported.
  [[nodiscard]] bool is_orderly() const noexcept { return kind_ == kind::normal || kind_ == kind::shutdown; }
  /// The exception, if the kind is error.
  [[nodiscard]] const error_info* error() const noexcept { return error_; }
  /// The value given to of() or shutdown_with(), if it is a Value.
  template <class Value>
  [[nodiscard]] const Value* value() const noexcept;

  /// A value whose formatter throws is said to be one.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const exit_reason& a, const exit_reason& b);

 private:
  struct payload {
    const std::type_info* type = nullptr;
    payload() = default;
    explicit payload(const std::type_info& t) : type{&t} {}
    payload(const payload&) = delete;
    payload& operator=(const payload&) = delete;
    virtual ~payload() = default;
    virtual bool equals(const payload& other) const = 0;
    virtual std::string print() const = 0;
  };
  template <class Value>
  struct payload_of;

  constexpr explicit exit_reason(kind k) noexcept : kind_{k} {}
  exit_reason(kind k, std::shared_ptr<const payload> data) noexcept : data_{std::move(data)}, kind_{k} {}

  std::shared_ptr<const payload> data_;
  const error_info* error_ = nullptr;  // in *data_
  kind kind_ = kind::normal;
};

inline constinit const exit_reason exit_reason::normal{kind::normal};
inline constinit const exit_reason exit_reason::shutdown{kind::shutdown};
inline constinit const exit_reason exit_reason::kill{kind::kill};
inline constinit const exit_reason exit_reason::killed{kind::killed};
inline constinit const exit_reason exit_reason::noproc{kind::noproc};
inline constinit const exit_reason exit_reason::noconnection{kind::noconnection};
inline constinit const exit_reason exit_reason::timeout{kind::timeout};

template <class Value>
struct exit_reason::payload_of final : exit_reason::payload {
  explicit payload_of(Value v) : payload{typeid(Value)}, value{std::move(v)} {}
  bool equals(const payload& other) const override {
    return *type == *other.type && value == static_cast<const payload_of&>(other).value;
  }
  std::string print() const override {
    if constexpr (fmt::is_formattable<Value>::value) {
      return fmt::format("{}", value);
    } else {
      return type->name();
    }
  }
  Value value;
};

template <class Value>
exit_reason exit_reason::of(Value value) {
  if constexpr (std::is_convertible_v<Value, std::string_view> && !std::is_same_v<Value, std::string>) {
    return of(std::string{std::string_view{value}});
  } else {
    detail::require_sendable<Value>();  // it travels to other processes
    static_assert(std::equality_comparable<Value>, "joist: a value in an exit_reason has operator==: reasons are compared");
    return {kind::other, std::make_shared<const payload_of<Value>>(std::move(value))};
  }
}

template <class Detail>
exit_reason exit_reason::shutdown_with(Detail detail) {
  exit_reason made = of(std::move(detail));
  made.kind_ = kind::shutdown;
  return made;
}

template <class Value>
const Value* exit_reason::value() const noexcept {
  if (data_ == nullptr || *data_->type != typeid(Value)) return nullptr;
  return &static_cast<const payload_of<Value>&>(*data_).value;
}

}  // namespace joist::inline v0

template <>
struct fmt::formatter<joist::exit_reason> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const joist::exit_reason& reason, Context& context) const {
    return fmt::format_to(context.out(), "{}", reason.to_string());
  }
};
