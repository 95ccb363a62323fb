// What a step does to one of its states, followed through the ops from the
// state to its next value, and written as values of a copy of the step.
#ifndef RNN_PASSES_FOLLOWED_H
#define RNN_PASSES_FOLLOWED_H

#include "dialect/RNNDialect.h"

#include "mlir/IR/IRMapping.h"

namespace rnn {

class Followed {
public:
  virtual ~Followed() = default;

  void set(mlir::Value original, mlir::Value followed) {
    known[original] = followed;
  }
  /// Null if `original` does not depend on the state.
  mlir::Value of(mlir::Value original) const { return known.lookup(original); }
  /// False if there is no rule for an op that depends on the state.
  bool follow(mlir::Operation &op);

protected:
  /// Writes at the end of a copied step, whose values `copies` tells.
  Followed(mlir::OpBuilder &body, const mlir::IRMapping &copies)
      : body(body), copies(copies) {}

  /// Of an op with an operand that depends on the state; null for none.
  virtual mlir::Value rule(mlir::Operation &op) = 0;
  mlir::Value at(mlir::Operation &op, unsigned i) {
    return of(op.getOperand(i));
  }
  mlir::Value copy(mlir::Operation &op, unsigned i) {
    return copies.lookupOrDefault(op.getOperand(i));
  }
  /// Of a choice between what depends on the state and what does not, for which
  /// `otherwise` stands.
  mlir::Value choose(mlir::Operation &select, double otherwise);
  /// Of ops that hand on their operand.
  mlir::Value handOn(mlir::Operation &op);

  mlir::OpBuilder &body;

private:
  const mlir::IRMapping &copies;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
};

/// The derivative of a step's values along one of the states that they are
/// affine in: what a state is multiplied by.
class Tangents : public Followed {
public:
  Tangents(mlir::OpBuilder &body, const mlir::IRMapping &copies)
      : Followed(body, copies) {}

protected:
  mlir::Value rule(mlir::Operation &op) override;
};

/// What is added to a state on its way through a step of max(s + a, b), or of
/// min: the step with `nothing`, the least or greatest number, for every b.
class Offsets : public Followed {
public:
  Offsets(mlir::OpBuilder &body, const mlir::IRMapping &copies, bool isMax,
          double nothing)
      : Followed(body, copies), isMax(isMax), nothing(nothing) {}

protected:
  mlir::Value rule(mlir::Operation &op) override;

private:
  bool isMax;
  double nothing;
};

} // namespace rnn

#endif // RNN_PASSES_FOLLOWED_H
