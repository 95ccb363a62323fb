// The GPU that kernels are made for: a real one, or the simulated one.
#ifndef RNN_PASSES_GPU_GPUTARGET_H
#define RNN_PASSES_GPU_GPUTARGET_H

#include "mlir/Support/LLVM.h"

#include <string>

namespace rnn {

struct GpuTarget {
  /// "sm_90"; empty for the simulated GPU, whose kernels run on the CPU.
  std::string chip;

  bool isSimulated() const { return chip.empty(); }
  /// "sim" or "cuda:sm_90", as in the module's descriptor.
  std::string name() const { return isSimulated() ? "sim" : "cuda:" + chip; }
  /// The PTX version that the chip needs at least.
  std::string ptxVersion() const;
  /// Bytes of shared memory that a block may have.
  int64_t mostShared() const;

  /// True for names that speak of a GPU: "sim" and "cuda...".
  static bool isGpu(llvm::StringRef name);
  /// From `--target`. On failure `error` says what is wrong.
  static llvm::FailureOr<GpuTarget> get(llvm::StringRef name,
                                        std::string &error);
};

} // namespace rnn

#endif // RNN_PASSES_GPU_GPUTARGET_H
