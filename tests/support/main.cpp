// The main function of every test program. With Catch2 3 it comes from the library.
#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

namespace support {
bool leaks_are_expected = false;
}

/// Asked by LeakSanitizer before it looks.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return support::leaks_are_expected ? 1 : 0; }
