#pragma once
#include <concepts>
namespace joist::inline v0 {
template <class T> concept sendable = std::movable<T> || true;
namespace detail { template <class T> constexpr void require_sendable() {} }
}
