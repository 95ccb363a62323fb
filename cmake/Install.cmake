# What `cmake --install` puts under a prefix: the runtime with `rnn`, and the
# compiler with what a plugin is built from. Everything finds everything else
# relative to itself, so that a prefix may be moved.
include(CMakePackageConfigHelpers)
set(RNNC_HEADERS ${CMAKE_INSTALL_INCLUDEDIR}/rnnc)
set(RNNC_PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/rnnc)

set_target_properties(rnn_static PROPERTIES EXPORT_NAME runtime_static)
set_target_properties(rnn_shared PROPERTIES EXPORT_NAME runtime_shared)
install(TARGETS rnn_static rnn_shared rnn EXPORT rnncRuntimeTargets)
install(EXPORT rnncRuntimeTargets NAMESPACE rnnc:: DESTINATION ${RNNC_PACKAGE})
install(FILES runtime/rnn.h runtime/rnn.hpp runtime/module_abi.h
        DESTINATION ${RNNC_HEADERS})
file(RELATIVE_PATH RNNC_UP_FROM_PKGCONFIG
     /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/rnnc-runtime.pc.in cmake/rnnc-runtime.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/rnnc-runtime.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(RNNC_COMPILER)
  # Debian's libMLIR.so is in no folder that is searched anyway.
  set_target_properties(rnnc rnn-opt rnn-lsp-server PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${LLVM_LIBRARY_DIR}")
  set_target_properties(RNNDialect PROPERTIES INSTALL_RPATH ${LLVM_LIBRARY_DIR})
  install(TARGETS RNNDialect rnnc rnn-opt rnn-lsp-server
          EXPORT rnncCompilerTargets)
  install(EXPORT rnncCompilerTargets NAMESPACE rnnc::
          DESTINATION ${RNNC_PACKAGE})
  install(DIRECTORY dialect/ DESTINATION ${RNNC_HEADERS}/dialect
          FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
  foreach(header RNNDialect RNNEnums RNNInterfaces RNNOps)
    install(FILES ${PROJECT_BINARY_DIR}/dialect/${header}.h.inc
            DESTINATION ${RNNC_HEADERS}/dialect)
  endforeach()
  install(FILES cmake/rnncPlugin.cmake DESTINATION ${RNNC_PACKAGE})
endif()

configure_package_config_file(cmake/rnncConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/rnncConfig.cmake
  INSTALL_DESTINATION ${RNNC_PACKAGE})
# Before 1.0, what is new may break what is old.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/rnncConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/rnncConfig.cmake
              ${PROJECT_BINARY_DIR}/cmake/rnncConfigVersion.cmake
        DESTINATION ${RNNC_PACKAGE})
