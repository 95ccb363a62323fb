// Writes the code for one row of a scan's body: one batch row at one time.
#ifndef RNN_PASSES_CPU_ROWEMITTER_H
#define RNN_PASSES_CPU_ROWEMITTER_H

#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/Emitter.h"
#include "passes/cpu/ScanSchedule.h"

namespace rnn {

/// A tensor in memory: its first row, and elements from row to row.
struct Tensor {
  mlir::Value pointer, stride;
};

struct KernelScalars {
  mlir::Value time, rows, key, timeOffset;
  llvm::DenseMap<mlir::Operation *, mlir::Value> streams;
};

/// Which row is computed. `time` may be null if nothing needs it, `iteration`
/// counts the steps of a recurrence. `slot` is the row's place among those that
/// are computed together, null for one at a time.
struct RowIndex {
  mlir::Value row, batch, time, iteration, slot;
};

/// Where a nest of loops over features stands: the index of each loop but the
/// last, the first element of the last one's vector, and that element's place
/// in a whole row.
struct FeaturePosition {
  llvm::SmallVector<mlir::Value> outer;
  mlir::Value feature, flat;
};

class RowEmitter {
public:
  RowEmitter(Emitter &e, ScanOp scan, const ScanSchedule &schedule,
             const CpuTarget &target,
             llvm::DenseMap<mlir::Value, Tensor> &tensors,
             llvm::ArrayRef<Tensor> operands, KernelScalars &scalars);

  /// Rows of the kernel's own, to be called before any loop.
  void allocateScratch();
  /// Emits the body; returns the next states' rows.
  llvm::SmallVector<mlir::Value> emitRow(const RowIndex &index,
                                         mlir::ValueRange states);
  /// Emits the body for slots [0, count), `indexOf` saying which row one is.
  /// States are where the step before, or the initial state, left them.
  void emitRows(mlir::Value count,
                llvm::function_ref<RowIndex(mlir::Value slot)> indexOf);
  /// Where state `i` lies before the step that `index` says.
  mlir::Value stateRow(unsigned i, const RowIndex &index);
  /// Where the step number `iteration` leaves a state of NextState::Buffer.
  mlir::Value stateBuffer(unsigned i, mlir::Value iteration);
  /// From now on rows are emitted without what their next states need.
  void leaveStates() { keepsStates = false; }
  /// From now on elements are emitted without their outputs.
  void leaveOutputs() { keepsOutputs = false; }
  /// True if each element of a row can be computed by itself over all of time
  /// (SerialShape), if given with so many lanes; the functions below do that,
  /// with vectors of its lanes.
  bool isSerial(int64_t lanes = 0);
  /// Elements of such a row.
  int64_t elements() { return serial->elements; }
  /// What a step reads that no state reaches.
  using Loaded = llvm::DenseMap<mlir::Value, mlir::Value>;
  /// Emits the loads of the element `flat` of such a row's inputs, but of those
  /// that are `known`.
  Loaded loadInputs(const RowIndex &index, mlir::Value flat,
                    Loaded known = Loaded());
  /// How many numbers those are.
  int64_t numLoaded();
  /// Emits the body for that element, with its states as given; returns its
  /// next states.
  llvm::SmallVector<mlir::Value> emitElement(const RowIndex &index,
                                             mlir::ValueRange states,
                                             mlir::Value flat,
                                             const Loaded &loaded);
  /// What a round of products gives: of each of its gates, the thread's number.
  using RoundBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      unsigned round,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(unsigned input)>)>;
  /// From now on rows are those of this shape: the functions for elements above
  /// and below take their columns.
  void beginResident(const ResidentShape &shape);
  /// What is captured and does not change with time.
  Loaded loadCaptured(const RowIndex &index, mlir::Value column);
  /// Emits the body for a column; `round(i, parts)` emits a round, `parts`
  /// saying what the thread has of an input: a number for each `width` of it.
  /// Results are stored where `exists`. Returns the next states.
  llvm::SmallVector<mlir::Value>
  emitResident(const RowIndex &index, mlir::ValueRange states,
               mlir::Value column, mlir::Value exists, const Loaded &captured,
               RoundBody round);
  /// The element of a row of this type, as emitElement takes it, and its type.
  mlir::Value loadElement(mlir::Value row, mlir::Type type, mlir::Value flat);
  mlir::Type elementType(mlir::Type type);
  void storeElement(mlir::Value value, mlir::Value row, mlir::Type type,
                    mlir::Value flat);

