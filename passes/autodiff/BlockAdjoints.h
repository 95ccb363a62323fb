// Reverse mode over a straight-line block.
//
// `BlockAdjoints` walks a block backwards and asks each op for its adjoint. Its
// three kinds differ in what becomes of values from outside the block: at the
// top of an entry these are parameters; in a layer of a repeat they are carried
// sums; in a step of a scan they are sums over time.
#ifndef RNN_PASSES_AUTODIFF_BLOCKADJOINTS_H
#define RNN_PASSES_AUTODIFF_BLOCKADJOINTS_H

#include "dialect/RNNDialect.h"

namespace rnn {

class BlockAdjoints : public Adjoints {
public:
  using Adjoints::Adjoints;

  /// Differentiates `block` backwards: builds the adjoint of each op that has a
  /// result with one. New ops go to the builder's insertion point.
  void differentiate(mlir::Block &block);

  /// The adjoint of `value`, zero if nothing depends on it.
  mlir::Value ofOrZero(mlir::Value value);
  /// Drops the adjoint of a value that is about to be erased.
  void forget(mlir::Value value) { sums.erase(value); }

  void addOuterSum(mlir::Value weight, mlir::Value lhs,
                   mlir::Value rhs) override;
  void addScatterSum(mlir::Value table, mlir::Value rows,
                     mlir::Value index) override;
  void addSum(mlir::Value value, mlir::Value contribution) override;

protected:
  /// A parameter's adjoint goes to its gradient at once.
  bool addOutside(mlir::Value value, mlir::Value contribution) override;
};

/// Builds the adjoint of `scan` and adds to those of its operands and of what
/// it captures. May replace `scan` by one with more outputs.
void differentiateScan(mlir::OpBuilder &builder, ScanOp scan,
                       BlockAdjoints &adjoints);
/// Likewise for a repeat.
void differentiateRepeat(mlir::OpBuilder &builder, RepeatOp repeat,
                         BlockAdjoints &adjoints);

} // namespace rnn

#endif // RNN_PASSES_AUTODIFF_BLOCKADJOINTS_H
