// `rnn-lower-to-ptx`: kernels of a GPU become PTX, which the module carries as
// the text `rnn_ptx`, by LLVM's NVPTX backend alone.
#include "passes/MachineCode.h"
#include "passes/cpu/Emitter.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/Passes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace rnn {

namespace {

class LowerToPtx : public PassWrapper<LowerToPtx, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToPtx)

  LowerToPtx() = default;
  explicit LowerToPtx(const GpuTarget &target) : target(target) {}
  LowerToPtx(const LowerToPtx &other)
      : PassWrapper(other), target(other.target) {}

  StringRef getArgument() const override { return "rnn-lower-to-ptx"; }
  StringRef getDescription() const override {
    return "turn kernels of a GPU into PTX";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
  }

  LogicalResult initialize(MLIRContext *context) override {
    if (target)
      return success();
    std::string error;
    FailureOr<GpuTarget> named = GpuTarget::get(name, error);
    if (succeeded(named) && named->isSimulated()) {
      error = "the simulated GPU has no PTX";
      named = failure();
    }
    if (failed(named))
      return emitError(UnknownLoc::get(context), error);
    target = *named;
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> device = ModuleOp::create(module.getLoc());
    if (failed(moveKernels(module, *device)))
      return signalPassFailure();
    std::string text;
    if (failed(translate(*device, text)))
      return signalPassFailure();
    Emitter e(module.getLoc(), module.getContext());
    e.setInsertionPointToStart(module.getBody());
    text.push_back('\0');
    LLVM::GlobalOp::create(e,
                           LLVM::LLVMArrayType::get(e.getI8Type(), text.size()),
                           /*isConstant=*/true, LLVM::Linkage::External,
                           ptxSymbol, e.getStringAttr(text));
  }

private:
  LogicalResult moveKernels(ModuleOp module, ModuleOp device) {
    SmallVector<Operation *> moved;
    if (Operation *shared = module.lookupSymbol(sharedMemory))
      moved.push_back(shared);
    for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
      auto threads = kernel->getAttrOfType<IntegerAttr>(kernelAttribute);
      if (!threads)
        continue;
      WalkResult calls = kernel.walk([&](LLVM::CallOp call) {
        call.emitError("a GPU has no function '")
            << call.getCallee().value_or("?")
            << "'; compile for --target=cpu or sim";
        return WalkResult::interrupt();
      });
      if (calls.wasInterrupted())
        return failure();
      Builder builder(module.getContext());
      kernel->removeAttr(kernelAttribute);
      kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                      builder.getUnitAttr());
      kernel->setAttr(
          NVVM::NVVMDialect::getMaxntidAttrName(),
          builder.getDenseI32ArrayAttr({int32_t(threads.getInt())}));
      // One block at least: else ptxas spills registers to make room for more.
      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                      builder.getI32IntegerAttr(1));
      moved.push_back(kernel);
    }
    for (Operation *op : moved)
      op->moveBefore(device.getBody(), device.getBody()->end());
    return success();
  }

  LogicalResult translate(ModuleOp device, std::string &text) {
    std::unique_ptr<llvm::TargetMachine> machine = target->createMachine();
    if (!machine)
      return device.emitError("LLVM has no NVPTX target");
    llvm::LLVMContext context;
    auto translated = translateModuleToLLVMIR(device, context, "rnn");
    if (!translated)
      return device.emitError("the kernels could not be translated to LLVM IR");
    translated->setTargetTriple(machine->getTargetTriple());
    translated->setDataLayout(machine->createDataLayout());
    optimize(*translated, *machine);
    unrollLoops(*translated, *machine);
    SmallString<0> code;
    llvm::raw_svector_ostream stream(code);
    if (failed(generate(*translated, *machine,
                        llvm::CodeGenFileType::AssemblyFile, stream)))
      return device.emitError("the target cannot write PTX");
    text = std::string(code);
    return success();
  }

  std::optional<GpuTarget> target;
  Option<std::string> name{*this, "target", llvm::cl::desc("cuda:sm_90, ..."),
                           llvm::cl::init("cuda:sm_90")};
};

} // namespace

std::unique_ptr<Pass> createLowerToPtxPass(const GpuTarget &target) {
  return std::make_unique<LowerToPtx>(target);
}

void registerLowerToPtx() { PassRegistration<LowerToPtx>(); }

} // namespace rnn
