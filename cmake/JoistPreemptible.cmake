# joist_preemptible(TARGET): compiles the target so that each of its loops and calls counts against the reductions of the
# process that runs it, and others have their turn when they are used up. See joist/preempt.hpp.
#
# GCC and Clang call joist::preemptible's hook at every basic block. For Clang:
#   no-prune           it would leave out blocks that others imply, and with them whole loops
#   -fno-finite-loops  it takes a loop without effects for one that ends
# The option is for the compiler alone: given to the linker, Clang adds a sanitizer's library. So the target is compiled
# without link-time optimisation, which would make its code anew from the linker's options, without a single call.
#
# A function that is inline, or of a template, and compiled by both the target and the library, is in the program once; the
# library must not run the target's, which gives way where the library holds a lock. So a static libjoist comes first, whole,
# when a program is linked; a shared one is linked with -Bsymbolic-functions.
function(joist_preemptible target)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(flags -fsanitize-coverage=bb,trace-pc,no-prune -fno-finite-loops -fno-lto)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(flags -fsanitize-coverage=trace-pc -fno-lto)
  else()
    message(FATAL_ERROR "joist_preemptible: expected GCC or Clang, got ${CMAKE_CXX_COMPILER_ID}")
  endif()
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C,CXX>:${flags}>")
  target_link_libraries(${target} PRIVATE joist::preemptible)
endfunction()
