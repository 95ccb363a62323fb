// The adjoints of values while a block is differentiated in reverse.
#ifndef RNN_DIALECT_ADJOINTS_H
#define RNN_DIALECT_ADJOINTS_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace rnn {

/// Maps a value of the primal to the sum of the contributions to its adjoint.
/// What becomes of a contribution to a value from outside the block, such as a
/// captured weight, is for the pass to say: it derives from this class.
class Adjoints {
public:
  explicit Adjoints(mlir::OpBuilder &builder) : builder(builder) {}
  virtual ~Adjoints() = default;

  /// The adjoint of `value`; null if nothing depends on it.
  mlir::Value of(mlir::Value value);

  /// Adds `contribution`, of the type of `value`, to the adjoint of `value`.
  /// Integers have no adjoint.
  void add(mlir::Value value, mlir::Value contribution);

  /// Adds a contribution to the features of `value` from `offset` on. Slices
  /// that fill the value are put side by side, not padded and summed.
  void addSlice(mlir::Value value, int64_t offset, mlir::Value contribution);

  /// Adds the gradient of a captured weight of `input * weight`: a sum of
  /// outer products of rows, lhs to be the weight's first dimension.
  virtual void addOuterSum(mlir::Value weight, mlir::Value lhs,
                           mlir::Value rhs) = 0;
  /// Adds the gradient of a captured table: rows at an index.
  virtual void addScatterSum(mlir::Value table, mlir::Value rows,
                             mlir::Value index) = 0;
  /// Adds to the adjoint of a step or static tensor a contribution that has
  /// one more leading dimension, to be summed over it.
  virtual void addSum(mlir::Value value, mlir::Value contribution) = 0;

protected:
  /// Called instead of summing if it returns true: `value` is from outside.
  virtual bool addOutside(mlir::Value value, mlir::Value contribution) {
    (void)value, (void)contribution;
    return false;
  }

  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, mlir::Value> sums;

private:
  struct Piece {
    int64_t offset;
    mlir::Value value;
  };
  llvm::DenseMap<mlir::Value, llvm::SmallVector<Piece>> pieces;
};

} // namespace rnn

#endif // RNN_DIALECT_ADJOINTS_H
