#include "passes/Pipelines.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace rnn {

/// Removes what the pass before left unused or twice.
static void addCleanUp(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void buildScansPipeline(OpPassManager &manager,
                        const PipelineOptions &options) {
  // First, so that layers make their constants in the right type.
  SetElementTypeOptions elementType;
  elementType.elementType = options.elementType;
  manager.addPass(createSetElementType(elementType));
  manager.addPass(createInlineCalls());
  manager.addPass(createExpandLayers());
  addCleanUp(manager);
  // Of the steps as the user wrote them, but for states that nothing needs:
  // hoisting a product of an earlier input makes a shift of its own, and
  // distribution scans of which each is a part only.
  manager.addPass(createClassify());
  // Parameters of the step, and products of inputs, are no part of it any more.
  manager.addPass(createHoist());
  manager.addPass(createDistribute());
  // Products that stood between two recurrences are between two scans now.
  manager.addPass(createHoist());
  addCleanUp(manager);
}

void buildTrainingPipeline(OpPassManager &manager) {
  manager.addPass(createMakeEntries());
  manager.addPass(createCheckDifferentiable());
  // Before fusion, which gives what is around the products to its neighbours;
  // what they only hand on is clean first.
  manager.addPass(createMatrixScans());
  addCleanUp(manager);
  // What is inside a scan is computed again in the backward pass, not kept.
  manager.addPass(createFuse());
  addCleanUp(manager);
  manager.addPass(createDifferentiate());
  manager.addPass(createLowerTrainingOps());
  addCleanUp(manager);
  // A product in an adjoint step may not depend on the carried adjoints.
  manager.addPass(createHoist());
  addCleanUp(manager);
}

void buildKernelsPipeline(OpPassManager &manager) {
  manager.addPass(createFuse());
  addCleanUp(manager);
}

void buildFormsPipeline(OpPassManager &manager,
                        const PipelineOptions &options) {
  ArrangeWeightsOptions arrange;
  arrange.vectorBits = options.vectorBits;
  manager.addPass(createArrangeWeights(arrange));
  // What is one kernel is known; afterwards types say what is per chunk.
  manager.addPass(createChunkScans());
  if (options.precision == "f32")
    return;
  MixedPrecisionOptions mixed;
  mixed.precision = options.precision;
  manager.addPass(createMixedPrecision(mixed));
  // Not the canonicalizer: it does not know types of what is per chunk.
  manager.addPass(createCSEPass());
}

void registerPipelines() {
  struct Options : PassPipelineOptions<Options> {
    PassOptions::Option<std::string> elementType{*this, "element-type",
                                                 llvm::cl::desc("f32 or f64"),
                                                 llvm::cl::init("f32")};
  };
  struct FormsOptions : PassPipelineOptions<FormsOptions> {
    PassOptions::Option<std::string> precision{
        *this, "precision", llvm::cl::desc("f32, bf16 or tf32"),
        llvm::cl::init("f32")};
    PassOptions::Option<int64_t> vectorBits{
        *this, "vector-bits", llvm::cl::desc("as of rnn-arrange-weights"),
        llvm::cl::init(0)};
  };
  static PassPipelineRegistration<Options> scans(
      "rnn-scans-pipeline", "model -> scans",
      [](OpPassManager &manager, const Options &options) {
        buildScansPipeline(manager, {options.elementType, "f32"});
      });
  static PassPipelineRegistration<> training(
      "rnn-training-pipeline", "scans -> training", buildTrainingPipeline);
  static PassPipelineRegistration<> kernels(
      "rnn-kernels-pipeline", "training -> kernels", buildKernelsPipeline);
  static PassPipelineRegistration<FormsOptions> forms(
      "rnn-forms-pipeline", "kernels -> forms",
      [](OpPassManager &manager, const FormsOptions &options) {
        buildFormsPipeline(manager,
                           {"f32", options.precision, options.vectorBits});
      });
}

} // namespace rnn
