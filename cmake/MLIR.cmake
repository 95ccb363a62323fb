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
separate_arguments(LLVM_DEFINITIONS)
add_definitions(${LLVM_DEFINITIONS})
