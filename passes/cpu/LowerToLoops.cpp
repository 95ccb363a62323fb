// `rnn-lower-to-loops`: from kernels to loops over vectors.
#include "passes/Descriptor.h"
#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/EntryEmitter.h"
#include "passes/cpu/Passes.h"
#include "passes/gpu/GpuKernels.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

namespace {

class LowerToLoops : public PassWrapper<LowerToLoops, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToLoops)

  LowerToLoops() = default;
  LowerToLoops(const CpuTarget &target, const std::optional<GpuTarget> &gpu)
      : target(target), gpu(gpu) {}
  LowerToLoops(const LowerToLoops &other)
      : PassWrapper(other), target(other.target), gpu(other.gpu) {}

  StringRef getArgument() const override { return "rnn-lower-to-loops"; }
  StringRef getDescription() const override {
    return "write kernels and entry points as loops over vectors";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                vector::VectorDialect, LLVM::LLVMDialect, NVVM::NVVMDialect>();
  }

  LogicalResult initialize(MLIRContext *context) override {
    std::string error;
    if (!target) {
      FailureOr<CpuTarget> named = CpuTarget::get(cpu, error);
      if (failed(named))
        return emitError(UnknownLoc::get(context), error);
      target = *named;
      if (device != "cpu") {
        FailureOr<GpuTarget> found = GpuTarget::get(device, error);
        if (failed(found))
          return emitError(UnknownLoc::get(context), error);
        gpu = *found;
      }
    }
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (Operation &op : *module.getBody())
      if (!isa<EntryOp>(op)) {
        op.emitError("cannot compile '")
            << op.getName() << "': expected rnn.entry ops";
        return signalPassFailure();
      }
    FailureOr<ModuleLayout> layout = ModuleLayout::get(module);
    if (failed(layout))
      return signalPassFailure();
    FailureOr<KernelCatalog> catalog = KernelCatalog::get(
        module, gpu ? Workers::Block : Workers::Thread,
        gpu ? gpu->limits() : GridLimits::ofCpu(target->blocked));
    if (failed(catalog) || failed(checkWorkspaces(module, *catalog)))
      return signalPassFailure();
    llvm::json::Value descriptor =
        describeModule(module, *target, *layout, *catalog);

    std::unique_ptr<KernelSet> kernels;
    if (gpu)
      kernels = std::make_unique<GpuKernels>(module, *gpu, *target);
    else
      kernels = std::make_unique<CpuKernels>(module, *target);
    ModuleEmitter emitter(module, *target, *kernels, *layout, *catalog);
    SmallVector<EntryOp> entries(module.getOps<EntryOp>());
    SmallVector<std::string> symbols = entrySymbols(module);
    llvm::StringSet<> made;
    for (auto [entry, symbol] : llvm::zip(entries, symbols))
      if (made.insert(symbol).second &&
          failed(EntryEmitter(emitter, entry, symbol).emit()))
        return signalPassFailure();
    kernels->makeUpdate(layout->elementType);
    if (failed(kernels->finish()))
      return signalPassFailure();
    for (EntryOp entry : entries)
      entry.erase();
    if (gpu)
      static_cast<GpuKernels &>(*kernels).describe(*descriptor.getAsObject());
    std::string text;
    llvm::raw_string_ostream(text) << descriptor;
    module->setAttr("rnn.descriptor", StringAttr::get(&getContext(), text));
  }

private:
  std::optional<CpuTarget> target;
  std::optional<GpuTarget> gpu;
  Option<std::string> cpu{*this, "cpu",
                          llvm::cl::desc("the CPU to compile for"),
                          llvm::cl::init("native")};
  Option<std::string> device{*this, "target",
                             llvm::cl::desc("cpu, sim or cuda:sm_90, ..."),
                             llvm::cl::init("cpu")};
};

} // namespace

std::unique_ptr<Pass>
createLowerToLoopsPass(const CpuTarget &target,
                       const std::optional<GpuTarget> &gpu) {
  return std::make_unique<LowerToLoops>(target, gpu);
}

void registerLowerToLoops() { PassRegistration<LowerToLoops>(); }

} // namespace rnn
