# rnnc_add_dialect_plugin(NAME OPS FILE.td SOURCES FILE.cpp...)
#
# Adds the target NAME, a library NAME.so that `rnnc --load-dialect-plugin`
# loads. FILE.td defines the dialect NAME and its ops; what TableGen makes of it
# can be included as FILEDialect.h.inc and FILE.h.inc (declarations), and
# FILEDialect.cpp.inc and FILE.cpp.inc (definitions).
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# add_mlir_doc would write to /docs without it.
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})

function(rnnc_add_dialect_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OPS" "SOURCES")
  if(NOT arg_OPS OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "write rnnc_add_dialect_plugin(NAME OPS FILE.td "
                        "SOURCES FILE.cpp...)")
  endif()
  get_filename_component(stem ${arg_OPS} NAME_WE)
  get_target_property(headers rnnc::compiler INTERFACE_INCLUDE_DIRECTORIES)
  set(includes EXTRA_INCLUDES ${MLIR_INCLUDE_DIRS} ${headers} ${headers}/dialect)
  set(LLVM_TARGET_DEFINITIONS ${arg_OPS})
  mlir_tablegen(${stem}.h.inc -gen-op-decls ${includes})
  mlir_tablegen(${stem}.cpp.inc -gen-op-defs ${includes})
  mlir_tablegen(${stem}Dialect.h.inc -gen-dialect-decls -dialect=${name}
                ${includes})
  mlir_tablegen(${stem}Dialect.cpp.inc -gen-dialect-defs -dialect=${name}
                ${includes})
  add_public_tablegen_target(${name}_generated)

  add_library(${name} MODULE ${arg_SOURCES})
  llvm_update_compile_flags(${name})
  add_dependencies(${name} ${name}_generated)
  target_compile_features(${name} PRIVATE cxx_std_17)
  target_include_directories(${name} SYSTEM PRIVATE
    ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS} ${CMAKE_CURRENT_BINARY_DIR})
  # rnnc asks a plugin which version of these libraries it was built for.
  target_link_libraries(${name} PRIVATE -Wl,--no-as-needed rnnc::compiler)
  # What is missing shall show here, not when the plugin is loaded.
  target_link_options(${name} PRIVATE -Wl,--no-undefined)
  set_target_properties(${name} PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET default)
endfunction()
