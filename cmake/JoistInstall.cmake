# What `cmake --install` puts where: headers, the library, the CMake package, joist.pc, the gdb commands.
include(CMakePackageConfigHelpers)

install(TARGETS joist joist_preemptible joist_lock_check EXPORT joistTargets)
install(DIRECTORY include/joist DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES tools/gdb/joist.py DESTINATION ${CMAKE_INSTALL_DATADIR}/joist/gdb)

set(joist_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/joist)
install(EXPORT joistTargets NAMESPACE joist:: DESTINATION ${joist_package_dir})
foreach(room net tls dist web live)  # components: find_package(joist COMPONENTS web)
  if(TARGET joist_${room})
    install(TARGETS joist_${room} EXPORT joist_${room}Targets)
    install(EXPORT joist_${room}Targets NAMESPACE joist:: DESTINATION ${joist_package_dir})
  endif()
endforeach()
configure_package_config_file(cmake/joistConfig.cmake.in joistConfig.cmake INSTALL_DESTINATION ${joist_package_dir})
write_basic_package_version_file(joistConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/JoistPreemptible.cmake ${CMAKE_CURRENT_BINARY_DIR}/joistConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/joistConfigVersion.cmake
        DESTINATION ${joist_package_dir})

set(joist_pc_boost "")
if(JOIST_FCONTEXT)
  set(joist_pc_boost " -lboost_context")
endif()
# Relative: an installed tree may be moved, or installed with --prefix.
file(RELATIVE_PATH joist_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/joist.pc.in joist.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/joist.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
