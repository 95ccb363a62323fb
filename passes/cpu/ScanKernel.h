// The kernel of a scan: a function of an array of arguments and a range of
// rows, time outermost, vectors along features innermost.
#ifndef RNN_PASSES_CPU_SCANKERNEL_H
#define RNN_PASSES_CPU_SCANKERNEL_H

#include "passes/cpu/ChunkCount.h"
#include "passes/cpu/RowEmitter.h"

namespace rnn {

/// One 8-byte element of the array that a kernel is called with.
struct LaunchArgument {
  enum Kind {
    Pointer,    // of `value`
    Stride,     // elements from row to row of `value`
    Time,       // time steps
    Rows,       // batch * time
    Key,        // of random numbers: seed + step * 0x9E3779B97F4A7C15
    TimeOffset, // absolute time of the first step
    Stream,     // of the dropout `op`: stream * 65536 + layer
    Chunks,     // of each batch row
    ChunkTime,  // time steps of a chunk
    Exchange,   // memory by which a team of blocks exchanges
  } kind;
  mlir::Value value;
  mlir::Operation *op = nullptr;

  bool isPointer() const { return kind == Pointer || kind == Exchange; }
};

/// The arguments of a scan's kernel, in an order that follows from the scan's
/// structure alone.
llvm::SmallVector<LaunchArgument> launchArguments(ScanOp scan,
                                                  const ScanSchedule &schedule);

/// What a kernel finds in its arguments.
struct ScanArguments {
  /// `argument(i, isPointer)` reads the one of that index.
  ScanArguments(ScanOp scan, const ScanSchedule &schedule,
                llvm::function_ref<mlir::Value(unsigned, bool)> argument);

  llvm::DenseMap<mlir::Value, Tensor> tensors; // captured, results
  llvm::SmallVector<Tensor> operands;
  KernelScalars scalars;
  ChunkCount chunks;
  mlir::Value exchange;
};

/// The time steps [from, to) that one item of a kernel's range goes through, in
/// the order in which it does, and its place among what there is one of per
/// batch row, or per chunk of one.
struct ScanItem {
  mlir::Value batch, row, from, to;
};
ScanItem scanItem(Emitter &e, ScanOp scan, const ScanArguments &arguments,
                  mlir::Value index);

/// Emits copies of the states' rows after the last step to where the last
/// states of row `row` go, of those that are wanted.
void copyLasts(
    RowEmitter &rows, ScanOp scan, ScanArguments &arguments, mlir::Value row,
    llvm::ArrayRef<mlir::Value> states,
    llvm::function_ref<bool(mlir::Value last)> isWanted = [](mlir::Value) {
      return true;
    });

/// What two scans must have in common to share a kernel.
std::string structuralKey(ScanOp scan, const ScanSchedule &schedule);

/// What a kernel's range counts: 1, batch rows, chunks of batch rows (with
/// `Chunks::alone` without the last of each), or rows of batch * time.
enum class Parallel { Single, Batch, Chunks, Rows };
Parallel parallelOf(ScanOp scan);

/// Makes an empty kernel `name(arguments, begin, end)` at the end of `module`;
/// `emitter` is placed before its return.
mlir::LLVM::LLVMFuncOp createKernel(Emitter &emitter, mlir::ModuleOp module,
                                    llvm::StringRef name,
                                    const CpuTarget &target);

/// Attributes that every function needs to be compiled for `target`.
void setTarget(mlir::LLVM::LLVMFuncOp function, const CpuTarget &target);

void emitScanKernel(ScanOp scan, const ScanSchedule &schedule,
                    mlir::ModuleOp module, llvm::StringRef name,
                    const CpuTarget &target);

} // namespace rnn

#endif // RNN_PASSES_CPU_SCANKERNEL_H