  mlir::Value rowOf(const Tensor &tensor, mlir::Value row, mlir::Type element);
  void copyRow(mlir::Value from, mlir::Value to, mlir::Type element,
               int64_t width);

private:
  unsigned numInputs() {
    return scan.getInputs().size() + scan.getAhead().size();
  }
  std::pair<mlir::Value, Lanes> partOf(mlir::Value row, mlir::Type type,
                                       mlir::Value flat);
  mlir::Value computePart(mlir::Operation *op, mlir::ValueRange inputs,
                          mlir::Value flat);
  struct Reduction;
  const Scheduled &info(mlir::Value value) {
    return s.values.find(value)->second;
  }
  mlir::Type elementOf(mlir::Value value) {
    return mlir::getElementTypeOrSelf(value.getType());
  }
  bool isHere(mlir::Operation *op) {
    return op && op->getBlock() == scan.getStep();
  }

  void findRows(mlir::ValueRange states);
  void prefetchRows(mlir::Value argument, const Tensor &tensor);
  mlir::Value homeRow(mlir::Value value);
  mlir::Value rowAt(const RowHome &home, mlir::Value value);
  mlir::Value rowPointer(mlir::Value value);
  mlir::Value scalar(mlir::Value value);
  mlir::Value computeScalar(mlir::Operation *op);
  void emitScalars(int level);
  struct LoopWork;
  llvm::SmallVector<LoopShape> loopShapes();
  void emitLevel(int level, llvm::ArrayRef<LoopShape> shapes);
  void emitProduct(MatmulOp op, mlir::Value count);
  bool collect(int level, const LoopShape &shape, LoopWork &work);
  void prepare(const LoopWork &work);
  void emitLoop(int level, const LoopShape &shape);
  void emitInner(LoopWork &work, llvm::ArrayRef<mlir::Value> outer);
  using Local = llvm::DenseMap<mlir::Value, mlir::Value>;
  void computeBlock(LoopWork &work, const FeaturePosition &position,
                    Lanes lanes, Local &local);
  void emitBlock(LoopWork &work, unsigned way, const FeaturePosition &position,
                 Lanes lanes);
  FeaturePosition positionOf(const LoopShape &shape, mlir::Value flat);
  void emitOverThreads(LoopWork &work);
  void emitPartial(LoopWork &work, Reduction &reduction);
  void emitThreadProduct(MatmulOp op);
  mlir::Value vector(mlir::Value value,
                     llvm::DenseMap<mlir::Value, mlir::Value> &known,
                     const FeaturePosition &position, Lanes lanes);
  mlir::Value featureIndices(FeatureIndexOp op, const FeaturePosition &position,
                             int64_t lanes);
  mlir::Value elementAddress(mlir::Value row, mlir::Type wide,
                             mlir::Type narrow,
                             const FeaturePosition &position);
  void emitMatmul(MatmulOp op);
  void emitDotProducts(int64_t inner, int64_t outer, mlir::ValueRange x,
                       mlir::Value w, mlir::ValueRange y, mlir::Type element);
  void emitRowProduct(bool transposed, int64_t inner, int64_t outer,
                      mlir::Value x, mlir::Value w, mlir::Value y,
                      mlir::Type element);
  mlir::Value storeTarget(const Store &store);
  bool isKept(const Store &store) {
    return keepsStates || store.to.kind != RowHome::Next;
  }

  /// The op on scalars or vectors instead of tensors.
  mlir::Value clone(mlir::Operation *op, mlir::ValueRange operands,
                    mlir::Type type);
  mlir::Value dropout(DropoutOp op, mlir::Value input, mlir::Value feature,
                      int64_t lanes);

  Emitter &e;
  ScanOp scan;
  const ScanSchedule &s;
  int64_t mostLanes;
  bool hasManyRegisters; // 32 for vectors, not 16
  llvm::DenseMap<mlir::Value, Tensor> &tensors;
  llvm::ArrayRef<Tensor> operands;
  KernelScalars &scalars;

  /// Elements between what is read and what is asked for ahead.
  static constexpr int64_t prefetchDistance = 384;

  llvm::SmallVector<mlir::Value> scratch, stateRows;
  /// Of the rows of a product, for a schedule of `manyRows`.
  mlir::Value inputRows, resultRows;
  bool keepsStates = true, keepsOutputs = true;
  std::optional<SerialShape> serial;
  llvm::DenseMap<mlir::Value, mlir::Value> prefetch, totals;
  RowIndex at;
  llvm::DenseMap<mlir::Value, mlir::Value> rows, known;
};

} // namespace rnn

#endif // RNN_PASSES_CPU_ROWEMITTER_H
