// What kernels that are written by hand have in common: how they get their
// arguments, and memory.
#ifndef RNN_PASSES_CPU_KERNELARGUMENTS_H
#define RNN_PASSES_CPU_KERNELARGUMENTS_H

#include "passes/cpu/RowEmitter.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>

namespace rnn {

/// Bytes from the first of `rows` rows of `width` elements to the end of the
/// last: an extent of rnn_launch.
mlir::Value extentOf(Emitter &e, const Tensor &tensor, mlir::Value rows,
                     mlir::Value width, mlir::Type element);

/// A kernel's arguments, in the order in which ArgumentReader reads them, and
/// their extents.
class ArgumentList {
public:
  /// `extent` gives that of a value at its place; null where nobody looks.
  using Extent = std::function<mlir::Value(mlir::Value, const Tensor &)>;
  ArgumentList(Emitter &e, llvm::DenseMap<mlir::Value, Tensor> &tensors,
               Extent extent)
      : e(e), tensors(tensors), extent(std::move(extent)) {}

  ArgumentList &add(mlir::ValueRange list);
  /// Of an absent value, or a result that nothing uses: a null pointer.
  ArgumentList &add(mlir::Value value);
  /// Of a table that has no rows, of so many bytes.
  ArgumentList &addAddress(mlir::Value address, int64_t bytes);
  ArgumentList &addNumber(mlir::Value number);

  llvm::SmallVector<mlir::Value> values, extents;

private:
  void add(const Tensor &tensor, mlir::Value bytes);

  Emitter &e;
  llvm::DenseMap<mlir::Value, Tensor> &tensors;
  Extent extent;
};

/// Reads a kernel's arguments one after the other.
class ArgumentReader {
public:
  /// `read(i, isPointer)` gives the one of that index.
  using Read = llvm::function_ref<mlir::Value(unsigned, bool)>;
  explicit ArgumentReader(Read read) : read(read) {}
  mlir::Value number() { return read(next++, /*isPointer=*/false); }
  Tensor tensor() {
    mlir::Value pointer = read(next++, /*isPointer=*/true);
    return {pointer, number()};
  }

private:
  Read read;
  unsigned next = 0;
};

/// A kernel that is being written by hand.
struct KernelFrame {
  Emitter &e;
  mlir::ModuleOp module;
  const CpuTarget &target; // of a CPU
  ArgumentReader read;
  /// Emits its body for each item of its range.
  llvm::function_ref<void(llvm::function_ref<void(mlir::Value item)>)> forItems;
};

/// Memory of the kernel's own, to be called before any loop; zero at first,
/// but on a GPU, where rows have no columns to pad them.
mlir::Value allocateZeros(Emitter &e, int64_t elements, mlir::Type type);

} // namespace rnn

#endif // RNN_PASSES_CPU_KERNELARGUMENTS_H
