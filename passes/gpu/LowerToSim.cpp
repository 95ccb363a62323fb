// `rnn-lower-to-sim`: kernels of a GPU become code for a CPU, which the
// simulator runs once for each thread (runtime/module_abi.h, rnn_sim_kernel).
//
// Every access to memory is told to the simulator first, with the line of the
// model that it comes from, and goes where the simulator says.
#include "passes/cpu/Emitter.h"
#include "passes/cpu/ScanKernel.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/Passes.h"
#include "runtime/module_abi.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

namespace {

class SimWriter {
public:
  SimWriter(ModuleOp module, LLVM::LLVMFuncOp kernel,
            llvm::StringMap<std::string> &places)
      : module(module), kernel(kernel), places(places),
        e(kernel.getLoc(), module.getContext()) {}

  LogicalResult run() {
    beginFunction();
    SmallVector<Operation *> ops;
    kernel.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      e.setInsertionPoint(op);
      e.setLoc(op->getLoc());
      if (failed(lower(op)))
        return failure();
    }
    AttrTypeReplacer spaces;
    spaces.addReplacement([](LLVM::LLVMPointerType type) -> Type {
      return LLVM::LLVMPointerType::get(type.getContext());
    });
    spaces.recursivelyReplaceElementsIn(kernel, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
    return success();
  }

private:
  /// From the kernel's own arguments to `(thread, arguments)`.
  void beginFunction() {
    Block &entry = kernel.getBody().front();
    unsigned count = entry.getNumArguments();
    thread = entry.addArgument(e.pointer, kernel.getLoc());
    Value array = entry.addArgument(e.pointer, kernel.getLoc());
    e.setInsertionPointToStart(&entry);
    for (unsigned i = 0; i < count; ++i) {
      Type type = entry.getArgument(i).getType();
      Value value = e.field(array, i * 8, type);
      entry.getArgument(i).replaceAllUsesWith(value);
      own.insert(value.getDefiningOp());
    }
    entry.eraseArguments(0, count);
    kernel.setFunctionType(LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(e.getContext()), {e.pointer, e.pointer}));
    kernel->removeAttr("arg_attrs");
    calls = own_(e.field(thread, offsetof(rnn_sim_thread, calls), e.pointer));
  }

  /// A load of the simulator's own, which is not told to it.
  Value own_(Value value) {
    own.insert(value.getDefiningOp());
    return value;
  }

  Value word(int64_t value) {
    return arith::ConstantIntOp::create(e, value, 32);
  }

  Value call(size_t offset, Type result, ArrayRef<Value> arguments) {
    Value function = own_(e.field(calls, offset, e.pointer));
    SmallVector<Type> types;
    SmallVector<Value> operands{function};
    for (Value argument : arguments) {
      types.push_back(argument.getType());
      operands.push_back(argument);
    }
    auto type = LLVM::LLVMFunctionType::get(
        result ? result : LLVM::LLVMVoidType::get(e.getContext()), types);
    auto op = LLVM::CallOp::create(e, type, operands);
    return result ? op.getResult() : Value();
  }

  /// "char-lm.mlir:7", of the line that the op comes from.
  Value place(Operation *op) {
    std::string text = "?";
    op->getLoc()->walk([&](Location loc) {
      auto file = dyn_cast<FileLineColLoc>(loc);
      if (!file)
        return WalkResult::advance();
      text = (llvm::sys::path::filename(file.getFilename().getValue()) + ":" +
              Twine(file.getLine()))
                 .str();
      return WalkResult::interrupt();
    });
    auto [it, isNew] =
        places.try_emplace(text, "place_" + std::to_string(places.size()));
    if (isNew) {
      OpBuilder::InsertionGuard guard(e);
      e.setInsertionPointToStart(module.getBody());
      LLVM::GlobalOp::create(
          e, LLVM::LLVMArrayType::get(e.getI8Type(), text.size() + 1),
          /*isConstant=*/true, LLVM::Linkage::Internal, it->second,
          e.getStringAttr(StringRef(text.c_str(), text.size() + 1)));
    }
    return LLVM::AddressOfOp::create(e, e.pointer, it->second);
  }

  /// Where the bytes of an access are.
  Value access(Operation *op, rnn_sim_access kind, Value address, Type type,
               std::optional<uint64_t> alignment) {
    unsigned space =
        cast<LLVM::LLVMPointerType>(address.getType()).getAddressSpace();
    int64_t bytes =
        llvm::divideCeil(getElementTypeOrSelf(type).getIntOrFloatBitWidth(), 8);
    if (auto vector = dyn_cast<VectorType>(type))
      bytes *= vector.getNumElements();
    if (isa<LLVM::LLVMPointerType>(type))
      bytes = 8;
    Value number = LLVM::PtrToIntOp::create(e, e.getI64Type(), address);
    return call(offsetof(rnn_sim_calls, access), e.pointer,
                {thread, word(kind),
                 word(space == sharedSpace ? RNN_SIM_SHARED : RNN_SIM_GLOBAL),
                 number, word(bytes), word(alignment.value_or(bytes)),
                 place(op)});
  }

