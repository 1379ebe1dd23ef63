# Warnings and sanitizers of the project's own targets; users of the library are not touched by them.
function(joist_target target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${JOIST_WERROR}>:-Werror>)
  if(JOIST_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${JOIST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC $<BUILD_INTERFACE:-fsanitize=${JOIST_SANITIZE}>)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)  # false alarms in instrumented library code
    endif()
    if(JOIST_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-tsan)  # fences: only in idle.cpp, paired with atomics TSan does see
    endif()
  endif()
endfunction()
