// The values of a step as functions of one component's states: which op does
// what to a StateFunction.
#ifndef RNN_PASSES_STATEFUNCTIONS_H
#define RNN_PASSES_STATEFUNCTIONS_H

#include "passes/StateFunction.h"
#include "passes/StateGraph.h"

#include <string>

namespace rnn {

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

/// "h", "c and h", "a, b and c".
std::string joinNames(llvm::ArrayRef<std::string> names);

} // namespace rnn

#endif // RNN_PASSES_STATEFUNCTIONS_H