  /// Threads of the simulator take turns, so that an access that the simulator
  /// knows to be atomic need not be so for the CPU.
  template <typename Op>
  FailureOr<rnn_sim_access> kindOf(Op op, LLVM::AtomicOrdering allowed,
                                   rnn_sim_access plain,
                                   rnn_sim_access atomic) {
    if (op.getOrdering() == LLVM::AtomicOrdering::not_atomic)
      return plain;
    if (op.getOrdering() != allowed)
      return op.emitError("'")
             << op->getName() << "' of order '"
             << LLVM::stringifyAtomicOrdering(op.getOrdering())
             << "' has no simulated form";
    op.setOrdering(LLVM::AtomicOrdering::not_atomic);
    op.removeSyncscopeAttr();
    return atomic;
  }

  LogicalResult lower(Operation *op) {
    if (own.contains(op))
      return success();
    if (auto load = dyn_cast<LLVM::LoadOp>(op)) {
      auto kind = kindOf(load, LLVM::AtomicOrdering::acquire, RNN_SIM_LOAD,
                         RNN_SIM_ACQUIRE);
      if (failed(kind))
        return failure();
      Value at = access(op, *kind, load.getAddr(), load.getType(),
                        load.getAlignment());
      load.getAddrMutable().assign(at);
    } else if (auto store = dyn_cast<LLVM::StoreOp>(op)) {
      auto kind = kindOf(store, LLVM::AtomicOrdering::release, RNN_SIM_STORE,
                         RNN_SIM_RELEASE);
      if (failed(kind))
        return failure();
      Value at = access(op, *kind, store.getAddr(), store.getValue().getType(),
                        store.getAlignment());
      store.getAddrMutable().assign(at);
    } else if (auto update = dyn_cast<LLVM::AtomicRMWOp>(op)) {
      // More order than the GPU gives: LLVM's NVPTX backend makes every
      // atomicrmw a relaxed one. So only a ticket may come from it; data
      // passes from thread to thread by loads and stores of a flag.
      Value at = access(op, RNN_SIM_UPDATE, update.getPtr(), update.getType(),
                        update.getAlignment());
      update.getPtrMutable().assign(at);
      update.removeSyncscopeAttr();
    } else if (isa<NVVM::NanosleepOp>(op)) {
      call(offsetof(rnn_sim_calls, poll), {}, {thread, place(op)});
      op->erase();
    } else if (isa<NVVM::GridDimXOp>(op)) {
      Value blocks = own_(
          e.field(thread, offsetof(rnn_sim_thread, blocks), e.getI64Type()));
      op->getResult(0).replaceAllUsesWith(
          Value(arith::TruncIOp::create(e, e.getI32Type(), blocks)));
      op->erase();
    } else if (isa<NVVM::Barrier0Op>(op)) {
      call(offsetof(rnn_sim_calls, barrier), {}, {thread, place(op)});
      op->erase();
    } else if (auto copy = dyn_cast<NVVM::CpAsyncOp>(op)) {
      auto address = [&](Value pointer) -> Value {
        return LLVM::PtrToIntOp::create(e, e.getI64Type(), pointer);
      };
      Value given = copy.getCpSize();
      if (!given)
        given = word(copy.getSize());
      call(offsetof(rnn_sim_calls, copy), {},
           {thread, address(copy.getDst()), address(copy.getSrc()),
            word(copy.getSize()), given, place(op)});
      op->erase();
    } else if (isa<NVVM::CpAsyncCommitGroupOp>(op)) {
      call(offsetof(rnn_sim_calls, commit), {}, {thread});
      op->erase();
    } else if (auto wait = dyn_cast<NVVM::CpAsyncWaitGroupOp>(op)) {
      call(offsetof(rnn_sim_calls, wait), {}, {thread, word(wait.getN())});
      op->erase();
    } else if (auto fragments = dyn_cast<NVVM::LdMatrixOp>(op)) {
      loadFragments(fragments);
    } else if (auto shuffle = dyn_cast<NVVM::ShflOp>(op)) {
      Type type = shuffle.getVal().getType();
      Value bits = shuffle.getVal();
      if (!type.isInteger(32))
        bits = arith::BitcastOp::create(e, e.getI32Type(), bits);
      bits = arith::ExtUIOp::create(e, e.getI64Type(), bits);
      Value result = call(offsetof(rnn_sim_calls, shuffle), e.getI64Type(),
                          {thread, bits, word(RNN_SHUFFLE_XOR),
                           shuffle.getOffset(), place(op)});
      result = arith::TruncIOp::create(e, e.getI32Type(), result);
      if (!type.isInteger(32))
        result = arith::BitcastOp::create(e, type, result);
      shuffle.getRes().replaceAllUsesWith(result);
      op->erase();
    } else if (auto vote = dyn_cast<NVVM::VoteSyncOp>(op)) {
      if (vote.getKind() != NVVM::VoteSyncKind::ballot)
        return op->emitError("'nvvm.vote.sync' other than ballot has no "
                             "simulated form");
      Value bit = arith::ExtUIOp::create(e, e.getI64Type(), vote.getPred());
      Value result =
          call(offsetof(rnn_sim_calls, shuffle), e.getI64Type(),
               {thread, bit, word(RNN_SHUFFLE_BALLOT), word(0), place(op)});
      vote.getRes().replaceAllUsesWith(
          Value(arith::TruncIOp::create(e, e.getI32Type(), result)));
      op->erase();
    } else if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op)) {
      return approximate(call);
    } else if (auto product = dyn_cast<NVVM::MmaOp>(op)) {
      multiply(product);
    } else if (auto convert = dyn_cast<NVVM::ConvertFloatToTF32Op>(op)) {
      convert.getRes().replaceAllUsesWith(roundToTf32(convert.getSrc()));
      op->erase();
    } else if (isa<NVVM::ThreadIdXOp>(op)) {
      op->getResult(0).replaceAllUsesWith(own_(
          e.field(thread, offsetof(rnn_sim_thread, thread), e.getI32Type())));
      op->erase();
    } else if (isa<NVVM::BlockIdXOp>(op)) {
      Value block = own_(
          e.field(thread, offsetof(rnn_sim_thread, block), e.getI64Type()));
      op->getResult(0).replaceAllUsesWith(
          Value(arith::TruncIOp::create(e, e.getI32Type(), block)));
      op->erase();
    } else if (auto address = dyn_cast<LLVM::AddressOfOp>(op);
               address && address.getGlobalName() == sharedMemory) {
      // Addresses of shared memory are offsets.
      address.getResult().replaceAllUsesWith(
          Value(LLVM::ZeroOp::create(e, address.getType())));
      op->erase();
    } else if (auto gep = dyn_cast<LLVM::GEPOp>(op)) {
      // A null pointer is not within anything.
      gep.setNoWrapFlags(LLVM::GEPNoWrapFlags::none);
    } else if (isa<NVVM::NVVMDialect>(op->getDialect()) ||
               isa<LLVM::MaskedLoadOp, LLVM::MaskedStoreOp,
                   LLVM::AtomicCmpXchgOp, LLVM::FenceOp>(op)) {
      return op->emitError("'") << op->getName() << "' has no simulated form";
    }
    return success();
  }

  LogicalResult approximate(LLVM::CallIntrinsicOp instruction) {
    std::optional<rnn_sim_function> function =
        llvm::StringSwitch<std::optional<rnn_sim_function>>(
            instruction.getIntrin())
            .Case("llvm.nvvm.ex2.approx.ftz", RNN_SIM_EX2)
            .Case("llvm.nvvm.lg2.approx.f", RNN_SIM_LG2)
            .Case("llvm.nvvm.sqrt.approx.f", RNN_SIM_SQRT)
            .Case("llvm.nvvm.rsqrt.approx.f", RNN_SIM_RSQRT)
            .Case("llvm.nvvm.div.full", RNN_SIM_DIV)
            .Default(std::nullopt);
    if (!function)
      return instruction.emitError("'")
             << instruction.getIntrin() << "' has no simulated form";
    ValueRange operands = instruction.getArgs();
    Value result = call(offsetof(rnn_sim_calls, approximate), e.getF32Type(),
                        {word(*function), operands.front(), operands.back()});
    instruction.getResult(0).replaceAllUsesWith(result);
    instruction.erase();
    return success();
  }

  /// Memory for the words that a lane has of a warp's work.
  void needWords() {
    if (words)
      return;
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(&kernel.getBody().front());
    words = LLVM::AllocaOp::create(e, e.pointer, e.getI32Type(),
                                   e.index(wordsOfProduct), 16);
  }

  /// The first `count` words from `from` on, as a struct of this type.
  Value wordsAs(Type type, Type word, int64_t from, int64_t count) {
    Value result = LLVM::PoisonOp::create(e, type);
    for (int64_t i = 0; i < count; ++i)
      result = LLVM::InsertValueOp::create(
          e, result, e.field(words, (from + i) * 4, word), i);
    return result;
  }

  /// Matrices that a warp loads from shared memory.
  void loadFragments(NVVM::LdMatrixOp load) {
    needWords();
    Value row = LLVM::PtrToIntOp::create(e, e.getI64Type(), load.getPtr());
    call(offsetof(rnn_sim_calls, fragments), {},
         {thread, row, word(load.getNum()),
          word(load.getLayout() == NVVM::MMALayout::col), words, place(load)});
    Type type = load.getType(), one = e.getI32Type();
    load.replaceAllUsesWith(load.getNum() == 1
                                ? e.field(words, 0, one)
                                : wordsAs(type, one, 0, load.getNum()));
    load.erase();
  }

  /// A product by the lanes of a warp, whose words go through memory.
  void multiply(NVVM::MmaOp product) {
    constexpr int64_t firstSum = 6;
    needWords();
    for (auto [i, word] : llvm::enumerate(product.getOperands()))
      e.setField(words, i * 4, word);
    auto factor = *product.getMultiplicandAPtxType() == NVVM::MMATypes::bf16
                      ? RNN_SIM_BF16
                      : RNN_SIM_TF32;
    call(offsetof(rnn_sim_calls, multiply), {},
         {thread, word(factor), words, place(product)});
    product.replaceAllUsesWith(wordsAs(product.getType(), e.getF32Type(),
                                       firstSum, wordsOfProduct - firstSum));
    product.erase();
  }

  /// cvt.rna.tf32.f32: to 10 bits of fraction, the nearest, ties away from 0.
  Value roundToTf32(Value number) {
    Value bits = arith::BitcastOp::create(e, e.getI32Type(), number);
    Value up = arith::AddIOp::create(e, bits, word(0x1000));
    Value rounded = arith::AndIOp::create(e, up, word(~0x1FFF));
    // Infinity and NaN stay what they are.
    Value isFinite =
        arith::CmpFOp::create(e, arith::CmpFPredicate::OLT,
                              math::AbsFOp::create(e, number).getResult(),
                              e.number(e.getF32Type(), INFINITY));
    return e.select(isFinite, rounded, bits);
  }

  static constexpr int64_t wordsOfProduct = 10;

  ModuleOp module;
  LLVM::LLVMFuncOp kernel;
  llvm::StringMap<std::string> &places;
  Emitter e;
  Value thread, calls;
  Value words; // of a lane in a product
  DenseSet<Operation *> own;
};

