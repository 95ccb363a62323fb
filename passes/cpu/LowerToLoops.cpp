// `rnn-lower-to-loops`: from kernels to loops over vectors.
#include "passes/Descriptor.h"
#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/EntryEmitter.h"
#include "passes/cpu/Passes.h"

using namespace mlir;

namespace rnn {

namespace {

class LowerToLoops : public PassWrapper<LowerToLoops, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToLoops)

  LowerToLoops() = default;
  explicit LowerToLoops(const CpuTarget &target) : target(target) {}
  LowerToLoops(const LowerToLoops &other)
      : PassWrapper(other), target(other.target) {}

  StringRef getArgument() const override { return "rnn-lower-to-loops"; }
  StringRef getDescription() const override {
    return "write kernels and entry points as loops over vectors";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect, LLVM::LLVMDialect>();
  }

  LogicalResult initialize(MLIRContext *context) override {
    std::string error;
    if (!target) {
      FailureOr<CpuTarget> named = CpuTarget::get(cpu, error);
      if (failed(named))
        return emitError(UnknownLoc::get(context), error);
      target = *named;
    }
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (Operation &op : *module.getBody())
      if (!isa<EntryOp>(op)) {
        op.emitError("cannot compile '")
            << op.getName() << "' for the CPU: expected rnn.entry ops";
        return signalPassFailure();
      }
    FailureOr<ModuleLayout> layout = ModuleLayout::get(module);
    if (failed(layout))
      return signalPassFailure();
    FailureOr<KernelCatalog> catalog = KernelCatalog::get(module);
    if (failed(catalog) || failed(checkWorkspaces(module)))
      return signalPassFailure();
    std::string text;
    llvm::raw_string_ostream(text)
        << describeModule(module, *target, *layout, *catalog);
    module->setAttr("rnn.descriptor", StringAttr::get(&getContext(), text));

    CpuKernels kernels(module, *target);
    ModuleEmitter emitter(module, *target, kernels, *layout, *catalog);
    SmallVector<EntryOp> entries(module.getOps<EntryOp>());
    SmallVector<std::string> symbols = entrySymbols(module);
    llvm::StringSet<> made;
    for (auto [entry, symbol] : llvm::zip(entries, symbols))
      if (made.insert(symbol).second &&
          failed(EntryEmitter(emitter, entry, symbol).emit()))
        return signalPassFailure();
    kernels.makeUpdate(layout->elementType);
    for (EntryOp entry : entries)
      entry.erase();
  }

private:
  std::optional<CpuTarget> target;
  Option<std::string> cpu{*this, "cpu",
                          llvm::cl::desc("the CPU to compile for"),
                          llvm::cl::init("native")};
};

} // namespace

std::unique_ptr<Pass> createLowerToLoopsPass(const CpuTarget &target) {
  return std::make_unique<LowerToLoops>(target);
}

void registerLowerToLoops() { PassRegistration<LowerToLoops>(); }

} // namespace rnn
