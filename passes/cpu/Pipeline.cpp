#include "passes/cpu/Pipeline.h"
#include "passes/cpu/Passes.h"
#include "passes/gpu/Passes.h"

#include "mlir/Transforms/Passes.h"

namespace rnn {

void registerLowerToLoops();
void registerExpandMath();
void registerLoopsToLLVM();

void registerCpuPasses() {
  registerLowerToLoops();
  registerExpandMath();
  registerLoopsToLLVM();
  registerGpuPasses();
}

void buildLoopsPipeline(mlir::OpPassManager &manager, const CpuTarget &target,
                        const std::optional<GpuTarget> &gpu) {
  manager.addPass(createLowerToLoopsPass(target, gpu));
  // Address arithmetic was written without care for what is known already.
  manager.addPass(mlir::createCSEPass());
}

void buildLLVMPipeline(mlir::OpPassManager &manager, const CpuTarget &target,
                       const std::optional<GpuTarget> &gpu) {
  if (gpu && !gpu->isPrecise)
    manager.addPass(createApproximateMathPass());
  if (gpu && gpu->isSimulated())
    manager.addPass(createLowerToSimPass(target));
  manager.addPass(createExpandMathPass(target));
  manager.addPass(createLoopsToLLVMPass());
  if (gpu && !gpu->isSimulated())
    manager.addPass(createLowerToPtxPass(*gpu));
}

} // namespace rnn
