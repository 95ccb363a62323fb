#include "passes/MachineCode.h"

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/LCSSA.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"

using namespace mlir;

namespace rnn {

namespace {

/// Analyses for passes over functions of a target.
struct Passes {
  explicit Passes(llvm::TargetMachine &machine) : builder(&machine) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(graph);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, graph, modules);
  }
  void run(llvm::Module &module, llvm::FunctionPassManager passes) {
    llvm::ModulePassManager manager;
    manager.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
    manager.run(module, modules);
  }

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
};

/// How often a short body is repeated, and what is short, in instructions.
constexpr unsigned unrollCount = 4;
constexpr size_t shortBody = 48;

/// Says of each loop how often it is to be unrolled.
struct MarkLoops : llvm::PassInfoMixin<MarkLoops> {
  llvm::PreservedAnalyses run(llvm::Function &function,
                              llvm::FunctionAnalysisManager &analyses) {
    llvm::LLVMContext &context = function.getContext();
    auto flag = [&](StringRef name) {
      return llvm::MDNode::get(context, llvm::MDString::get(context, name));
    };
    for (llvm::Loop *loop : analyses.getResult<llvm::LoopAnalysis>(function)
                                .getLoopsInPreorder()) {
      size_t size = 0;
      for (llvm::BasicBlock *block : loop->blocks())
        size += block->size();
      if (!loop->isInnermost() || size > shortBody) {
        loop->setLoopID(llvm::makePostTransformationMetadata(
            context, loop->getLoopID(), {},
            {flag("llvm.loop.unroll.disable")}));
        continue;
      }
      llvm::Metadata *count[] = {
          llvm::MDString::get(context, "llvm.loop.unroll.count"),
          llvm::ConstantAsMetadata::get(llvm::ConstantInt::get(
              llvm::Type::getInt32Ty(context), unrollCount))};
      loop->setLoopID(llvm::makePostTransformationMetadata(
          context, loop->getLoopID(), {}, {llvm::MDNode::get(context, count)}));
    }
    return llvm::PreservedAnalyses::none();
  }
};

} // namespace

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  llvm::LoopPassManager loopPasses;
  loopPasses.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(loopPasses),
                                                       /*UseMemorySSA=*/true));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  Passes(machine).run(module, std::move(passes));
}

void unrollLoops(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::FunctionPassManager passes;
  passes.addPass(MarkLoops());
  passes.addPass(llvm::LoopUnrollPass());
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  Passes(machine).run(module, std::move(passes));
}

LogicalResult generate(llvm::Module &module, llvm::TargetMachine &machine,
                       llvm::CodeGenFileType type,
                       llvm::raw_pwrite_stream &output) {
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, output, nullptr, type))
    return failure();
  passes.run(module);
  return success();
}

} // namespace rnn
