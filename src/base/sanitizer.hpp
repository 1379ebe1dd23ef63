// base/sanitizer.hpp: which sanitizer this build runs under.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define JOIST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JOIST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define JOIST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JOIST_TSAN 1
#endif
#endif
#ifndef JOIST_ASAN
#define JOIST_ASAN 0
#endif
#ifndef JOIST_TSAN
#define JOIST_TSAN 0
#endif

namespace joist::inline v0::base {
inline constexpr bool sanitized = JOIST_ASAN != 0 || JOIST_TSAN != 0;
}
