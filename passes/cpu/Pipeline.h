// The stages `loops` and `llvm` of the back ends.
#ifndef RNN_PASSES_CPU_PIPELINE_H
#define RNN_PASSES_CPU_PIPELINE_H

#include "passes/cpu/CpuTarget.h"
#include "passes/gpu/GpuTarget.h"

#include "mlir/Pass/PassManager.h"

#include <optional>

namespace rnn {

/// From the stage `forms` to `loops`. Without `gpu` all of it runs on the CPU
/// `target`; with it, entry points only, and what simulates a GPU.
void buildLoopsPipeline(mlir::OpPassManager &manager, const CpuTarget &target,
                        const std::optional<GpuTarget> &gpu);

/// From the stage `loops` to `llvm`, which passes/EmitModule.h takes.
void buildLLVMPipeline(mlir::OpPassManager &manager, const CpuTarget &target,
                       const std::optional<GpuTarget> &gpu);

} // namespace rnn

#endif // RNN_PASSES_CPU_PIPELINE_H