class LowerToSim : public PassWrapper<LowerToSim, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerToSim)

  LowerToSim() = default;
  explicit LowerToSim(const CpuTarget &target) : target(target) {}
  LowerToSim(const LowerToSim &other)
      : PassWrapper(other), target(other.target) {}

  StringRef getArgument() const override { return "rnn-lower-to-sim"; }
  StringRef getDescription() const override {
    return "turn kernels of a GPU into code that the simulated GPU runs";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::StringMap<std::string> places;
    SmallVector<LLVM::LLVMFuncOp> kernels;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function->hasAttr(kernelAttribute))
        kernels.push_back(function);
    for (LLVM::LLVMFuncOp kernel : kernels) {
      if (failed(SimWriter(module, kernel, places).run()))
        return signalPassFailure();
      kernel->removeAttr(kernelAttribute);
      kernel.setLinkage(LLVM::Linkage::Internal);
      if (target)
        setTarget(kernel, *target);
    }
    if (Operation *shared = module.lookupSymbol(sharedMemory))
      shared->erase();
    if (!kernels.empty())
      addTable(module);
  }

private:
  /// `rnn_sim_kernels`, by index.
  void addTable(ModuleOp module) {
    Emitter e(module.getLoc(), module.getContext());
    auto names = module->getAttrOfType<ArrayAttr>("rnn.kernels");
    auto type = LLVM::LLVMArrayType::get(e.pointer, names.size());
    e.setInsertionPointToEnd(module.getBody());
    auto table = LLVM::GlobalOp::create(e, type, /*isConstant=*/true,
                                        LLVM::Linkage::External,
                                        "rnn_sim_kernels", Attribute());
    e.createBlock(&table.getInitializerRegion());
    Value array = LLVM::UndefOp::create(e, type);
    for (auto [i, name] : llvm::enumerate(names)) {
      Value address = LLVM::AddressOfOp::create(
          e, e.pointer, cast<StringAttr>(name).getValue());
      array = LLVM::InsertValueOp::create(e, array, address, int64_t(i));
    }
    LLVM::ReturnOp::create(e, array);
  }

  std::optional<CpuTarget> target;
};

} // namespace

std::unique_ptr<Pass> createLowerToSimPass(const CpuTarget &target) {
  return std::make_unique<LowerToSim>(target);
}

void registerApproximateMath();
void registerLowerToPtx();

void registerGpuPasses() {
  registerApproximateMath();
  PassRegistration<LowerToSim>();
  registerLowerToPtx();
}

} // namespace rnn
