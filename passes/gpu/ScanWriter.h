// Writes a scan as what one thread, or one block of threads, of a GPU does.
#ifndef RNN_PASSES_GPU_SCANWRITER_H
#define RNN_PASSES_GPU_SCANWRITER_H

#include "passes/cpu/ScanKernel.h"

namespace rnn {

class ResidentProduct;

class ScanWriter {
public:
  ScanWriter(Emitter &e, ScanOp scan, const ScanSchedule &schedule,
             const CpuTarget &host, ScanArguments &arguments)
      : e(e), scan(scan), schedule(schedule), arguments(arguments),
        rows(e, scan, schedule, host, arguments.tensors, arguments.operands,
             arguments.scalars) {}

  RowEmitter &emitter() { return rows; }

  /// One element, `place`, of an item of a scan that is serial.
  void emitElement(mlir::Value item, mlir::Value place);
  /// The same over the time of `steps`.
  void emitSteps(const ScanItem &steps, mlir::Value place);
  /// A whole item, by all threads of the block.
  void emitRows(mlir::Value item);
  /// All batch rows, by teams of blocks, each of which has `batch` / teams rows
  /// or `rows` at a time.
  void emitResident(mlir::Value batch);

  /// The states that an item starts with.
  llvm::SmallVector<mlir::Value> loadInitial(const ScanItem &steps,
                                             mlir::Value place);
  /// What is known of the inputs of a step, and need not be loaded.
  using KnownInputs =
      llvm::function_ref<RowEmitter::Loaded(mlir::Value iteration)>;
  /// Takes the states of one element through the time of `steps`.
  llvm::SmallVector<mlir::Value>
  goThrough(const ScanItem &steps, llvm::SmallVector<mlir::Value> states,
            mlir::Value place, KnownInputs known = nullptr);
  /// Those after all steps, to where they are asked for.
  void storeLasts(const ScanItem &steps, mlir::ValueRange states,
                  mlir::Value place);
  RowIndex indexOf(const ScanItem &steps, mlir::Value iteration);

private:
  void emitResidentRows(ResidentProduct &product);
  int64_t stepsTogether();
  llvm::SmallVector<mlir::Value> emitSteps(llvm::ArrayRef<RowIndex> indices,
                                           mlir::ValueRange states,
                                           mlir::Value place,
                                           KnownInputs known = nullptr);
  bool hasTime();
  bool leavesStates();
  mlir::Value endOf(const ScanItem &steps);
  RowIndex rowOf(mlir::Value row);
  mlir::Value initialRow(unsigned i, const ScanItem &steps);
  void copy(unsigned i, mlir::Value from, mlir::Value to);
  void forLasts(const ScanItem &steps,
                llvm::function_ref<void(unsigned, mlir::Value)> body);

  Emitter &e;
  ScanOp scan;
  const ScanSchedule &schedule;
  ScanArguments &arguments;
  RowEmitter rows;
};

} // namespace rnn

#endif // RNN_PASSES_GPU_SCANWRITER_H
