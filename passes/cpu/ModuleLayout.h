// Where each parameter and each state lies in the flat buffers that the
// runtime hands to a module (docs/module-format.md).
#ifndef RNN_PASSES_CPU_MODULELAYOUT_H
#define RNN_PASSES_CPU_MODULELAYOUT_H

#include "dialect/RNNDialect.h"

#include "llvm/ADT/MapVector.h"

namespace rnn {

/// The `rnn.repeat` ops around `op`, outermost first.
llvm::SmallVector<RepeatOp> enclosingRepeats(mlir::Operation *op);

/// A parameter or state. `*` in its name stands for the index of an enclosing
/// repeat; the elements of all layers lie one after the other.
struct NamedTensor {
  std::string name;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> counts; // of the repeats that `*` stand for
  int64_t offset = 0;                // elements, of layer 0
  int64_t size = 0;                  // elements from one layer to the next
  std::string init;
  double scale = 0;
  std::optional<double> high; // of uniform(low, high)
  bool decay = true;

  int64_t copies() const;
  /// The name with the indices of the given copy in place of `*`.
  std::string nameOf(int64_t copy) const;
};

using NamedTensors = llvm::MapVector<mlir::StringRef, NamedTensor>;

struct ModuleLayout {
  mlir::FloatType elementType;
  NamedTensors parameters; // offsets are multiples of 16 elements
  int64_t parameterCount = 0;
  struct States {
    NamedTensors tensors;
    int64_t count = 0; // elements a batch row
  };
  llvm::DenseMap<mlir::Operation *, States> states; // of each entry

  /// Fails with an error where two ops disagree about a name.
  static llvm::FailureOr<ModuleLayout> get(mlir::ModuleOp module);
};

} // namespace rnn

#endif // RNN_PASSES_CPU_MODULELAYOUT_H
