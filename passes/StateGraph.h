// Which states of a scan depend on which within one step, and in which order
// they can be solved.
#ifndef RNN_PASSES_STATEGRAPH_H
#define RNN_PASSES_STATEGRAPH_H

#include "dialect/RNNDialect.h"

#include "llvm/ADT/BitVector.h"

namespace rnn {

class StateGraph {
public:
  explicit StateGraph(ScanOp scan);

  /// States that depend on each other from step to step.
  struct Component {
    llvm::SmallVector<unsigned> states; // increasing
    /// False: one state whose next value does not depend on itself. It hands on
    /// what is known without it, a shift in time.
    bool isCycle;
  };
  /// Each comes after those that it reads.
  llvm::ArrayRef<Component> components() const { return sorted; }

  /// The states, as they are before the step, that `value` of the step is
  /// computed from.
  const llvm::BitVector &statesOf(mlir::Value value) const;

  /// States that are shifts of inputs, and of each other: what `next` values of
  /// theirs depend on is known for all time before the scan runs.
  llvm::BitVector delays();

private:
  ScanOp scan;
  llvm::SmallVector<Component> sorted;
  llvm::DenseMap<mlir::Value, llvm::BitVector> known;
  llvm::BitVector none;
};

/// Everything of the step that is computed from `source`: in the same step, or
/// in a later one by way of states that `passes` is true of.
llvm::DenseSet<mlir::Value>
dependents(ScanOp scan, mlir::Value source,
           llvm::function_ref<bool(unsigned state)> passes);

} // namespace rnn

#endif // RNN_PASSES_STATEGRAPH_H
