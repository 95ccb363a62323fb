// The stages `loops` and `llvm` of the CPU back end.
#ifndef RNN_PASSES_CPU_PIPELINE_H
#define RNN_PASSES_CPU_PIPELINE_H

#include "passes/cpu/CpuTarget.h"

#include "mlir/Pass/PassManager.h"

namespace rnn {

/// From the stage `kernels` to `loops`.
void buildLoopsPipeline(mlir::OpPassManager &manager, const CpuTarget &target);

/// From the stage `loops` to `llvm`, which passes/EmitModule.h takes.
void buildLLVMPipeline(mlir::OpPassManager &manager, const CpuTarget &target);

} // namespace rnn

#endif // RNN_PASSES_CPU_PIPELINE_H
