# joist_preemptible(TARGET): compiles the target so that each of its loops and calls counts against the reductions of the
# process that runs it, and others have their turn when they are used up. See joist/preempt.hpp.
function(joist_preemptible target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(blocks -fsanitize-coverage=bb,trace-pc)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(blocks -fsanitize-coverage=trace-pc)
  else()
    message(FATAL_ERROR "joist_preemptible: expected GCC or Clang, got ${CMAKE_CXX_COMPILER_ID}")
  endif()
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:${blocks}>)
  target_link_libraries(${target} PRIVATE joist::preemptible)
endfunction()
