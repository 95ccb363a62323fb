// Along which features the values of a step vary: a value that is repeated
// along some can be had without the repetition.
#ifndef RNN_PASSES_VARIATION_H
#define RNN_PASSES_VARIATION_H

#include "dialect/RNNDialect.h"

namespace rnn {

/// A set of feature dimensions.
using Dimensions = unsigned;

inline Dimensions bit(unsigned dimension) { return 1u << dimension; }

/// All dimensions in which a value of this type can vary.
Dimensions wideDimensions(mlir::Type type);

class Variation {
public:
  explicit Variation(ScanOp scan) : scan(scan) {}

  /// The dimensions in which a value may vary, broadcasts being looked through.
  Dimensions of(mlir::Value value) { return find(value, maxDepth); }

  /// `value`, a step, with the features of `type`: those of `value`, but 1
  /// where it does not vary, and any number where it has 1. What is built goes
  /// to the end of the step, or before the scan: a repeated input becomes one
  /// more input, without the repetition.
  mlir::Value as(mlir::Type type, mlir::Value value);

private:
  Dimensions find(mlir::Value value, unsigned depth);
  Dimensions compute(mlir::Value value, unsigned depth);
  mlir::Value narrow(mlir::Value value, Dimensions without);
  mlir::Value build(mlir::Value value, Dimensions without);

  /// How far a value is followed through the ops that compute it.
  static constexpr unsigned maxDepth = 32;

  ScanOp scan;
  llvm::DenseMap<mlir::Value, Dimensions> known;
  llvm::DenseMap<std::pair<mlir::Value, Dimensions>, mlir::Value> built;
};

} // namespace rnn

#endif // RNN_PASSES_VARIATION_H
