// What kernels that are written by hand have in common: how they get their
// arguments, and memory.
#ifndef RNN_PASSES_CPU_KERNELARGUMENTS_H
#define RNN_PASSES_CPU_KERNELARGUMENTS_H

#include "passes/cpu/RowEmitter.h"

namespace rnn {

/// A kernel's arguments, in the order in which ArgumentReader reads them.
class ArgumentList {
public:
  ArgumentList(Emitter &e, llvm::DenseMap<mlir::Value, Tensor> &tensors)
      : e(e), tensors(tensors) {}

  ArgumentList &add(mlir::ValueRange list);
  /// Of an absent value, or a result that nothing uses: a null pointer.
  ArgumentList &add(mlir::Value value);
  llvm::ArrayRef<mlir::Value> with(mlir::Value number) {
    values.push_back(number);
    return values;
  }

private:
  Emitter &e;
  llvm::DenseMap<mlir::Value, Tensor> &tensors;
  llvm::SmallVector<mlir::Value> values;
};

/// Reads a kernel's arguments one after the other.
class ArgumentReader {
public:
  ArgumentReader(Emitter &e, mlir::Value arguments)
      : e(e), arguments(arguments) {}
  mlir::Value number() {
    return e.field(arguments, 8 * next++, e.getI64Type());
  }
  Tensor tensor() {
    mlir::Value pointer = e.field(arguments, 8 * next++, e.pointer);
    return {pointer, number()};
  }

private:
  Emitter &e;
  mlir::Value arguments;
  unsigned next = 0;
};

/// Emits `then` or `otherwise` by a condition known when the kernel runs.
void emitIf(Emitter &e, mlir::Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = {});

/// Memory of the kernel's own, zero at first; to be called before any loop.
mlir::Value allocateZeros(Emitter &e, int64_t elements, mlir::Type type);

} // namespace rnn

#endif // RNN_PASSES_CPU_KERNELARGUMENTS_H
