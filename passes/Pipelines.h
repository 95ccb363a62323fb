// The compiler's stages as functions: rnnc calls them, rnn-opt registers them.
#ifndef RNN_PASSES_PIPELINES_H
#define RNN_PASSES_PIPELINES_H

#include "mlir/Pass/PassManager.h"

#include <string>

namespace rnn {

struct PipelineOptions {
  std::string elementType = "f32"; // or f64, for checking gradients
  std::string precision = "f32";   // or bf16 or tf32: rnn-mixed-precision
  int64_t vectorBits = 0;          // of a CPU: rnn-arrange-weights
};

/// model -> scans: layers become scans, products leave the time loop, and each
/// recurrence is classified.
void buildScansPipeline(mlir::OpPassManager &manager,
                        const PipelineOptions &options);
/// scans -> training: entry points, and gradients for the objectives.
void buildTrainingPipeline(mlir::OpPassManager &manager);
/// training -> kernels: one scan per kernel.
void buildKernelsPipeline(mlir::OpPassManager &manager);
/// kernels -> forms: how each kernel runs over time.
void buildFormsPipeline(mlir::OpPassManager &manager,
                        const PipelineOptions &options);

/// `rnn-scans-pipeline`, `rnn-training-pipeline`, `rnn-kernels-pipeline`,
/// `rnn-forms-pipeline`.
void registerPipelines();

} // namespace rnn

#endif // RNN_PASSES_PIPELINES_H
