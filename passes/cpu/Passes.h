// The passes of the CPU back end, in the order of the pipeline, and what
// `rnnc` and `rnn-opt` run of them.
#ifndef RNN_PASSES_CPU_PASSES_H
#define RNN_PASSES_CPU_PASSES_H

#include "passes/cpu/CpuTarget.h"
#include "passes/gpu/GpuTarget.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"

#include <optional>

namespace rnn {

/// `rnn-lower-to-loops` (a module of `rnn.entry` ops at the stage `kernels`):
/// plans memory and writes kernels and entry points as loops over vectors, or
/// kernels as the code of a GPU's threads. Puts
/// the descriptor (passes/Descriptor.h) into the module's attribute
/// `rnn.descriptor`.
std::unique_ptr<mlir::Pass>
createLowerToLoopsPass(const CpuTarget &target,
                       const std::optional<GpuTarget> &gpu);

/// `rnn-expand-math`: replaces f32 functions by polynomials in line, and those
/// of f64 that LLVM has no operation for by calls to libm.
std::unique_ptr<mlir::Pass> createExpandMathPass(const CpuTarget &target);
/// Of it, tanh of f32 by exp and a quotient.
void populateTanhPatterns(mlir::RewritePatternSet &patterns);

/// `rnn-loops-to-llvm`: the rest of the way to the LLVM dialect.
std::unique_ptr<mlir::Pass> createLoopsToLLVMPass();

/// Makes the passes known by name; an option `cpu=` names the target.
void registerCpuPasses();

} // namespace rnn

#endif // RNN_PASSES_CPU_PASSES_H
