// The passes of the GPU back end.
#ifndef RNN_PASSES_GPU_PASSES_H
#define RNN_PASSES_GPU_PASSES_H

#include "passes/cpu/CpuTarget.h"
#include "passes/gpu/GpuTarget.h"

#include "mlir/Pass/Pass.h"

namespace rnn {

/// `rnn-approximate-math`, after `rnn-lower-to-loops`: kernels' functions of
/// f32 become a GPU's approximations.
std::unique_ptr<mlir::Pass> createApproximateMathPass();

/// `rnn-lower-to-sim`, after `rnn-lower-to-loops` for the target `sim`: kernels
/// become CPU code that tells the simulator what it does.
std::unique_ptr<mlir::Pass> createLowerToSimPass(const CpuTarget &target);

/// `rnn-lower-to-ptx`, after `rnn-loops-to-llvm` for an architecture: kernels
/// leave the module, which keeps their PTX as a text.
std::unique_ptr<mlir::Pass> createLowerToPtxPass(const GpuTarget &target);
/// The symbol of that text, which ends with a zero.
constexpr llvm::StringLiteral ptxSymbol = "rnn_ptx";

void registerGpuPasses();

} // namespace rnn

#endif // RNN_PASSES_GPU_PASSES_H
