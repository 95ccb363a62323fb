// A value of a step as a function of one component's states, lane by lane: the
// rules by which `rnn-classify` finds what a recurrence is.
#ifndef RNN_PASSES_STATEFUNCTION_H
#define RNN_PASSES_STATEFUNCTION_H

#include "passes/StateGraph.h"

#include <optional>
#include <string>

namespace rnn {

/// With s the states, m a maximum or minimum (`pivot`) that cancels later, and
/// all other letters free of s:
struct StateFunction {
  enum Kind {
    Free,   // q
    Affine, // p s + q + r m
    Max,    // max(s + a, b)
    Min,    // min(s + a, b)
    ExpSum, // e^(r m) (P e^(l s) + ... + Q e^(h s)), no summand negative
    LogSum, // the logarithm of an ExpSum
    Other   // nothing of these
  };
  Kind kind = Free;
  /// The powers l <= h <= l + 1 of e^s in an ExpSum, or in e^value for the
  /// other kinds. A value s + q has (1, 1), one free of s (0, 0), and a choice
  /// of both (0, 1). Absent: p is not known, or there are several states.
  std::optional<std::pair<int, int>> powers = std::pair(0, 0);
  mlir::Value pivot;  // m, or null
  int pivotPower = 0; // r
  /// The op by which the value became more than p s + q; null if it is not.
  mlir::Operation *departure = nullptr;
};

/// Follows the states of one component through the ops of a step that their
/// next values need.
class StateFunctions {
public:
  StateFunctions(ScanOp scan, const StateGraph &graph,
                 llvm::ArrayRef<unsigned> states);

  StateFunction of(mlir::Value value) const { return known.lookup(value); }
  /// True if `value` depends on the states and their next values on it.
  bool isOnCycle(mlir::Value value) const { return known.contains(value); }

  /// The first op whose result is no such function, and why: "multiplies h by
  /// a matrix, which mixes its lanes". Null if there is none.
  mlir::Operation *refused = nullptr;
  std::string why;

private:
  StateFunction apply(mlir::Operation &op);
  StateFunction applyRule(mlir::Operation &op);
  StateFunction refuse(mlir::Operation &op, const llvm::Twine &why);
  StateFunction logAddExp(mlir::Operation &op);
  /// "h", or "c and h": the states that the operands depend on.
  std::string names(mlir::Operation &op);

  ScanOp scan;
  const StateGraph &graph;
  llvm::ArrayRef<unsigned> states;
  llvm::DenseMap<mlir::Value, StateFunction> known;
};

/// True if no element of `value`, as far as can be seen, is negative.
bool isNeverNegative(mlir::Value value);

/// "h", "c and h", "a, b and c".
std::string joinNames(llvm::ArrayRef<std::string> names);

} // namespace rnn

#endif // RNN_PASSES_STATEFUNCTION_H
