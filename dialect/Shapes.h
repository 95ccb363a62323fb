// The three kinds of tensors of a model - sequence, step and static - and the
// way from one to another.
#ifndef RNN_DIALECT_SHAPES_H
#define RNN_DIALECT_SHAPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace rnn {

enum class TensorKind { Static, Step, Sequence, Invalid };

/// tensor<?x?xF..> is a sequence, tensor<?xF..> a step, tensor<N..> static.
TensorKind getTensorKind(mlir::Type type);
inline bool isSequence(mlir::Type type) {
  return getTensorKind(type) == TensorKind::Sequence;
}
inline bool isStep(mlir::Type type) {
  return getTensorKind(type) == TensorKind::Step;
}
inline bool isStatic(mlir::Type type) {
  return getTensorKind(type) == TensorKind::Static;
}

/// True for a tensor of a generic cell, tensor<?x?xf32, "H">: its widths are
/// known when `rnn.apply` binds them, and verified then.
bool hasNamedWidth(mlir::Type type);
/// True if an operand or result of `op` has one.
bool hasNamedWidth(mlir::Operation *op);
/// What the encoding says of the last dynamic dimensions: for each, names and
/// numbers to be multiplied. "D,2*N" is {{"D"}, {"2", "N"}}.
llvm::SmallVector<llvm::SmallVector<llvm::StringRef, 2>>
getNamedWidths(mlir::Type type);

/// tensor<?x?xF> -> tensor<?xF>; a step stays one; tensor<F> -> tensor<?xF>.
mlir::RankedTensorType getStepType(mlir::Type type);
/// tensor<?xF> -> tensor<?x?xF>.
mlir::RankedTensorType getSequenceType(mlir::Type step);
/// tensor<?xF> -> tensor<F>.
mlir::RankedTensorType getStaticType(mlir::Type step);

/// The static dimensions after batch and time.
llvm::ArrayRef<int64_t> getFeatures(mlir::Type type);
/// Size of the last feature dimension; 1 if there is none.
int64_t getWidth(mlir::Type type);
/// The type with its last dimension replaced.
mlir::RankedTensorType withWidth(mlir::Type type, int64_t width);
/// The same kind and element type with other features.
mlir::RankedTensorType withFeatures(mlir::Type type,
                                    llvm::ArrayRef<int64_t> features);
/// The same kind and shape with another element type.
mlir::RankedTensorType withElementType(mlir::Type type, mlir::Type element);
/// The product of static dimensions; -1 if it exceeds 2^40 or one is negative.
int64_t getStaticSize(llvm::ArrayRef<int64_t> shape);

} // namespace rnn

#endif // RNN_DIALECT_SHAPES_H
