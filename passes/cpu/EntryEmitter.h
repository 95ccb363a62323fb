// Writes an entry point: `int32_t rnn_entry_N(const rnn_call *)`, which runs
// kernels and products one after the other on planned memory.
#ifndef RNN_PASSES_CPU_ENTRYEMITTER_H
#define RNN_PASSES_CPU_ENTRYEMITTER_H

#include "passes/cpu/ChunkCount.h"
#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/KernelCatalog.h"
#include "passes/cpu/KernelSet.h"
#include "passes/cpu/ModuleLayout.h"
#include "passes/cpu/PlanWorkspace.h"

#include "llvm/ADT/StringSet.h"

namespace rnn {

/// Kernels that are made when first asked for.
class ModuleEmitter {
public:
  ModuleEmitter(mlir::ModuleOp module, const CpuTarget &target,
                KernelSet &kernels, const ModuleLayout &layout,
                const KernelCatalog &catalog)
      : module(module), target(target), kernels(kernels), layout(layout),
        catalog(catalog) {}

  mlir::ModuleOp module;
  const CpuTarget &target; // of entry points
  KernelSet &kernels;
  const ModuleLayout &layout;
  const KernelCatalog &catalog;

  /// Makes the kernel `name` by `emit` unless it is there.
  void require(const std::string &name,
               llvm::function_ref<void(llvm::StringRef)> emit);

private:
  llvm::StringSet<> made;
};

class EntryEmitter {
public:
  EntryEmitter(ModuleEmitter &parent, EntryOp entry, llvm::StringRef symbol)
      : parent(parent), entry(entry), symbol(symbol),
        e(entry.getLoc(), entry.getContext()),
        plan(planWorkspace(entry, parent.catalog)) {}

  mlir::LogicalResult emit();

private:
  struct Layer {
    RepeatOp repeat;
    mlir::Value index, parity;
  };

  void emitPrologue();
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitRepeat(RepeatOp repeat);
  void emitScan(ScanOp scan);
  void emitPass(const OnePass &pass);
  void emitBlocked(ScanOp scan);
  /// What a kernel is called with.
  struct LaunchValues {
    llvm::SmallVector<mlir::Value> values, extents;
  };
  void addSink(mlir::Operation *sink, const BlockedShape &shape,
               LaunchValues &to);
  mlir::Value rowsOfBlockedItem(const BlockedShape &shape);
  Tensor partsOf(mlir::Operation *outer);
  Tensor resultOf(mlir::Operation *sink);
  /// A call in which the scan runs with its products; null for every call.
  mlir::Value isBlocked(ScanOp scan, const BlockedShape &shape);
  /// `then` in such calls, and `otherwise` in others, or of any other scan.
  void whetherBlocked(ScanOp scan, llvm::function_ref<void()> then,
                      llvm::function_ref<void()> otherwise);
  /// Adds what a scan's is.
  void addLaunchValues(ScanOp scan, LaunchValues &to);
  /// And a value's place.
  void addLaunchTensor(mlir::Value value, const Tensor &tensor,
                       LaunchValues &to);
  /// The memory by which a scan's blocks exchange, `count` rows of words being
  /// at zero.
  mlir::Value emptyExchange(ScanOp scan, mlir::Type word, int64_t width,
                            mlir::Value count);
  void emitMatmul(MatmulOp op);
  void emitOuterSum(OuterSumOp op);
  void emitSumBatch(SumBatchOp op);
  struct RowSum {
    bool mean = false, fresh = false, inPlace = false;
  };
  /// The sum of `count` rows of `width` elements.
  void sumRows(const Tensor &from, mlir::Value count, const Tensor &to,
               int64_t width, RowSum how, mlir::Value fromExtent = {},
               mlir::Value toExtent = {});
  void emitScatterSum(ScatterSumOp op);
  void emitTranspose(TransposeOp op);
  void emitPack(PackOp op);
  void emitCast(CastOp op);
  void emitAccumulate(AccumulateOp op);
  void emitState(StateOp op);
  mlir::LogicalResult emitBroadcast(BroadcastOp op);
  void emitAttention(mlir::Operation *op);
  void emitMatrixScan(mlir::Operation *op);

  void launch(llvm::StringRef kernel, mlir::Value count,
              llvm::ArrayRef<mlir::Value> arguments,
              llvm::ArrayRef<mlir::Value> extents = {});
  /// A kernel that is written by hand, with the time as its last argument.
  void launch(llvm::StringRef kernel, mlir::Value count,
              ArgumentList &arguments);
  ArgumentList argumentList();
  void multiply(const Product &product);
  /// Copies operands that could not be made where they must be.
  void copyOperands(mlir::MutableArrayRef<mlir::OpOperand> operands);
  /// Rows of `fromType` to where those of `toType` go, of the same shape.
  void copy(Tensor from, Tensor to, mlir::Type fromType, mlir::Type toType,
            bool accumulate);
  /// `count` rows of `width` elements.
  void copyRows(Tensor from, Tensor to, mlir::Type source, mlir::Type element,
                int64_t width, mlir::Value count, bool accumulate);

  mlir::Value extent(mlir::Value value, const Tensor &tensor);
  mlir::Value number();
  mlir::Value rowsOf(mlir::Type type);
  mlir::Value bytesOf(const SizePolynomial &size);
  Tensor tensorAt(const Storage &location, mlir::Type type);
  /// The operand, or the copy that was made of it.
  Tensor operandTensor(mlir::OpOperand &operand);
  mlir::Value constantRow(mlir::Type type, double value);
  /// Elements from the tensor's first copy to the one of the current layers.
  mlir::Value layerOffset(const NamedTensor &tensor);
  mlir::Value namedPointer(mlir::Value base, llvm::StringRef name, int64_t row,
                           int64_t rowSize);
  mlir::Value statePointer(mlir::Value base, llvm::StringRef name);
  /// The index of the current layer, of nested repeats all together.
  mlir::Value layerIndex();
  Tensor gradientOf(mlir::Operation *sum);
  mlir::FloatType elementOf(mlir::Value value) {
    return mlir::cast<mlir::FloatType>(
        mlir::getElementTypeOrSelf(value.getType()));
  }

  ModuleEmitter &parent;
  EntryOp entry;
  llvm::StringRef symbol;
  Emitter e;
  WorkspacePlan plan;

  llvm::DenseMap<mlir::Value, Tensor> tensors;
  llvm::SmallVector<Layer> layers;
  llvm::SmallVector<mlir::Value> slots, outputs;
  HostCalls calls;
  mlir::Value batch, time, rows, carry;
  ChunkCount chunks;
  mlir::Value parameters, gradients, statesIn, statesOut, key, timeOffset;
};

} // namespace rnn

#endif // RNN_PASSES_CPU_ENTRYEMITTER_H
