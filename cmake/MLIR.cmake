# Finds the released LLVM and MLIR and makes their CMake functions usable here.
# Debian installs it under a prefix of its own.
list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR 22.1 REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# add_mlir_doc would write to /docs without it.
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR})
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
# What TableGen writes is not ours to warn about.
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS}
                    ${PROJECT_BINARY_DIR})
include_directories(${PROJECT_SOURCE_DIR})
# With hidden symbols, traits and types would have two identities, one here and
# one in libMLIR.so, and no op would have the traits that it declares.
set(CMAKE_CXX_VISIBILITY_PRESET default)
separate_arguments(LLVM_DEFINITIONS)
add_definitions(${LLVM_DEFINITIONS})

# A compilation spends its time in MLIR and LLVM, which are optimised; building
# rnnc is quicker without optimising much.
string(REPLACE "-O3" "-O1" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

# MLIR's headers take most of a file's compile time: the dialect's library
# parses them once for all. `add_mlir_library(X)` compiles in the target obj.X.
function(rnnc_precompile_headers library)
  if(NOT library STREQUAL RNNDialect)
    target_precompile_headers(obj.${library} REUSE_FROM obj.RNNDialect)
    return()
  endif()
  target_precompile_headers(obj.RNNDialect PRIVATE
    <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/LLVMIR/LLVMDialect.h>
    <mlir/Dialect/Math/IR/Math.h> <mlir/Dialect/SCF/IR/SCF.h>
    <mlir/Dialect/Vector/IR/VectorOps.h> <mlir/IR/Builders.h>
    <mlir/IR/BuiltinOps.h> <mlir/IR/IRMapping.h> <mlir/IR/PatternMatch.h>
    <mlir/IR/SymbolTable.h> <mlir/Interfaces/FunctionInterfaces.h>
    <mlir/Pass/PassManager.h> <llvm/ADT/MapVector.h> <llvm/ADT/SetVector.h>)
endfunction()
