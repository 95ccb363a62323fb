// The GPU that kernels are made for: one of NVIDIA's, whose kernels are PTX
// (LowerToPtx.cpp), or the simulated one, whose kernels are code of the CPU
// (LowerToSim.cpp).
#ifndef RNN_PASSES_GPU_GPUTARGET_H
#define RNN_PASSES_GPU_GPUTARGET_H

#include "passes/cpu/ResidentShape.h"

#include "mlir/Support/LLVM.h"

#include <memory>
#include <string>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace rnn {

struct GpuTarget {
  /// Compute capability as in sm_90; 0: the simulated GPU.
  int architecture = 0;
  /// Functions of f32 to the last bits, as on a CPU (`rnnc --precise`).
  bool isPrecise = false;
  /// Of tests, GridLimits::team.
  int64_t team = 0;
  /// GridLimits::kept.
  int64_t kept = -1;
  /// And GridLimits::blocked.
  Choice blocked = Choice::Auto;

  bool isSimulated() const { return architecture == 0; }
  /// As in the module's descriptor: "sim", "cuda:sm_90".
  std::string name() const;
  /// Bytes of shared memory that a block may have (CUDA C++ Programming Guide,
  /// compute capabilities). The simulated GPU has what an H100 has.
  int64_t mostShared() const;
  /// For scans that keep matrices in shared memory.
  GridLimits limits() const;
  /// Of an architecture.
  std::unique_ptr<llvm::TargetMachine> createMachine() const;

  /// From `--target`. On failure `error` says what is wrong.
  static llvm::FailureOr<GpuTarget> get(llvm::StringRef name,
                                        std::string &error);
};

} // namespace rnn

#endif // RNN_PASSES_GPU_GPUTARGET_H
