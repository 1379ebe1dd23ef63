# joist_own_text(target): in a static library, the code that is no template's goes to sections whose bounds the linker tells
# (__start_joist_text ...: any section with the name of an identifier has them), so that a fault in it can be told from one
# in the program it is linked into (src/core/fault_frames.cpp). A shared library is told by its address. Where this cannot be
# done (link-time optimisation, a section per function, no objcopy), marked sections of the code and assertions still tell.
function(joist_own_text target)
  get_target_property(kind ${target} TYPE)
  get_target_property(lto ${target} INTERPROCEDURAL_OPTIMIZATION)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build)
  set(flags "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build}}")
  if(kind STREQUAL "STATIC_LIBRARY" AND CMAKE_OBJCOPY AND NOT lto AND NOT flags MATCHES "-flto|-ffunction-sections")
    add_custom_command(TARGET ${target} POST_BUILD VERBATIM
      COMMAND ${CMAKE_OBJCOPY} --rename-section .text=joist_text --rename-section .text.unlikely=joist_text_cold
              $<TARGET_FILE:${target}>)
    set_property(GLOBAL PROPERTY JOIST_OWN_TEXT ON)
  endif()
endfunction()
