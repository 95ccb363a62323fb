// The GPU that kernels are made for. Today that is the simulated one alone,
// whose kernels are code of the CPU (LowerToSim.cpp).
#ifndef RNN_PASSES_GPU_GPUTARGET_H
#define RNN_PASSES_GPU_GPUTARGET_H

#include "mlir/Support/LLVM.h"

#include <string>

namespace rnn {

struct GpuTarget {
  /// As in the module's descriptor.
  std::string name() const { return "sim"; }
  /// Bytes of shared memory that a block may have, of compute capability 9.0
  /// and 10.0 (CUDA C++ Programming Guide).
  int64_t mostShared() const { return 227 * 1024; }

  /// From `--target`. On failure `error` says what is wrong.
  static llvm::FailureOr<GpuTarget> get(llvm::StringRef name,
                                        std::string &error) {
    if (name == "sim")
      return GpuTarget{};
    error = "unknown target '" + name.str() + "'; expected cpu or sim";
    return llvm::failure();
  }
};

} // namespace rnn

#endif // RNN_PASSES_GPU_GPUTARGET_H
